"""How far a figure could be off: 95% intervals by the bootstrap over scenes.

Scenes are drawn with replacement, as faces and false alarms of one picture are not independent. Source: Efron and
Tibshirani, An Introduction to the Bootstrap (1993), the percentile interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cascade.score.matching import Matched, average_precision

_DRAWS, _AT_ONCE, _PRECISION_DRAWS = 2000, 100, 200


@dataclass(frozen=True)
class Interval:
    """95% of the draws of the figure `name` lie from `low` to `high`."""

    name: str
    low: float
    high: float


def point_intervals(scenes: Sequence[Matched], min_neighbors: int) -> tuple[Interval, ...]:
    """Intervals of `recall`, `precision` and `false_alarms_per_image` at one operating point.

    The same scenes give the same intervals: the draws are seeded. A figure with nothing to divide by is left out.
    """
    at = [scene.above(min_neighbors) for scene in scenes]
    counts = np.array([(one.hits, one.false_alarms, len(one.truth), 1) for one in at], dtype=np.float64)
    rng, even = np.random.default_rng(0), [1 / len(at)] * len(at)
    draws = [rng.multinomial(len(at), even, _AT_ONCE) @ counts for _ in range(_DRAWS // _AT_ONCE)]
    hits, alarms, faces, images = np.vstack(draws).T
    rates = {"recall": faces, "precision": hits + alarms}
    found = [_interval(name, hits, below) for name, below in rates.items()]
    return tuple(one for one in (*found, _interval("false_alarms_per_image", alarms, images)) if one is not None)


def precision_interval(scenes: Sequence[Matched]) -> tuple[Interval, ...]:
    """The interval of the average precision; nothing in a set without objects."""
    rng = np.random.default_rng(0)
    draws = [rng.integers(0, len(scenes), len(scenes)) for _ in range(_PRECISION_DRAWS)]
    found = [average_precision([scenes[number] for number in draw]) for draw in draws]
    values = np.array([value for value in found if value is not None])
    one = _interval("average_precision", values, np.ones_like(values))
    return () if one is None else (one,)


def _interval(name: str, above: NDArray[np.float64], below: NDArray[np.float64]) -> Interval | None:
    usable = below > 0
    if not usable.any():
        return None
    low, high = np.percentile(above[usable] / below[usable], (2.5, 97.5))
    return Interval(name, float(low), float(high))
