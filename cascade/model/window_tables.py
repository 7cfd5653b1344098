"""A cascade as flat arrays: what the loops of `cascade.model.window_kernels` walk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cascade.model import CascadeModel, Feature, Rectangle, WeakClassifier

THRESHOLD_MARGIN = np.float32(1e-5)
"""OpenCV lowers every stage's threshold by so much as it loads a cascade."""


@dataclass(frozen=True)
class Tables:
    """The nodes of all trees, one after another.

    Attributes
    ----------
    rectangles : int64 array of shape (nodes, 3, 4)
        ``x, y, width, height`` of each node's rectangles, padded with empty ones; LBP has one, its first cell.
    weights : float32 array of shape (nodes, 3)
        Of the rectangles; 0 for the empty ones.
    tilted : bool array of shape (nodes, 1)
        Whether the node's feature is tilted.
    thresholds : float32 array of shape (nodes,)
        Haar only.
    subsets : uint32 array of shape (nodes, 8)
        The codes that go left, as bits; LBP only.
    trees
        `left`, `right`, `leaves`, `roots`, `first_tree`, `stage_thresholds` as the loops take them.
    inside : int64 array of shape (4,)
        The window less its one-pixel border, over which OpenCV measures the contrast.
    """

    lbp: bool
    rectangles: NDArray[np.int64]
    weights: NDArray[np.float32]
    tilted: NDArray[np.bool_]
    thresholds: NDArray[np.float32]
    subsets: NDArray[np.uint32]
    trees: tuple[NDArray[np.generic], ...]
    inside: NDArray[np.int64]

    def offsets(self, shape: tuple[int, ...]) -> NDArray[np.int32]:
        """Where the corners lie in the flat integral of a picture of `shape`, counted from the window's corner.

        Returns
        -------
        int32 array of shape (nodes, 3, 4) for Haar; tilted ones are sought behind the upright integral. For LBP the
        4 x 4 corners of the cells, of shape (nodes, 4, 4).
        """
        stride = shape[1] + 1
        if self.lbp:
            x, y, width, height = self.rectangles[:, 0].T[..., None]
            steps = np.arange(4)
            rows, columns = (y + steps * height) * stride, x + steps * width
            return (rows[:, :, None] + columns[:, None, :]).astype(np.int32)
        return _corners(self.rectangles, self.tilted, stride, (shape[0] + 1) * stride)

    def inside_offsets(self, shape: tuple[int, ...]) -> NDArray[np.int32]:
        """As `offsets`, of shape (4,), for `inside`."""
        return _corners(self.inside, np.False_, shape[1] + 1, 0)


_latest: tuple[CascadeModel, Tables] | None = None


def tabulate(model: CascadeModel) -> Tables:
    """The tables of a cascade; those of the latest one are kept, as most are run on many pictures in a row."""
    global _latest
    latest = _latest
    if latest is None or latest[0] is not model:
        with np.errstate(over="ignore"):  # what is too large for 32 bits is infinite, as in OpenCV
            latest = _latest = (model, _tables(model))
    return latest[1]


def _tables(model: CascadeModel) -> Tables:
    nodes = [node for stage in model.stages for weak in stage.weak_classifiers for node in weak.nodes]
    used = np.array([node.feature for node in nodes])
    padded = [_padded(feature) for feature in model.features]
    rectangles = [[(one.x, one.y, one.width, one.height) for one in three] for three in padded]
    return Tables(
        lbp=model.feature_type == "LBP",
        rectangles=np.array(rectangles, np.int64)[used],
        weights=np.array([[one.weight for one in three] for three in padded], np.float32)[used],
        tilted=np.array([[feature.tilted] for feature in model.features])[used],
        thresholds=np.array([node.threshold or 0.0 for node in nodes], np.float32),
        subsets=np.array([node.subset for node in nodes], np.int64).astype(np.uint32),
        trees=_trees(model),
        inside=np.array([1, 1, model.width - 2, model.height - 2], np.int64),
    )


def _padded(feature: Feature) -> list[Rectangle]:
    return [*feature.rectangles, *[Rectangle(0, 0, 0, 0, 0.0)] * 2][:3]


def _trees(model: CascadeModel) -> tuple[NDArray[np.generic], ...]:
    weak = [one for stage in model.stages for one in stage.weak_classifiers]
    stumps_only = all(len(one.nodes) == 1 for one in weak)
    roots = np.cumsum([0, *(len(one.nodes) for one in weak)])
    first_leaf = np.cumsum([0, *(len(one.leaves) for one in weak)])
    children = [
        _children(one, int(root), int(leaf), stumps_only)
        for one, root, leaf in zip(weak, roots[:-1], first_leaf[:-1], strict=True)
    ]
    left, right = np.concatenate(children, axis=1).astype(np.int64)
    leaves = np.array([leaf for one in weak for leaf in one.leaves], np.float32)
    first_tree = np.cumsum([0, *(len(stage.weak_classifiers) for stage in model.stages)])
    thresholds = np.array([stage.threshold for stage in model.stages], np.float32) - THRESHOLD_MARGIN
    return left, right, leaves, roots[:-1], first_tree, thresholds


def _children(weak: WeakClassifier, root: int, leaf: int, stumps_only: bool) -> NDArray[np.int64]:
    if stumps_only:  # OpenCV then takes the two leaves in their order, whatever the node says.
        return np.array([[~leaf], [~(leaf + 1)]])
    sides = ([node.left for node in weak.nodes], [node.right for node in weak.nodes])
    return np.array([[root + child if child > 0 else ~(leaf - child) for child in side] for side in sides])


def _corners(
    rectangles: NDArray[np.int64], tilted: NDArray[np.bool_] | np.bool_, stride: int, plane: int
) -> NDArray[np.int32]:
    x, y, width, height = np.moveaxis(rectangles, -1, 0)
    top = y * stride + x + np.where(tilted, plane, 0)
    one = np.where(tilted, height * (stride - 1), width)
    other = np.where(tilted, width * (stride + 1), height * stride)
    return np.stack((top, top + one, top + other, top + one + other), axis=-1).astype(np.int32)
