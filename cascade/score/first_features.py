"""The features of a cascade's first stages, drawn on the mean of what it was trained to find."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cascade.model import CascadeModel, Feature, Rectangle
from cascade.pictures import load_grey
from cascade.score.scenes import Scene
from cascade.vec.file import inspect, read_vec

_MOST_CROPS, _AT_ONCE = 1000, 4096


@dataclass(frozen=True)
class Shape:
    """A part of a feature as a polygon in the window's pixels; `light` where bright pixels raise its value."""

    points: tuple[tuple[float, float], ...]
    light: bool


@dataclass(frozen=True)
class DrawnFeature:
    """A feature of stage `stage` (the first is 1), the `number`-th that is evaluated there."""

    stage: int
    number: int
    shapes: tuple[Shape, ...]


def mean_of_samples(vec: Path, model: CascadeModel) -> NDArray[np.uint8]:
    """The mean of a .vec file's samples, shape (height, width).

    Raises
    ------
    InputError
        The file is broken, empty of samples, or of another window than the cascade.
    """
    total, count = np.zeros((model.height, model.width)), inspect(vec).count
    for start in range(0, count, _AT_ONCE):
        total += read_vec(vec, model.width, model.height, start, start + _AT_ONCE).sum(axis=0, dtype=np.float64)
    return (total / max(count, 1)).astype(np.uint8)


def mean_of_objects(scenes: Sequence[Scene], model: CascadeModel) -> NDArray[np.uint8] | None:
    """The mean of the scenes' true boxes, each with its contrast stretched, at most 1000; None where there are none."""
    crops: list[NDArray[np.float64]] = []
    for scene in scenes:
        if len(boxes := scene.matched.truth[: _MOST_CROPS - len(crops)]):
            image = load_grey(scene.picture)
            crops += [_crop(image, box, (model.width, model.height)) for box in boxes.tolist()]
    if not crops:
        return None
    mean = np.mean(crops, axis=0)
    return np.asarray(np.clip(128 + 60 * mean, 0, 255).astype(np.uint8))


def first_features(model: CascadeModel, stages: int = 3, each: int = 6) -> list[DrawnFeature]:
    """The first `each` features of the first `stages` stages, in the order in which they are evaluated."""
    drawn = []
    for number, stage in enumerate(model.stages[:stages], start=1):
        nodes = [node for weak in stage.weak_classifiers for node in weak.nodes][:each]
        for place, node in enumerate(nodes, start=1):
            drawn.append(
                DrawnFeature(number, place, _shapes(model.features[node.feature], model.feature_type == "LBP"))
            )
    return drawn


def _crop(image: NDArray[np.uint8], box: Sequence[int], size: tuple[int, int]) -> NDArray[np.float64]:
    """The box at the window's size, of mean 0 and deviation 1; what lies outside the picture repeats its edge."""
    x, y, width, height = box
    columns = np.clip(np.linspace(x, x + width - 1, min(width, 256)).astype(int), 0, image.shape[1] - 1)
    rows = np.clip(np.linspace(y, y + height - 1, min(height, 256)).astype(int), 0, image.shape[0] - 1)
    crop = cv2.resize(image[np.ix_(rows, columns)], size, interpolation=cv2.INTER_AREA).astype(np.float64)
    return np.asarray((crop - crop.mean()) / max(float(crop.std()), 1.0))


def _shapes(feature: Feature, is_lbp: bool) -> tuple[Shape, ...]:
    if is_lbp:
        return tuple(_cell(feature.rectangles[0], row, column) for row in range(3) for column in range(3))
    return tuple(Shape(_corners(one, feature.tilted), one.weight > 0) for one in feature.rectangles)


def _cell(one: Rectangle, row: int, column: int) -> Shape:
    """A cell of an LBP feature: the middle one, which the others are compared with, is the light one."""
    at = Rectangle(one.x + column * one.width, one.y + row * one.height, one.width, one.height)
    return Shape(_corners(at, False), row == column == 1)


def _corners(one: Rectangle, tilted: bool) -> tuple[tuple[float, float], ...]:
    x, y, width, height = one.x, one.y, one.width, one.height
    if tilted:
        return (x, y), (x + width, y + width), (x + width - height, y + width + height), (x - height, y + height)
    return (x, y), (x + width, y), (x + width, y + height), (x, y + height)
