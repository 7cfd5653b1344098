"""OpenCV's grouping of windows, for any number of them.

``cv2.groupRectangles`` compares each window with each other: a weak cascade that accepts 100,000 windows of a scene
keeps it busy for half a minute. Here each window meets only those in the cells around it, and the answer is the same.

Source: ``groupRectangles`` and ``SimilarRects`` of OpenCV's objdetect.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

EPS = 0.2
"""How far apart similar windows may be, as a share of their side; what ``CascadeClassifier`` uses."""


def group_windows(windows: NDArray[np.int64], min_neighbors: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Group similar windows as ``CascadeClassifier.detectMultiScale2`` does.

    Parameters
    ----------
    windows
        Shape (N, 4), ``(x, y, width, height)`` in pixels, in any order.
    min_neighbors
        Groups of so many windows or fewer are dropped; at least 1.

    Returns
    -------
    boxes : array of shape (M, 4)
        The mean window of each group, the largest group first.
    counts : array of shape (M,)
        How many windows are in the group.
    """
    if len(windows) == 0:
        return np.empty((0, 4), np.int64), np.empty(0, np.int64)
    order, starts, cells, sides = _cells(windows)
    labels = _label(windows[order], starts, cells, sides)
    _, groups = np.unique(labels, return_inverse=True)
    counts = np.bincount(groups)
    sums = np.stack([np.bincount(groups, weights=windows[order, column]) for column in range(4)], axis=1)
    # OpenCV's own arithmetic: single precision, halves to even.
    boxes = np.rint(sums.astype(np.float32) * (np.float32(1) / counts.astype(np.float32))[:, None]).astype(np.int64)
    large = counts > min_neighbors
    boxes, counts = boxes[large], counts[large]
    kept = ~_inside_better(boxes, counts)
    boxes, counts = boxes[kept], counts[kept]
    order = np.lexsort((*boxes.T[::-1], -counts))
    return boxes[order], counts[order]


def _cells(windows: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.int64], NDArray[np.int64], NDArray]:
    """Sort the windows by size, and those of one size by cell; a cell's side is as far as similar windows can be.

    Returns the order, where each size starts (and the end), each sorted window's cell (row, column), and the sides.
    """
    sizes, of = np.unique(windows[:, 2:], axis=0, return_inverse=True)
    sides = np.maximum(1, np.ceil(EPS * sizes.sum(axis=1) / 2)).astype(np.int64)
    cells = windows[:, 1::-1] // sides[of.reshape(-1)][:, None]
    order = np.lexsort((cells[:, 1], cells[:, 0], of.reshape(-1)))
    starts = np.searchsorted(of.reshape(-1)[order], np.arange(len(sizes) + 1))
    return order, starts.astype(np.int64), np.ascontiguousarray(cells[order]), sides


@njit(cache=True)
def _label(windows, starts, cells, sides):  # type: ignore[no-untyped-def]
    """The number of the first window of each window's group, by union and find: shape (N,)."""
    parents = np.arange(len(windows))
    for first in range(len(starts) - 1):
        for second in range(first, len(starts) - 1):
            a, b = windows[starts[first]], windows[starts[second]]
            delta = EPS * 0.5 * (min(a[2], b[2]) + min(a[3], b[3]))
            if abs(a[2] - b[2]) <= 2 * delta and abs(a[3] - b[3]) <= 2 * delta:
                _join(windows, starts, cells, sides[second], first, second, delta, parents)
    for number in range(len(windows)):
        parents[number] = _root(parents, number)
    return parents


@njit(cache=True)
def _join(windows, starts, cells, side, first, second, delta, parents):  # type: ignore[no-untyped-def]
    """Join the windows of two sizes that are similar."""
    reach = int(np.floor(delta))
    low, high = starts[second], starts[second + 1]
    for one in range(starts[first], starts[first + 1]):
        x, y = windows[one, 0], windows[one, 1]
        for row in range((y - reach) // side, (y + reach) // side + 1):
            other = _first_at(cells, low, high, row, (x - reach) // side)
            while other < high and cells[other, 0] == row and cells[other, 1] <= (x + reach) // side:
                if _similar(windows[one], windows[other], delta):
                    _unite(parents, one, other)
                other += 1


@njit(cache=True)
def _first_at(cells, low, high, row, column):  # type: ignore[no-untyped-def]
    """The first of the sorted cells `low` to `high` that is not before (row, column)."""
    while low < high:
        middle = (low + high) // 2
        if cells[middle, 0] < row or (cells[middle, 0] == row and cells[middle, 1] < column):
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True)
def _similar(a, b, delta):  # type: ignore[no-untyped-def]
    return (
        abs(a[0] - b[0]) <= delta
        and abs(a[1] - b[1]) <= delta
        and abs(a[0] + a[2] - b[0] - b[2]) <= delta
        and abs(a[1] + a[3] - b[1] - b[3]) <= delta
    )


@njit(cache=True)
def _unite(parents, one, other):  # type: ignore[no-untyped-def]
    a, b = _root(parents, one), _root(parents, other)
    parents[max(a, b)] = min(a, b)


@njit(cache=True)
def _root(parents, number):  # type: ignore[no-untyped-def]
    while parents[number] != number:
        parents[number] = parents[parents[number]]
        number = parents[number]
    return number


@njit(cache=True)
def _inside_better(boxes, counts):  # type: ignore[no-untyped-def]
    """Whether a box lies in another, give or take `EPS` of its side, that more windows agree on: shape (M,)."""
    inside = np.zeros(len(boxes), np.bool_)
    for i in range(len(boxes)):
        a = boxes[i]
        for j in range(len(boxes)):
            b = boxes[j]
            dx, dy = int(np.rint(b[2] * EPS)), int(np.rint(b[3] * EPS))
            within = a[0] >= b[0] - dx and a[1] >= b[1] - dy
            within = within and a[0] + a[2] <= b[0] + b[2] + dx and a[1] + a[3] <= b[1] + b[3] + dy
            if i != j and within and (counts[j] > max(3, counts[i]) or counts[i] < 3):
                inside[i] = True
                break
    return inside
