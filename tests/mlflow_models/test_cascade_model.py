"""`mlflow/cascade_model.py`, the file that travels inside a registered cascade."""

from __future__ import annotations

import ast
import importlib.util
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from cascade.detect import Detector, DetectParams

ROOT = Path(__file__).parents[2]
CODE = ROOT / "mlflow" / "cascade_model.py"
STUMP = ROOT / "tests" / "tasks" / "stump_cascade.xml"
POINT = {"scale_factor": 1.2, "min_neighbors": 2, "min_size": 24, "max_size": 0}

pytestmark = pytest.mark.mlflow


@pytest.fixture(scope="module")
def model() -> Any:
    spec = importlib.util.spec_from_file_location("cascade_model", CODE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # importing mlflow.pyfunc warns of its own type hints
        spec.loader.exec_module(module)
    loaded = module.CascadeModel()
    loaded.load_context(SimpleNamespace(artifacts={"cascade": str(STUMP)}))
    return loaded


@pytest.fixture(scope="module")
def scene() -> np.ndarray:
    image = np.random.default_rng(0).integers(0, 40, (90, 120), dtype=np.uint8)
    image[20:32, 20:32] = 200
    image[50:70, 80:100] = 230
    return image


def test_the_file_stands_alone() -> None:
    nodes = list(ast.walk(ast.parse(CODE.read_text())))
    names = {alias.name.split(".")[0] for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module).split(".")[0] for node in nodes if isinstance(node, ast.ImportFrom)}
    assert names == {"__future__", "contextlib", "threading", "typing", "cv2", "mlflow", "numpy"}


def test_threads_that_share_a_model_get_what_each_alone_gets(model: Any) -> None:
    scenes = [np.random.default_rng(number).integers(0, 40, (480 - 60 * number, 640), np.uint8) for number in range(6)]
    for number, each in enumerate(scenes):
        each[20 + 8 * number :, 30 + 80 * number :][:40, :40] = 220
    alone = [model.predict(each, POINT) for each in scenes]
    assert len({rows.tobytes() for rows in alone}) == len(scenes)
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda each: model.predict(each, POINT), scenes * 20))
    for rows, expected in zip(found, alone * 20, strict=True):
        np.testing.assert_array_equal(rows, expected)


def test_an_opencv_without_the_classifier_names_the_wheel_that_has_it(
    model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(cv2, "CascadeClassifier")
    with pytest.raises(RuntimeError, match=r"has no `CascadeClassifier`.*pip install opencv-contrib-python-headless"):
        type(model)().load_context(SimpleNamespace(artifacts={"cascade": str(STUMP)}))


@pytest.mark.parametrize("change", [{}, {"min_neighbors": 0}, {"max_size": 30}, {"scale_factor": 1.05, "min_size": 30}])
def test_finds_what_the_detector_finds_in_its_order(model: Any, scene: np.ndarray, change: dict[str, float]) -> None:
    point = POINT | change
    boxes, scores = Detector(STUMP, DetectParams(**{**point, "max_size": point["max_size"] or None})).detect(scene)
    rows = model.predict(scene, point)
    assert rows.dtype == np.float64
    np.testing.assert_array_equal(rows, np.column_stack([boxes, scores]))
    assert len(rows) > 0


@pytest.mark.parametrize("shape", [(90, 120), (5, 5)])
def test_nothing_found_is_no_rows(model: Any, shape: tuple[int, int]) -> None:
    assert model.predict(np.zeros(shape, np.uint8), POINT).shape == (0, 5)


@pytest.mark.parametrize("image", [np.zeros((9, 9, 3), np.uint8), np.zeros((9, 9)), np.zeros((0, 9), np.uint8)])
def test_other_pictures_are_refused(model: Any, image: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"must be greyscale uint8 of shape \(height, width\)"):
        model.predict(image, POINT)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scale_factor": 1.0}, r"`scale_factor` must be greater than 1\. Got 1\.0"),
        ({"scale_factor": float("nan")}, "`scale_factor` must be greater than 1"),
        ({"min_neighbors": -1}, r"`min_neighbors` must be at least 0\. Got -1"),
        ({"max_size": -1}, "`max_size` must be at least 0"),
    ],
)
def test_an_operating_point_out_of_bounds_is_refused(
    model: Any, scene: np.ndarray, change: dict[str, float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        model.predict(scene, POINT | change)


def test_a_missing_part_of_the_operating_point_is_named(model: Any, scene: np.ndarray) -> None:
    with pytest.raises(ValueError, match="`params` must give max_size, min_neighbors, min_size, scale_factor"):
        model.predict(scene)


def test_a_file_that_is_no_cascade_is_refused(model: Any, tmp_path: Path) -> None:
    (tmp_path / "no.xml").write_text('<?xml version="1.0"?>\n<opencv_storage>\n</opencv_storage>\n')
    with pytest.raises(RuntimeError, match=r"no\.xml is no cascade that OpenCV"):
        type(model)().load_context(SimpleNamespace(artifacts={"cascade": str(tmp_path / "no.xml")}))
