"""`mlflow/face_expression_model.py`, the file that travels inside a registered pair."""

from __future__ import annotations

import ast
import base64
import importlib.util
import struct
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest

from cnn.labels import EXPRESSIONS
from pair.find import FaceExpressions, PairParams

CODE = Path(__file__).parents[2] / "mlflow" / "face_expression_model.py"
PARAMS = PairParams(min_neighbors=2)
POINT = {**PARAMS.as_dict(), "max_size": 0}

pytestmark = pytest.mark.mlflow


@pytest.fixture(scope="module")
def module() -> Any:
    spec = importlib.util.spec_from_file_location("face_expression_model", CODE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # importing mlflow.pyfunc warns of its own type hints
        spec.loader.exec_module(module)
    return module


def load(module: Any, cascade: Path, network: Path, config: dict[str, Any] | None = None) -> Any:
    model = module.FaceExpressionModel()
    artifacts = {"cascade": str(cascade), "network": str(network)}
    model.load_context(SimpleNamespace(artifacts=artifacts, model_config=config))
    return model


@pytest.fixture(scope="module")
def model(module: Any, cascade: Path, network: Path) -> Any:
    return load(module, cascade, network)


@pytest.fixture(scope="module")
def text(pair_scene: np.ndarray) -> str:
    return base64.b64encode(cv2.imencode(".png", pair_scene)[1].tobytes()).decode()


def test_the_file_stands_alone() -> None:
    nodes = list(ast.walk(ast.parse(CODE.read_text())))
    names = {alias.name.split(".")[0] for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module).split(".")[0] for node in nodes if isinstance(node, ast.ImportFrom)}
    standard = {
        "__future__",
        "base64",
        "binascii",
        "collections",
        "contextlib",
        "pathlib",
        "struct",
        "threading",
        "typing",
    }
    assert names == {*standard, "typing", "cv2", "mlflow", "numpy", "pandas"}


def test_it_answers_as_the_library_does(
    model: Any, module: Any, cascade: Path, network: Path, pair_scene: np.ndarray
) -> None:
    assert module.EXPRESSIONS == EXPRESSIONS
    rng = np.random.default_rng(3)
    for shift in ((0, 0), (-25, -35), (40, 30)):
        image = np.roll(pair_scene, shift[::-1], (0, 1)) // 2 + rng.integers(0, 60, pair_scene.shape, dtype=np.uint8)
        faces = FaceExpressions(cascade, network, PARAMS).find(image)
        table = model.predict(image, POINT)
        assert [tuple(row) for row in table[["x", "y", "width", "height"]].to_numpy().tolist()] == [
            f.box for f in faces
        ]
        assert table["expression"].tolist() == [face.expression for face in faces]
        assert np.allclose(table[list(EXPRESSIONS)].to_numpy(), [face.probabilities for face in faces], atol=1e-6)


def test_every_form_of_a_picture_gives_the_same(model: Any, pair_scene: np.ndarray, text: str) -> None:
    expected = model.predict(pair_scene, POINT)
    assert sorted(expected["expression"]) == ["Happy", "Neutral"]
    colour = cv2.cvtColor(pair_scene, cv2.COLOR_GRAY2BGR)
    forms = (text, [text], np.array([text]), pd.DataFrame({"image": [text]}), {"image": [text]}, colour, [pair_scene])
    for form in (*forms, pair_scene[None], pair_scene.tolist(), pair_scene.astype(np.int64)):
        pd.testing.assert_frame_equal(model.predict(form, POINT), expected)


def test_pictures_of_different_sizes_are_numbered(model: Any, pair_scene: np.ndarray) -> None:
    small = np.zeros((30, 30), np.uint8)
    table = model.predict([small, pair_scene, small, pair_scene], POINT)
    assert table["image"].tolist() == [1, 1, 3, 3]


def test_no_face_gives_an_empty_table_with_all_columns(model: Any) -> None:
    table = model.predict(np.zeros((30, 30), np.uint8), POINT)
    assert table.empty
    assert list(table.columns)[-5:] == list(EXPRESSIONS)


def test_a_path_is_read_only_where_whoever_loads_the_model_allows_it(
    module: Any, model: Any, cascade: Path, network: Path, pair_scene: np.ndarray, tmp_path: Path
) -> None:
    path = tmp_path / "scene.png"
    cv2.imwrite(str(path), pair_scene)
    with pytest.raises(ValueError, match="must be base64 text of a PNG or JPEG file"):
        model.predict(str(path), POINT)
    with pytest.raises(ValueError, match="Paths are not allowed"):
        model.predict(path, POINT)
    allowed = load(module, cascade, network, {"allow_paths": True})
    for form in (path, str(path), pd.DataFrame({"image": [str(path)]})):
        pd.testing.assert_frame_equal(allowed.predict(form, POINT), model.predict(pair_scene, POINT))


def bomb() -> bytes:
    """A small PNG that claims 60,000 x 60,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("not base64!", "Picture 0 must be base64 text"),
        ("/etc/passwd", "Picture 0 must be"),
        (base64.b64encode(b"text").decode(), "Picture 0 must be a PNG or JPEG file"),
        (base64.b64encode(bomb()).decode(), "at most 25,000,000 pixels. Got 60000x60000"),
        (base64.b64encode(b"\x89PNG\r\n\x1a\n" + struct.pack(">IIII", 13, 1, 9, 9)).decode(), "does not decode"),
        ("A" * 30_000_000, "at most 20,000,000 bytes"),
        (np.zeros((9, 9)), "must be whole numbers of 0 to 255"),
        (np.full((9, 9), 300), "must have numbers of 0 to 255. Got 300 to 300"),
        (np.zeros((65, 9, 9), np.uint8), "At most 64 pictures in one call. Got 65"),
        (pd.DataFrame({"a": ["x"], "b": ["y"]}), "must have the column `image`. Got a, b"),
        ([None], "Picture 0 must be an array or base64 text. Got NoneType"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_is_no_picture_is_refused(model: Any, given: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        model.predict(given, POINT)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"scale_factor": 1.0}, "`scale_factor` must be 1.01 to 4.0. Got 1.0"),
        ({"crop_scale": 9}, "`crop_scale` must be"),
    ],
)
def test_parameters_are_bounded(model: Any, pair_scene: np.ndarray, change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        model.predict(pair_scene, {**POINT, **change})


def test_missing_parameters_are_named(model: Any, pair_scene: np.ndarray) -> None:
    with pytest.raises(ValueError, match="must give crop_down, crop_scale"):
        model.predict(pair_scene, {n: v for n, v in POINT.items() if not n.startswith("crop")})


def test_threads_that_share_a_model_get_what_each_alone_gets(model: Any, pair_scene: np.ndarray) -> None:
    scenes = [np.roll(pair_scene, shift, 1) for shift in range(0, 60, 10)]
    alone = [model.predict(scene, POINT) for scene in scenes]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda scene: model.predict(scene, POINT), scenes * 3))
    for got, expected in zip(together, alone * 3, strict=True):
        pd.testing.assert_frame_equal(got, expected)


def test_a_broken_cascade_is_refused(module: Any, network: Path, tmp_path: Path) -> None:
    (tmp_path / "cascade.xml").write_text("<opencv_storage></opencv_storage>")
    with pytest.raises(RuntimeError, match="is no cascade that OpenCV"):
        load(module, tmp_path / "cascade.xml", network)


def test_a_broken_network_is_refused(module: Any, cascade: Path, tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"damaged")
    with pytest.raises(RuntimeError, match="is no network that OpenCV"):
        load(module, cascade, tmp_path / "model.onnx")
