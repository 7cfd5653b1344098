"""What each stage rejects, and what a window costs, on scenes searched as OpenCV searches them.

The pyramid, the step (2 pixels, 1 where the picture is at least halved), the walk, which leaves out the window after
one that the first stage rejected, and the stripes for threads, which lose the last row of some levels, are those of
``CascadeClassifierImpl`` in OpenCV's objdetect.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from pathlib import Path

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from cascade.detect import DetectParams
from cascade.model import CascadeModel, read_cascade
from cascade.model.windows import trace_picture
from cascade.pictures import load_grey
from cascade.score.scenes import Scene

_FINE_FROM, _STRIPE = 2.0, 32


@dataclass(frozen=True)
class StageRow:
    """One stage: the windows that `reached` it, their `share` of all, and the share of them that it `rejected`."""

    stage: int
    weak_classifiers: int
    reached: int
    share: float
    rejected: float | None


@dataclass(frozen=True)
class StageTrace:
    """How far the windows of some scenes came.

    `reached` has one number more than there are stages: the windows that came to each stage, and those accepted.
    `features` is the sum of the features that were evaluated on all of them, `weak_classifiers` counts by stage.
    """

    scenes: int
    windows: int
    reached: tuple[int, ...]
    features: int
    weak_classifiers: tuple[int, ...]

    @property
    def features_per_window(self) -> float | None:
        """The mean cost of a window; None where there is no window."""
        return self.features / self.windows if self.windows else None

    def rows(self) -> list[StageRow]:
        """The stages as a table, the first is number 1."""
        return [
            StageRow(
                stage,
                self.weak_classifiers[stage - 1],
                before,
                before / self.windows if self.windows else 0.0,
                1 - after / before if before else None,
            )
            for stage, (before, after) in enumerate(pairwise(self.reached), start=1)
        ]


@dataclass(frozen=True)
class Level:
    """One level of the pyramid: `scale` times the cascade's window on the picture, which is resized to `size`.

    Windows begin every `step` pixels, in all columns and in the first `rows` rows of them.
    """

    scale: float
    size: tuple[int, int]
    step: int
    rows: int


def trace_scenes(cascade: Path, scenes: Sequence[Scene], params: DetectParams, megapixels: float) -> StageTrace | None:
    """Follow every window of some scenes, evenly chosen, of about so many megapixels in all.

    Returns None where `megapixels` is 0.
    """
    pixels = sum(scene.width * scene.height for scene in scenes)
    if megapixels <= 0 or not pixels:
        return None
    model = read_cascade(cascade)
    chosen = scenes[:: max(1, int(np.ceil(pixels / (megapixels * 1e6))))]
    reached, features = np.zeros(len(model.stages) + 1, np.int64), 0
    for scene in chosen:
        for passed, evaluated, _ in trace_levels(model, load_grey(scene.picture), params):
            reached += np.bincount(passed, minlength=len(reached))
            features += int(evaluated.sum())
    reached = np.cumsum(reached[::-1])[::-1]
    weak = tuple(len(stage.weak_classifiers) for stage in model.stages)
    return StageTrace(len(chosen), int(reached[0]), tuple(reached.tolist()), features, weak)


def trace_levels(
    model: CascadeModel, image: NDArray[np.uint8], params: DetectParams
) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]]]:
    """For each level: the stages passed and features evaluated by each window that the search visits, and its box."""
    for level in pyramid((image.shape[1], image.shape[0]), (model.width, model.height), params):
        small = cv2.resize(image, level.size, interpolation=cv2.INTER_LINEAR_EXACT)
        trace = trace_picture(model, small, level.step)
        columns = (level.size[0] - model.width) // level.step + 1
        visited = _walk(trace.stages[: level.rows * columns], trace.features, columns)
        rows, lefts = np.divmod(visited, columns)
        places = (np.column_stack([lefts, rows]) * level.step).astype(np.float32)
        corners = np.rint(places * np.float32(level.scale)).astype(np.int64)
        sides = [round(side * np.float32(level.scale)) for side in (model.width, model.height)]
        boxes = np.column_stack([corners, np.broadcast_to(sides, corners.shape)])
        yield trace.stages[visited], trace.features[visited], boxes


def pyramid(size: tuple[int, int], window: tuple[int, int], params: DetectParams) -> list[Level]:
    """The levels that a picture of `size` is searched at; both sizes are (width, height) in pixels."""
    levels: list[Level] = []
    stripes = 0
    for scale in _scales(size, window, params):
        step = 1 if scale >= _FINE_FROM else 2
        small = round(np.float32(size[0]) / scale), round(np.float32(size[1]) / scale)
        columns, rows = small[0] - window[0] + 1, small[1] - window[1] + 1
        stripes = stripes or ceil(columns / _STRIPE)
        searched = stripes * max((rows // step + stripes - 1) // stripes, 1)
        levels.append(Level(float(scale), small, step, min(searched, ceil(rows / step))))
    return levels


def _scales(size: tuple[int, int], window: tuple[int, int], params: DetectParams) -> list[np.float32]:
    """The scales within the bounds; where none is, OpenCV takes the one nearest to the lower bound."""
    scale, every = 1.0, list[np.float32]()
    while all(round(side * scale) <= whole for side, whole in zip(window, size, strict=True)):
        every.append(np.float32(scale))
        scale *= params.scale_factor
    sides = np.array([[round(side * one) for side in window] for one in every], np.int64).reshape(-1, 2)
    within = (sides.min(axis=1) >= params.min_size) & (sides.max(axis=1) <= (params.max_size or max(size)))
    if every and not within.any():
        within[np.square(sides - params.min_size).sum(axis=1).argmin()] = True
    return [one for one, kept in zip(every, within, strict=True) if kept]


@njit(cache=True)
def _walk(stages, features, columns):  # type: ignore[no-untyped-def]
    """The windows that OpenCV visits, of a row-major grid: after one that the first stage rejects, it skips one.

    One without contrast, of which no feature is evaluated, makes it skip none.
    """
    visited = np.empty(len(stages), np.int64)
    count = 0
    for start in range(0, len(stages), columns):
        column = 0
        while column < columns:
            visited[count] = start + column
            column += 2 if stages[start + column] == 0 and features[start + column] > 0 else 1
            count += 1
    return visited[:count]
