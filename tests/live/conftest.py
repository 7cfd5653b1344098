"""Bright squares for faces: a cascade that finds them, a network that reads how bright they are, and films of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import cv2
import numpy as np
import pytest

from live.engine import Engine, LiveParams
from pair.find import FaceExpressions, PairParams

os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

STUMP = Path(__file__).parents[1] / "tasks" / "stump_cascade.xml"
"""Fires where the middle of a 20x20 window is brighter than the whole."""

Square = tuple[float, float, int, str]
"""Left, top, side in pixels, and the expression."""

Draw = Callable[..., np.ndarray]
"""From squares to a picture, (height, width, 3)."""

LEVELS = {"Happy": 230, "Sad": 190, "Surprise": 150, "Angry": 110, "Neutral": 80}
"""How bright a square is that shows an expression."""


@pytest.fixture(scope="session")
def draw() -> Draw:
    """A function that draws squares, each (left, top, side, expression), on dark noise."""

    def draw_scene(*squares: Square, size: tuple[int, int] = (480, 640), seed: int = 0) -> np.ndarray:
        image = np.random.default_rng(seed).integers(0, 24, (*size, 1), dtype=np.uint8).repeat(3, axis=2)
        for left, top, side, expression in squares:
            corners = (round(left), round(top)), (round(left) + side - 1, round(top) + side - 1)
            cv2.rectangle(image, *corners, (LEVELS[expression],) * 3, cv2.FILLED)
        return image

    return draw_scene


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An ONNX network of the pair's kind: the mean level of a face says which of `LEVELS` it is nearest to."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    path = tmp_path_factory.mktemp("network") / "model.onnx"
    # softmax(-(m - l)^2 / w) = softmax((2 m l - l^2) / w), since m^2 is the same for all
    levels, width = np.array(list(LEVELS.values()), np.float32), 200.0
    constants = {"slope": (2 * levels / width)[None], "shift": -(levels**2) / width, "axes": np.array([1, 2, 3])}
    nodes = [
        helper.make_node("ReduceMean", ["faces", "axes"], ["mean"], keepdims=0),
        helper.make_node("Unsqueeze", ["mean", "last"], ["column"]),
        helper.make_node("MatMul", ["column", "slope"], ["scaled"]),
        helper.make_node("Add", ["scaled", "shift"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
    ]
    constants["last"] = np.array([1])
    graph = helper.make_graph(
        nodes,
        "levels",
        [helper.make_tensor_value_info("faces", TensorProto.FLOAT, ["n", 48, 48, 1])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", 5])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8), path)
    return path


@pytest.fixture(scope="session")
def faces(network: Path) -> FaceExpressions:
    """The pair; its crop is the middle of a square, so that the level is the square's own."""
    return FaceExpressions(STUMP, network, PairParams(crop_scale=0.5, min_neighbors=2, max_size=90))


@pytest.fixture(scope="session")
def drawn_face_cascade() -> Path:
    """A weak cascade, trained on drawn people.

    Eight stages of Haar features, learnt in 5 s from what `facefoundry sample-data` draws: 130 samples of 20x20 and 260
    negatives a stage, `--max-false-alarm-rate 0.4 --mode BASIC`.
    """
    return Path(__file__).parent / "drawn_cascade.xml"


@pytest.fixture
def new_engine(faces: FaceExpressions) -> Callable[..., Engine]:
    """A function that makes an engine, of parameters by name."""
    return lambda **params: Engine(STUMP, faces, LiveParams(**params))


@pytest.fixture
def write_film(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes a film of images and gives its path."""

    def write(images: Iterable[np.ndarray], name: str = "film.avi", rate: float = 25.0, code: str = "MJPG") -> Path:
        path, writer = tmp_path / name, None
        for image in images:
            size = (image.shape[1], image.shape[0])
            writer = writer or cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*code), rate, size)
            writer.write(image)
        assert writer is not None
        writer.release()
        return path

    return write
