"""All features of a window, in opencv_traincascade's order, as arrays that Numba can run through.

A feature's number is its place in this order; stage files name features by it, so that the order is part of the format.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cascade.model import Feature, FeatureType, Rectangle

MAX_CORNERS = 16
"""Points of the integral image that a feature reads at most: an LBP feature's 4 x 4 grid."""

# A shape: columns and rows of cells; then its rectangles, each (column, row, columns, rows, weight).
_Shape = tuple[int, int, tuple[tuple[int, int, int, int, int], ...]]
_X2: _Shape = (2, 1, ((0, 0, 2, 1, -1), (1, 0, 1, 1, 2)))
_Y2: _Shape = (1, 2, ((0, 0, 1, 2, -1), (0, 1, 1, 1, 2)))
_X3: _Shape = (3, 1, ((0, 0, 3, 1, -1), (1, 0, 1, 1, 2)))
_Y3: _Shape = (1, 3, ((0, 0, 1, 3, -1), (0, 1, 1, 1, 2)))
_X4: _Shape = (4, 1, ((0, 0, 4, 1, -1), (1, 0, 2, 1, 2)))
_Y4: _Shape = (1, 4, ((0, 0, 1, 4, -1), (0, 1, 1, 2, 2)))
_CHESS: _Shape = (2, 2, ((0, 0, 2, 2, -1), (0, 0, 1, 1, 2), (1, 1, 1, 1, 2)))
_CENTRE: _Shape = (3, 3, ((0, 0, 3, 3, -1), (1, 1, 1, 1, 9)))
_UPRIGHT = {
    "BASIC": (_X2, _Y2, _X3, _Y3, _CHESS),
    "CORE": (_X2, _Y2, _X3, _Y3, _X4, _Y4, _CHESS, _CENTRE),
    "ALL": (_X2, _Y2, _X3, _Y3, _X4, _Y4, _CHESS, _CENTRE),
}
_TILTED: tuple[_Shape, ...] = (
    (2, 1, ((0, 0, 2, 1, -1), (0, 0, 1, 1, 2))),
    (1, 2, ((0, 0, 1, 2, -1), (0, 0, 1, 1, 2))),
    (3, 1, ((0, 0, 3, 1, -1), (1, 0, 1, 1, 3))),
    (1, 3, ((0, 0, 1, 3, -1), (0, 1, 1, 1, 3))),
    (4, 1, ((0, 0, 4, 1, -1), (1, 0, 2, 1, 2))),
    (1, 4, ((0, 0, 1, 4, -1), (0, 1, 1, 2, 2))),
)


@dataclass(frozen=True)
class FeaturePool:
    """Every feature of a window.

    Attributes
    ----------
    rectangles
        int32, shape (F, 3, 5): x, y, width, height, weight; unused ones are 0.
    tilted
        bool, shape (F,).
    points
        int32, shape (F, 16): the integral image's points that the feature reads, ``y * (width + 1) + x``; those of a
        tilted feature lie in the tilted image, which follows the upright one. For LBP the 4 x 4 grid, row by row.
    factors
        int32, shape (F, 16): by what each point is multiplied (Haar only).
    corners
        int32, shape (F,): how many of the points count.
    """

    feature_type: FeatureType
    width: int
    height: int
    rectangles: NDArray[np.int32]
    tilted: NDArray[np.bool_]
    points: NDArray[np.int32]
    factors: NDArray[np.int32]
    corners: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.corners)

    def feature(self, number: int) -> Feature:
        """Feature `number` as the cascade's record."""
        used = [[int(value) for value in row] for row in self.rectangles[number] if row[2]]
        rectangles = tuple(Rectangle(x, y, width, height, float(weight)) for x, y, width, height, weight in used)
        return Feature(rectangles, bool(self.tilted[number]))

    def take(self, numbers: NDArray[np.int64]) -> FeaturePool:
        """Only these features, in this order."""
        return FeaturePool(
            self.feature_type,
            self.width,
            self.height,
            self.rectangles[numbers],
            self.tilted[numbers],
            self.points[numbers],
            self.factors[numbers],
            self.corners[numbers],
        )


def enumerate_features(width: int, height: int, feature_type: FeatureType, mode: str = "BASIC") -> FeaturePool:
    """All features of a window of that size.

    Parameters
    ----------
    mode
        BASIC, CORE (more upright ones) or ALL (tilted ones too); it counts for HAAR only.

    Examples
    --------
    >>> len(enumerate_features(24, 24, "HAAR", "ALL"))
    261600
    """
    if feature_type == "LBP":
        return _lbp(width, height)
    kinds = [(shape, False) for shape in _UPRIGHT[mode]] + [(shape, True) for shape in _TILTED if mode == "ALL"]
    parts = [_places(width, height, shape, tilted) for shape, tilted in kinds]
    # The program's loops: x, y, dx, dy, and the kinds within.
    order = _order(np.concatenate([np.insert(part, 4, kind, axis=1) for kind, part in enumerate(parts)]))
    rectangles = np.concatenate(
        [_rectangles(part, shape, tilted) for part, (shape, tilted) in zip(parts, kinds, strict=True)]
    )[order]
    flags = np.concatenate([np.full(len(part), tilted) for part, (_, tilted) in zip(parts, kinds, strict=True)])[order]
    return FeaturePool("HAAR", width, height, rectangles, flags, *_corners(rectangles, flags, width, height))


def _places(width: int, height: int, shape: _Shape, tilted: bool) -> NDArray[np.int64]:
    """Every (x, y, dx, dy) at which cells of dx x dy pixels make the shape within the window."""
    across, down, _ = shape
    sides = (width, height, width, height)
    x, y, dx, dy = (axis.ravel() for axis in np.meshgrid(*(np.arange(side) for side in sides), indexing="ij"))
    dx, dy = dx + 1, dy + 1
    if tilted:
        fits = (x + across * dx <= width) & (y + across * dx + down * dy <= height) & (x >= down * dy)
    else:
        fits = (x + across * dx <= width) & (y + down * dy <= height)
    return np.stack([x, y, dx, dy], axis=1)[fits]


def _order(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.lexsort(keys.T[::-1])


def _rectangles(places: NDArray[np.int64], shape: _Shape, tilted: bool) -> NDArray[np.int32]:
    x, y, dx, dy = places.T
    out = np.zeros((len(places), 3, 5), np.int32)
    for number, (column, row, columns, rows, weight) in enumerate(shape[2]):
        left = x + column * dx - (row * dy if tilted else 0)
        top = y + row * dy + (column * dx if tilted else 0)
        out[:, number] = np.stack([left, top, columns * dx, rows * dy, np.full(len(x), weight)], axis=1)
    return out


def _corners(
    rectangles: NDArray[np.int32], tilted: NDArray[np.bool_], width: int, height: int
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """The points that each feature reads, those that rectangles share only once."""
    x, y, w, h, weight = np.moveaxis(rectangles, -1, 0)
    lean = tilted[:, None]
    xs = np.stack([x, np.where(lean, x - h, x + w), np.where(lean, x + w, x), np.where(lean, x + w - h, x + w)], -1)
    ys = np.stack([y, np.where(lean, y + h, y), np.where(lean, y + w, y + h), np.where(lean, y + w + h, y + h)], -1)
    stride = width + 1
    points = (xs + stride * ys + np.where(lean, stride * (height + 1), 0)[..., None]).reshape(len(tilted), -1)
    factors = (weight[..., None] * np.array([1, -1, -1, 1])).reshape(len(tilted), -1)
    return _merge(points, factors)


def _merge(
    points: NDArray[np.int64], factors: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    order = np.argsort(points, axis=1, kind="stable")
    points, factors = np.take_along_axis(points, order, 1), np.take_along_axis(factors, order, 1)
    for column in range(points.shape[1] - 1):
        same = points[:, column] == points[:, column + 1]
        factors[same, column + 1] += factors[same, column]
        factors[same, column] = 0
    order = np.argsort(factors == 0, axis=1, kind="stable")
    corners = np.count_nonzero(factors, axis=1).astype(np.int32)
    return _widened(points, order), _widened(factors, order), corners


def _widened(array: NDArray[np.int64], order: NDArray[np.int64]) -> NDArray[np.int32]:
    missing = MAX_CORNERS - array.shape[1]
    return np.pad(np.take_along_axis(array, order, 1), ((0, 0), (0, missing))).astype(np.int32)


def _lbp(width: int, height: int) -> FeaturePool:
    sides = (width, height, width // 3, height // 3)
    x, y, w, h = (axis.ravel() for axis in np.meshgrid(*(np.arange(side) for side in sides), indexing="ij"))
    w, h = w + 1, h + 1
    fits = (x + 3 * w <= width) & (y + 3 * h <= height)
    x, y, w, h = x[fits], y[fits], w[fits], h[fits]
    rectangles = np.zeros((len(x), 3, 5), np.int32)
    rectangles[:, 0] = np.stack([x, y, w, h, np.ones_like(x)], axis=1)
    grid = [(y + row * h) * (width + 1) + x + column * w for row in range(4) for column in range(4)]
    points = np.stack(grid, axis=1).astype(np.int32)
    none = np.zeros(len(x), np.bool_)
    return FeaturePool(
        "LBP", width, height, rectangles, none, points, np.zeros_like(points), np.full(len(x), 16, np.int32)
    )
