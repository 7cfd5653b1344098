"""A cascade that finds bright squares, an ONNX network that names them by their brightness, and labelled scenes."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

STUMP = Path(__file__).parents[1] / "tasks" / "stump_cascade.xml"
"""Fires where the middle of a 20x20 window is brighter than the whole."""

BRIGHT = {"Happy": 250, "Neutral": 120}
"""What the network names Happy is brighter than 180 in its middle; all else is Neutral."""


@pytest.fixture(scope="session")
def cascade() -> Path:
    return STUMP


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Happy where the middle of the face is bright, as a network of one layer."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    weights = np.zeros((48, 48, 5), np.float32)
    weights[20:28, 20:28, 0] = 1 / 64 / 10
    constants = {
        "w": weights.reshape(-1, 5),
        "b": np.array([-18, -50, -50, -50, 0], np.float32),
        "s": np.array([-1, 2304]),
    }
    graph = helper.make_graph(
        [
            helper.make_node("Reshape", ["face", "s"], ["flat"]),
            helper.make_node("Gemm", ["flat", "w", "b"], ["logits"]),
            helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
        ],
        "brightness",
        [helper.make_tensor_value_info("face", TensorProto.FLOAT, ["batch", 48, 48, 1])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", 5])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    path = tmp_path_factory.mktemp("network") / "model.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


@pytest.fixture(scope="session")
def scene() -> np.ndarray:
    """A bright square and a grey one on dark noise, (120, 200) uint8."""
    return draw({(30, 40, 40, 40): "Happy", (130, 40, 40, 40): "Neutral"})


def draw(faces: dict[tuple[int, int, int, int], str]) -> np.ndarray:
    image = np.random.default_rng(0).integers(0, 20, (120, 200), dtype=np.uint8)
    for (x, y, width, height), expression in faces.items():
        inner = width // 4, height // 4
        image[y + inner[1] : y + height - inner[1], x + inner[0] : x + width - inner[0]] = BRIGHT[expression]
    return image


@pytest.fixture(scope="session")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six scenes: two faces right, one wrongly named, one missed, a false alarm, nothing, a label beyond the five."""
    folder = tmp_path_factory.mktemp("labelled")
    left, right = (30, 40, 40, 40), (130, 40, 40, 40)
    rows: list[tuple[Any, ...]] = []

    def scene_of(
        name: str, drawn: dict[tuple[int, int, int, int], str], labels: dict[tuple[int, int, int, int], str]
    ) -> None:
        cv2.imwrite(str(folder / name), draw(drawn))
        rows.extend((name, *box, label, 0) for box, label in labels.items())
        if not labels:
            rows.append((name, "", "", "", "", "", ""))

    scene_of("right.png", {left: "Happy", right: "Neutral"}, {left: "happiness", right: "NEUTRAL"})
    scene_of("wrong.png", {left: "Happy"}, {left: "Sad"})
    scene_of("missed.png", {}, {left: "Angry"})
    scene_of("alarm.png", {left: "Happy"}, {})
    scene_of("nothing.png", {}, {})
    scene_of("fear.png", {left: "Happy", right: "Happy"}, {left: "fear", right: "joy"})
    with (folder / "labels.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([("path", "x", "y", "width", "height", "label", "ignored"), *rows])
    return folder
