"""Weak classifiers: trees grown as opencv_traincascade grows them, and what they answer.

A node is split while its depth allows it, it has more than 10 samples, both classes are in it, and, for regression,
its responses' standard deviation (weighted) is at least 0.01.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cascade.model import Node, WeakClassifier
from cascade.trainer.boosting import Booster
from cascade.trainer.splits import Search, Split

_LEAST_SAMPLES = 10
_LEAST_DEVIATION = 0.01


@dataclass
class _Branch:
    """A node that is being grown: a leaf as long as it has no split."""

    value: float
    split: Split | None = None
    left: _Branch | None = None
    right: _Branch | None = None


def grow(
    search: Search, booster: Booster, chosen: NDArray[np.int64], max_depth: int
) -> tuple[WeakClassifier, NDArray[np.float64]] | None:
    """Grow a tree from the `chosen` samples; return it with its answers for all samples, or None without a split."""
    root = _grow(search, booster, chosen, max_depth)
    if root.split is None:
        return None
    everyone = np.arange(len(booster.weights))
    answers = np.empty(len(everyone))
    _answer(root, search, everyone, answers)
    return _flatten(root), answers


def _grow(search: Search, booster: Booster, chosen: NDArray[np.int64], depth: int) -> _Branch:
    branch = _Branch(booster.leaf(chosen))
    if depth < 1 or len(chosen) <= _LEAST_SAMPLES or _is_settled(booster, chosen):
        return branch
    branch.split = search.best(chosen, booster.weights, booster.responses, booster.criterion)
    if branch.split is not None:
        left = search.goes_left(branch.split)[chosen]
        branch.left = _grow(search, booster, chosen[left], depth - 1)
        branch.right = _grow(search, booster, chosen[~left], depth - 1)
    return branch


def _is_settled(booster: Booster, chosen: NDArray[np.int64]) -> bool:
    labels = booster.labels[chosen]
    if labels.all() or not labels.any():
        return True
    return booster.is_regression and booster.deviation(chosen) < _LEAST_DEVIATION


def _answer(branch: _Branch, search: Search, members: NDArray[np.int64], answers: NDArray[np.float64]) -> None:
    if branch.split is None or branch.left is None or branch.right is None:
        answers[members] = branch.value
        return
    left = search.goes_left(branch.split)[members]
    _answer(branch.left, search, members[left], answers)
    _answer(branch.right, search, members[~left], answers)


def _flatten(root: _Branch) -> WeakClassifier:
    """Number nodes and leaves level by level, as the stage files do."""
    queue, numbered = [root], 1
    nodes: list[Node] = []
    leaves: list[float] = []
    for branch in queue:
        assert branch.split is not None
        children: list[int] = []
        for child in (branch.left, branch.right):
            assert child is not None
            if child.split is None:
                children.append(-len(leaves))
                leaves.append(child.value)
            else:
                children.append(numbered)
                numbered += 1
                queue.append(child)
        nodes.append(branch.split.node(children[0], children[1]))
    return WeakClassifier(tuple(nodes), tuple(leaves))
