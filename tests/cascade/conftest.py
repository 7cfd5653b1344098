"""A cascade written by hand that finds bright squares on dark ground, and scenes to find them in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

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
