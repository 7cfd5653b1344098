"""Which samples pass the stages so far, decided as training decides: a value equal to the threshold goes left."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cascade.model import Node, Stage, WeakClassifier
from cascade.trainer.features import FeaturePool
from cascade.trainer.integrals import Samples, prepare
from cascade.trainer.stages import THRESHOLD_EPSILON
from cascade.trainer.values import haar_values, lbp_codes


def passes(stages: Sequence[Stage], pool: FeaturePool, pictures: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Whether each sample, shape (N, height, width), passes all stages; their features are numbered as in the pool."""
    out = np.ones(len(pictures), np.bool_)
    if not stages:
        return out
    samples = prepare(pictures, tilted=bool(pool.tilted.any()))
    for stage in stages:
        out &= stage_sums(stage, pool, samples) >= np.float32(stage.threshold) - THRESHOLD_EPSILON
    return out


def stage_sums(stage: Stage, pool: FeaturePool, samples: Samples) -> NDArray[np.float64]:
    """The sum of the leaves that each sample reaches, shape (N,)."""
    sums = np.zeros(len(samples))
    for weak in stage.weak_classifiers:
        sums += _answers(weak, pool, samples)
    return sums


def goes_left(node: Node, pool: FeaturePool, samples: Samples) -> NDArray[np.bool_]:
    """Whether each sample goes left at a node whose feature is numbered as in the pool."""
    if node.threshold is not None:
        return haar_values(pool, node.feature, samples) <= np.float32(node.threshold)
    codes = lbp_codes(pool.take(np.array([node.feature])), samples)[0].astype(np.int64)
    words = np.array(node.subset, np.int64)[codes >> 5]
    return (words >> (codes & 31)) & 1 == 1


def _answers(weak: WeakClassifier, pool: FeaturePool, samples: Samples) -> NDArray[np.float64]:
    answers = np.empty(len(samples))
    waiting = {0: np.arange(len(samples))}
    for number, node in enumerate(weak.nodes):
        members = waiting.pop(number)
        left = goes_left(node, pool, samples)[members]
        for child, reached in ((node.left, members[left]), (node.right, members[~left])):
            if child > 0:
                waiting[child] = reached
            else:
                answers[reached] = weak.leaves[-child]
    return answers
