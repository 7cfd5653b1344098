from __future__ import annotations

import time

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from cascade.score.grouping import group_windows


def by_opencv(windows: NDArray[np.int64], min_neighbors: int) -> set[tuple[int, ...]]:
    boxes, counts = cv2.groupRectangles(windows.tolist(), min_neighbors, 0.2)
    return {
        (*box, int(count)) for box, count in zip(np.reshape(boxes, (-1, 4)).tolist(), np.ravel(counts), strict=True)
    }


def by_us(windows: NDArray[np.int64], min_neighbors: int) -> set[tuple[int, ...]]:
    boxes, counts = group_windows(windows, min_neighbors)
    return {(*box, int(count)) for box, count in zip(boxes.tolist(), counts, strict=True)}


def pyramid_windows(rng: np.random.Generator, number: int, width: int = 300) -> NDArray[np.int64]:
    """Windows as a search yields them: few sizes, tops and lefts on a grid."""
    sizes = np.rint(24 * 1.1 ** rng.integers(0, 12, number)).astype(np.int64)
    places = rng.integers(0, width, (number, 2)) // 2 * 2
    return np.column_stack([places, sizes, sizes])


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("min_neighbors", [1, 2, 4])
def test_the_groups_are_opencvs(seed: int, min_neighbors: int) -> None:
    rng = np.random.default_rng(seed)
    windows = pyramid_windows(rng, int(rng.integers(2, 700)))
    assert by_us(windows, min_neighbors) == by_opencv(windows, min_neighbors)


@pytest.mark.parametrize("seed", range(6))
def test_windows_of_any_shape_are_grouped_as_opencv_does(seed: int) -> None:
    rng = np.random.default_rng(seed)
    windows = np.column_stack([rng.integers(-40, 120, (150, 2)), rng.integers(1, 60, (150, 2))])
    assert by_us(windows, 1) == by_opencv(windows, 1)


def test_the_order_does_not_matter() -> None:
    rng = np.random.default_rng(3)
    windows = pyramid_windows(rng, 300)
    assert np.array_equal(group_windows(windows, 1)[0], group_windows(rng.permutation(windows), 1)[0])


def test_no_window_no_group() -> None:
    boxes, counts = group_windows(np.empty((0, 4), np.int64), 1)
    assert (boxes.shape, counts.shape) == ((0, 4), (0,))


def test_a_hundred_thousand_windows_take_no_half_minute() -> None:
    windows = pyramid_windows(np.random.default_rng(0), 100_000, 800)
    group_windows(windows[:10], 1)
    begin = time.perf_counter()
    group_windows(windows, 1)
    assert time.perf_counter() - begin < 8
