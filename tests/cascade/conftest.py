"""A cascade written by hand that finds bright squares on dark ground, and scenes to find them in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from cascade.model import (
    CascadeModel,
    Feature,
    FeatureType,
    Node,
    Rectangle,
    Stage,
    TrainingParameters,
    WeakClassifier,
)

Box = tuple[int, int, int, int]

SQUARE_CASCADE = """<?xml version="1.0"?>
<opencv_storage>
<cascade>
  <stageType>BOOST</stageType>
  <featureType>HAAR</featureType>
  <height>24</height>
  <width>24</width>
  <stageParams><boostType>GAB</boostType><maxWeakCount>1</maxWeakCount></stageParams>
  <featureParams><maxCatCount>0</maxCatCount><featSize>1</featSize><mode>BASIC</mode></featureParams>
  <stageNum>1</stageNum>
  <stages>
    <_>
      <maxWeakCount>1</maxWeakCount>
      <stageThreshold>0.</stageThreshold>
      <weakClassifiers>
        <_>
          <internalNodes>0 -1 0 1.3</internalNodes>
          <leafValues>-1. 1.</leafValues></_></weakClassifiers></_></stages>
  <features>
    <_>
      <rects>
        <_>0 0 24 24 -1.</_>
        <_>6 6 12 12 4.</_></rects>
      <tilted>0</tilted></_></features></cascade>
</opencv_storage>
"""
"""One stump: four times the middle of the window less all of it; a square that fills the middle gives 432 / 221."""


@pytest.fixture
def square_text() -> str:
    return SQUARE_CASCADE


@pytest.fixture
def square_cascade(tmp_path: Path) -> Path:
    path = tmp_path / "cascade.xml"
    path.write_text(SQUARE_CASCADE, encoding="ascii")
    return path


@pytest.fixture
def draw_squares() -> Callable[..., NDArray[np.uint8]]:
    """`draw_squares(width, height, boxes)`: for each box, the bright square that the cascade finds as that box."""
    return _draw_squares


@pytest.fixture
def write_scenes() -> Callable[..., Path]:
    """`write_scenes(folder, scenes)`: writes pictures and an info file from `name -> (image or None, boxes)`."""
    return _write_scenes


@pytest.fixture
def random_model() -> Callable[..., CascadeModel]:
    """`random_model(seed, feature_type, max_nodes)`: a valid cascade of four stages, half of its features tilted."""
    return _random_model


def _draw_squares(width: int, height: int, boxes: Iterable[Box]) -> NDArray[np.uint8]:
    image = np.full((height, width), 20, np.uint8)
    for x, y, w, h in boxes:
        image[y + h // 4 : y + h - h // 4, x + w // 4 : x + w - w // 4] = 230
    return image


def _write_scenes(folder: Path, scenes: dict[str, tuple[NDArray[np.uint8] | None, list[Box]]]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for name, (image, boxes) in scenes.items():
        if image is not None:
            assert cv2.imwrite(str(folder / name), image)
        lines.append(" ".join(map(str, [name, len(boxes), *(number for box in boxes for number in box)])))
    info = folder / "info.lst"
    info.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return info


def _random_model(seed: int, feature_type: FeatureType = "HAAR", max_nodes: int = 1) -> CascadeModel:
    rng = np.random.default_rng(seed)
    width, height = (int(side) for side in rng.integers(12, 20, 2))
    make = _random_lbp if feature_type == "LBP" else _random_haar
    features = tuple(make(rng, width, height) for _ in range(20))
    stages = tuple(
        Stage(
            float(np.float32(rng.uniform(-0.8, 0.2))),
            tuple(_random_tree(rng, feature_type, int(rng.integers(1, max_nodes + 1))) for _ in range(1 + number)),
        )
        for number in range(4)
    )
    training = TrainingParameters(boost_type="GAB", min_hit_rate=0.995, max_depth=int(rng.integers(1, 4)))
    return CascadeModel(feature_type, width, height, stages, features, training)


def _random_tree(rng: np.random.Generator, feature_type: FeatureType, nodes: int) -> WeakClassifier:
    """Every node after the first hangs below an earlier one."""
    children: list[list[int | None]] = [[None, None]]
    for number in range(1, nodes):
        above, side = rng.choice([(n, s) for n, pair in enumerate(children) for s in (0, 1) if pair[s] is None])
        children[above][side] = number
        children.append([None, None])
    leaf = iter(range(nodes + 1))
    pairs = [[-next(leaf) if child is None else child for child in pair] for pair in children]
    return WeakClassifier(
        tuple(_random_node(rng, feature_type, *pair) for pair in pairs),
        tuple(float(value) for value in rng.uniform(-1, 1, nodes + 1).astype(np.float32)),
    )


def _random_node(rng: np.random.Generator, feature_type: FeatureType, left: int, right: int) -> Node:
    feature = int(rng.integers(20))
    if feature_type == "LBP":
        return Node(left, right, feature, None, tuple(int(word) for word in rng.integers(-(2**31), 2**31, 8)))
    return Node(left, right, feature, float(np.float32(rng.normal(0, 0.03))))


def _random_haar(rng: np.random.Generator, width: int, height: int) -> Feature:
    if rng.random() < 0.5:
        across, down = 2 * int(rng.integers(1, width // 4)), int(rng.integers(1, height // 4))
        x, y = int(rng.integers(down, width - across + 1)), int(rng.integers(0, height - across - down + 1))
        return Feature((Rectangle(x, y, across, down, -1.0), Rectangle(x, y, across // 2, down, 2.0)), tilted=True)
    across, down = 2 * int(rng.integers(1, width // 2 + 1)), 2 * int(rng.integers(1, height // 2 + 1))
    x, y = int(rng.integers(0, width - across + 1)), int(rng.integers(0, height - down + 1))
    half = Rectangle(x, y, across // 2, down // 2, 2.0)
    other = Rectangle(x + across // 2, y + down // 2, across // 2, down // 2, 2.0)
    return Feature((Rectangle(x, y, across, down, -1.0), half, other))


def _random_lbp(rng: np.random.Generator, width: int, height: int) -> Feature:
    across, down = int(rng.integers(1, width // 3 + 1)), int(rng.integers(1, height // 3 + 1))
    x, y = int(rng.integers(0, width - 3 * across + 1)), int(rng.integers(0, height - 3 * down + 1))
    return Feature((Rectangle(x, y, across, down),))
