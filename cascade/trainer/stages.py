"""One stage: weak classifiers are added until few enough negatives are left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cascade.model import Stage, WeakClassifier
from cascade.train_params import CascadeTrainParams
from cascade.trainer.boosting import Booster
from cascade.trainer.splits import Search
from cascade.trainer.trees import grow

THRESHOLD_EPSILON = np.float32(1e-5)
"""A sum that is so much below the stage's threshold still passes."""
_EQUAL = np.finfo(np.float32).eps


@dataclass(frozen=True)
class Rates:
    """Of the stage's samples, the share that passes."""

    hit_rate: float
    false_alarm_rate: float


OnWeak = Callable[[int, Rates], None]


def train_stage(
    search: Search, positives: int, negatives: int, params: CascadeTrainParams, on_weak: OnWeak
) -> Stage | None:
    """Train a stage from samples of which the first are positives.

    Parameters
    ----------
    on_weak
        Called after each weak classifier with their number and the rates reached.

    Returns
    -------
    The stage, its features numbered as in the pool and its numbers in single precision, as its file will hold them;
    None when no split was found at all.
    """
    labels = np.arange(positives + negatives) < positives
    booster = Booster(params.boost_type, labels)
    trim = float(np.float32(params.weight_trim_rate))
    sums = np.zeros(len(labels))
    weak: list[WeakClassifier] = []
    threshold = np.float32(0)
    chosen = np.arange(len(labels))
    while len(weak) < params.max_weak_count and len(chosen):
        grown = grow(search, booster, chosen, params.max_depth)
        if grown is None:
            break
        tree, answers = grown
        factor = booster.update(answers)
        weak.append(WeakClassifier(tree.nodes, tuple(leaf * factor for leaf in tree.leaves)))
        sums += answers * factor
        chosen = booster.heavy(trim)
        threshold, rates = measure(sums, positives, np.float32(params.min_hit_rate))
        on_weak(len(weak), rates)
        if np.float32(rates.false_alarm_rate) <= np.float32(params.max_false_alarm_rate):
            break
    return Stage(float(threshold), tuple(map(_rounded, weak))) if weak else None


def measure(sums: NDArray[np.float64], positives: int, min_hit_rate: np.float32) -> tuple[np.float32, Rates]:
    """The threshold that lets enough positives pass, and the rates that result.

    Examples
    --------
    >>> threshold, rates = measure(np.array([3.0, 1.0, 2.0, 4.0, 0.5, 2.5]), 4, np.float32(0.75))
    >>> float(threshold), rates
    (2.0, Rates(hit_rate=0.75, false_alarm_rate=0.5))
    """
    ordered = np.sort(sums[:positives].astype(np.float32))
    place = int((np.float32(1) - min_hit_rate) * np.float32(positives))
    threshold = ordered[place]
    hits = positives - place + int((np.abs(ordered[:place] - threshold) < _EQUAL).sum())
    alarms = int((sums[positives:] >= threshold - THRESHOLD_EPSILON).sum())
    negatives = len(sums) - positives
    alarm_rate = float(np.float32(alarms) / np.float32(negatives)) if negatives else 0.0
    return threshold, Rates(float(np.float32(hits) / np.float32(positives)), alarm_rate)


def _rounded(weak: WeakClassifier) -> WeakClassifier:
    return WeakClassifier(weak.nodes, tuple(float(np.float32(leaf)) for leaf in weak.leaves))
