"""The inner loops of `cascade.model.windows`: one window after another through stages, trees and nodes.

`left` and `right` hold the next node, or ``~leaf`` where the tree ends. Every number has the type it has in OpenCV: a
feature is float32, compared with a float32 threshold; leaves are float32 and their sum is float64.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange

Array = Any

FLAT = 0.1
"""OpenCV runs no window whose area times 1 / (area * standard deviation) is as large as this."""


@njit(cache=True, parallel=True, nogil=True)
def run_haar(
    channels: Array,
    squares: Array,
    starts: Array,
    inside: Array,
    area: float,
    reject_flat: bool,
    offsets: Array,
    weights: Array,
    thresholds: Array,
    left: Array,
    right: Array,
    leaves: Array,
    roots: Array,
    first_tree: Array,
    stage_thresholds: Array,
    stages: Array,
    features: Array,
    scores: Array,
) -> None:
    """Fill `stages`, `features` and `scores` for the windows that begin at `starts` of the flat `channels`."""
    for window in prange(len(starts)):
        start = starts[window]
        scale, flat = _contrast(channels, squares, start, inside, area)
        if flat and reject_flat:
            continue
        passed, evaluated, total = 0, 0, 0.0
        for stage in range(len(stage_thresholds)):
            total = 0.0
            for tree in range(first_tree[stage], first_tree[stage + 1]):
                node = roots[tree]
                while node >= 0:
                    value = _haar(channels, start, offsets[node], weights[node]) * scale
                    evaluated += 1
                    node = left[node] if value < thresholds[node] else right[node]
                total += leaves[~node]
            if total < stage_thresholds[stage]:
                break
            passed += 1
        stages[window], features[window], scores[window] = passed, evaluated, total


@njit(cache=True, parallel=True, nogil=True)
def run_lbp(
    sums: Array,
    starts: Array,
    offsets: Array,
    subsets: Array,
    left: Array,
    right: Array,
    leaves: Array,
    roots: Array,
    first_tree: Array,
    stage_thresholds: Array,
    stages: Array,
    features: Array,
    scores: Array,
) -> None:
    """As `run_haar`, for LBP codes and sets of them."""
    for window in prange(len(starts)):
        start = starts[window]
        passed, evaluated, total = 0, 0, 0.0
        for stage in range(len(stage_thresholds)):
            total = 0.0
            for tree in range(first_tree[stage], first_tree[stage + 1]):
                node = roots[tree]
                while node >= 0:
                    code = _lbp(sums, start, offsets[node])
                    evaluated += 1
                    node = left[node] if (subsets[node, code >> 5] >> (code & 31)) & 1 else right[node]
                total += leaves[~node]
            if total < stage_thresholds[stage]:
                break
            passed += 1
        stages[window], features[window], scores[window] = passed, evaluated, total


@njit(inline="always")
def _contrast(channels: Array, squares: Array, start: int, inside: Array, area: float) -> tuple[np.float32, bool]:
    """What a feature is multiplied with, and whether OpenCV rejects the window for too little of it."""
    total = float(_four(channels, start, inside))
    # OpenCV reads the squares as unsigned: they fit, where the signed number would not, up to 256 x 256 pixels.
    total_squares = float(np.uint32(_four(squares, start, inside)))
    variance = area * total_squares - total * total
    if variance <= 0.0:
        return np.float32(1.0), True
    scale = np.float32(1.0 / np.sqrt(variance))
    return scale, not area * scale < FLAT


@njit(inline="always")
def _haar(channels: Array, start: int, offsets: Array, weights: Array) -> np.float32:
    value = weights[0] * np.float32(_four(channels, start, offsets[0]))
    value += weights[1] * np.float32(_four(channels, start, offsets[1]))
    if weights[2] != 0.0:
        value += weights[2] * np.float32(_four(channels, start, offsets[2]))
    return value


@njit(inline="always")
def _four(sums: Array, start: int, corners: Array) -> np.int32:
    return np.int32(
        sums[start + corners[0]] - sums[start + corners[1]] - sums[start + corners[2]] + sums[start + corners[3]]
    )


@njit(inline="always")
def _lbp(sums: Array, start: int, corners: Array) -> int:
    """The code of 3 x 3 cells around the middle one, clockwise from the top left; `corners` is 4 x 4."""
    middle = _cell(sums, start, corners, 1, 1)
    code = 0
    for row, column in ((0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0)):
        code = 2 * code + (1 if _cell(sums, start, corners, row, column) >= middle else 0)
    return code


@njit(inline="always")
def _cell(sums: Array, start: int, corners: Array, row: int, column: int) -> np.int32:
    return np.int32(
        sums[start + corners[row, column]]
        - sums[start + corners[row, column + 1]]
        - sums[start + corners[row + 1, column]]
        + sums[start + corners[row + 1, column + 1]]
    )
