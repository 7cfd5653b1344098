"""A cascade as flat arrays, so that compiled code reads it without being compiled again for each new stage."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cascade.model import CascadeModel, Feature, Rectangle, WeakClassifier

TILE_WIDTH, TILE_HEIGHT = 512, 128
"""A picture is searched in tiles of so many windows, whose integral images stay in the processor's cache."""

PAIR, TRIPLE, SIX, NINE = range(4)
"""How a Haar node is evaluated: its two or three rectangles as OpenCV does it, or only by the points of the integral
image that count: those of two rectangles side by side, and those of a chessboard of four."""

_STAGE_EPSILON = np.float32(1e-5)  # OpenCV's THRESHOLD_EPS
_EXACT = 2**24  # whole numbers below this are exact in single precision
_MERGED = {SIX: (1, 1, -1, -1, 2, -2), NINE: (1, 1, 1, 1, -2, -2, -2, -2, 4)}


class FlatCascade(NamedTuple):
    """The stages, trees and features of a cascade, one after the other.

    `corners` are places in a tile's integral images, relative to the window's place: 16 for an LBP node, 12 for a Haar
    node, 4 a rectangle or, for the `kinds` SIX and NINE, so many with fixed factors. `slack` is more than single
    precision may lose in the sum of a stage. As long as `together` windows of a chunk are left, all of it goes through
    the next stage. The largest tree has `largest` nodes.
    """

    haar: bool
    stumps: bool
    together: int
    largest: int
    width: int
    height: int
    stride: int
    plane: int
    tilted: bool
    stages: NDArray[np.int64]
    thresholds: NDArray[np.float32]
    slack: NDArray[np.float32]
    nodes: NDArray[np.int64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    leaves: NDArray[np.float32]
    splits: NDArray[np.float32]
    kinds: NDArray[np.int64]
    corners: NDArray[np.uint32]
    weights: NDArray[np.float32]
    subsets: NDArray[np.uint32]


def flatten(model: CascadeModel) -> FlatCascade:
    """Lay a cascade, with any number of stages, out for the tiles of `cascade.trainer.mining_tiles`."""
    weak = [weak for stage in model.stages for weak in stage.weak_classifiers]
    nodes = [node for one in weak for node in one.nodes]
    stride = TILE_WIDTH + -(-(model.width + 1) // 16) * 16 + 16
    plane = stride * (TILE_HEIGHT + model.height + 1) + TILE_WIDTH
    largest = max((len(one.nodes) for one in weak), default=1)
    features = [model.features[node.feature] for node in nodes]
    haar = model.feature_type == "HAAR"
    kinds, corners = [PAIR] * len(features), [_grid(one.rectangles[0], stride) for one in features]
    if haar:
        points = [_points(one, stride, plane) for one in features]
        kinds, corners = [kind for kind, _ in points], [places for _, places in points]
    return FlatCascade(
        haar=haar,
        stumps=largest == 1,
        together=_together(largest),
        largest=largest,
        width=model.width,
        height=model.height,
        stride=stride,
        plane=plane,
        tilted=any(feature.tilted for feature in features),
        stages=_starts([len(stage.weak_classifiers) for stage in model.stages]),
        thresholds=np.array([np.float32(one.threshold) - _STAGE_EPSILON for one in model.stages], np.float32),
        slack=np.array([_slack(one.weak_classifiers) for one in model.stages], np.float32),
        nodes=_starts([len(one.nodes) for one in weak]),
        # Where all trees are stumps, OpenCV takes their two leaves in order, whatever the nodes say.
        left=np.array([node.left if largest > 1 else 0 for node in nodes], np.int64),
        right=np.array([node.right if largest > 1 else -1 for node in nodes], np.int64),
        leaves=np.array([leaf for one in weak for leaf in one.leaves], np.float32),
        splits=np.array([node.threshold or 0.0 for node in nodes], np.float32),
        kinds=np.array(kinds, np.int64),
        corners=np.array(corners, np.uint32).reshape(-1),
        weights=np.array([_weights(one) for one in features], np.float32).reshape(-1),
        subsets=np.array([[bits & 0xFFFFFFFF for bits in node.subset] for node in nodes], np.uint32).reshape(-1),
    )


def _starts(lengths: list[int]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64)


def _together(nodes: int) -> int:
    """The factor is measured. Together, all nodes of a tree are evaluated; a single window takes one path down."""
    return int(7 * nodes / math.log2(nodes + 1))


def _slack(weak: tuple[WeakClassifier, ...]) -> float:
    return 1e-6 + 2.0**-22 * len(weak) * sum(max(abs(leaf) for leaf in one.leaves) for one in weak)


def _weights(feature: Feature) -> list[float]:
    return [one.weight for one in feature.rectangles] + [0.0] * (3 - len(feature.rectangles))


def _points(feature: Feature, stride: int, plane: int) -> tuple[int, list[int]]:
    """The kind of a Haar node and its places in the integral images."""
    corners, rectangles = _corners(feature, stride, plane), feature.rectangles
    largest = sum(255 * abs(one.weight) * one.width * one.height * (1 + feature.tilted) for one in rectangles)
    if all(float(one.weight).is_integer() for one in rectangles) and largest < _EXACT:
        factors: dict[int, int] = {}
        signed = [sign * int(one.weight) for one in rectangles for sign in (1, -1, -1, 1)]
        for place, factor in zip(corners, signed, strict=False):
            factors[place] = factors.get(place, 0) + factor
        for kind, pattern in _MERGED.items():
            used = [place for factor in dict.fromkeys(pattern) for place in factors if factors[place] == factor]
            if sorted(filter(None, factors.values())) == sorted(pattern):
                return kind, used + [0] * (12 - len(used))
    return TRIPLE if len(rectangles) > 2 else PAIR, corners


def _corners(feature: Feature, stride: int, plane: int) -> list[int]:
    places = []
    for x, y, width, height in ((one.x, one.y, one.width, one.height) for one in feature.rectangles):
        if feature.tilted:
            points = (
                (x, y),
                (x - height, y + height),
                (x + width, y + width),
                (x + width - height, y + width + height),
            )
        else:
            points = ((x, y), (x + width, y), (x, y + height), (x + width, y + height))
        places += [2 * plane * feature.tilted + row * stride + column for column, row in points]
    return places + [0] * (12 - len(places))


def _grid(cell: Rectangle, stride: int) -> list[int]:
    return [(cell.y + j * cell.height) * stride + cell.x + i * cell.width for j in range(4) for i in range(4)]
