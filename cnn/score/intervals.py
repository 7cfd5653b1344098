"""How far a figure could be off by the choice of the faces: 95 % intervals.

A share of independent faces, such as accuracy or a recall, gets Wilson's interval (Wilson, "Probable Inference, the
Law of Succession, and Statistical Inference", 1927), which holds for few faces and at 0 and 1 too. F1 follows from a
share: with J the part that is right of all faces that are of a class or called so, it is 2 J / (1 + J). A mean over
classes, such as balanced accuracy, gets the percentile interval of the bootstrap over faces (Efron and Tibshirani, An
Introduction to the Bootstrap, 1993): it follows from the confusion matrix, and a matrix of faces drawn with
replacement is one multinomial draw of its cells. The draws are seeded: the same faces give the same intervals. Where
all faces are right, the bootstrap cannot tell how few they were.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from cnn.labels import EXPRESSIONS

_DRAWS = 2000
_WILSON = 1.959964  # the normal distribution's 97.5th percentile


@dataclass(frozen=True)
class Interval:
    """95 % of what the figure `name` could be lies from `low` to `high`."""

    name: str
    low: float
    high: float


def wilson(name: str, hits: int, total: int) -> Interval:
    """The interval of a share; of nothing it is all from 0 to 1.

    >>> wilson("recall", 0, 10).high
    0.27753...
    """
    if not total:
        return Interval(name, 0.0, 1.0)
    share, squared = hits / total, _WILSON**2
    middle = (share + squared / (2 * total)) / (1 + squared / total)
    half = _WILSON * sqrt(share * (1 - share) / total + squared / (4 * total**2)) / (1 + squared / total)
    return Interval(name, max(0.0, middle - half), min(1.0, middle + half))


def matrix_intervals(counts: np.ndarray) -> list[Interval]:
    """Intervals of all `matrix_figures` of a confusion matrix of counts, rows true.

    A class that a draw does not hold does not count in its means, as in the figures themselves.
    """
    total, hits = int(counts.sum()), np.diag(counts)
    draws = np.random.default_rng(0).multinomial(total, counts.ravel() / total, _DRAWS).reshape(-1, *counts.shape)
    means = {name: np.percentile(values, (2.5, 97.5)) for name, values in _class_means(draws).items()}
    found = [wilson("accuracy", int(hits.sum()), total)]
    found += [Interval(name, float(low), float(high)) for name, (low, high) in means.items()]
    true, said = counts.sum(axis=1), counts.sum(axis=0)
    for number, name in enumerate(EXPRESSIONS):
        found.append(wilson(f"recall_{name.lower()}", int(hits[number]), int(true[number])))
        found.append(wilson(f"precision_{name.lower()}", int(hits[number]), int(said[number])))
        either = wilson(f"f1_{name.lower()}", int(hits[number]), int(true[number] + said[number] - hits[number]))
        found.append(Interval(either.name, 2 * either.low / (1 + either.low), 2 * either.high / (1 + either.high)))
    return found


def matrix_figures(counts: np.ndarray) -> dict[str, float]:
    """The figures of one confusion matrix, rows true.

    ``accuracy``, ``balanced_accuracy``, ``macro_f1``, and ``recall_CLASS``, ``precision_CLASS`` and ``f1_CLASS``, which
    are 0 where they would divide by 0. The means are over the classes that occur.
    """
    hits, true, said = np.diag(counts), counts.sum(axis=1), counts.sum(axis=0)
    figures = {"accuracy": hits.sum() / counts.sum(), **_class_means(counts)}
    for number, name in enumerate(EXPRESSIONS):
        figures[f"recall_{name.lower()}"] = hits[number] / max(1, true[number])
        figures[f"precision_{name.lower()}"] = hits[number] / max(1, said[number])
        figures[f"f1_{name.lower()}"] = 2 * hits[number] / max(1, true[number] + said[number])
    return {name: float(value) for name, value in figures.items()}


def by_name(intervals: Sequence[Interval]) -> dict[str, Interval]:
    """Intervals by the name of their figure."""
    return {one.name: one for one in intervals}


def _class_means(counts: np.ndarray) -> dict[str, np.ndarray]:
    """``balanced_accuracy`` and ``macro_f1`` of confusion matrices (..., classes, classes), rows true, each (...)."""
    hits = np.diagonal(counts, axis1=-2, axis2=-1).astype(np.float64)
    true, said = counts.sum(axis=-1), counts.sum(axis=-2)
    occurs = true > 0
    means = {"balanced_accuracy": hits / np.maximum(true, 1), "macro_f1": 2 * hits / np.maximum(true + said, 1)}
    return {name: (each * occurs).sum(axis=-1) / occurs.sum(axis=-1) for name, each in means.items()}
