"""By how much is one better than another on the same data, and how sure is that: the paired bootstrap.

Both are measured on the same units (scenes, faces, people). Units are drawn with replacement, as many as there are, and
both figures are computed anew from what was drawn; what is hard for both is drawn for both, so that the interval of
their difference is much narrower than their own intervals suggest. Source: Efron and Tibshirani, An Introduction to the
Bootstrap (1993), chapters 8 and 13, the percentile interval. It knows nothing of units that are not there: a few units
say too little, and of one unit every draw is the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Figures = Callable[[NDArray[np.float64]], tuple[NDArray[np.float64], NDArray[np.float64]]]
"""From the sums of draws, (draws, columns), to the figure of the first and of the second, (draws,) each.

NaN where a draw has nothing to divide by.
"""

_CELLS_AT_ONCE = 4_000_000


@dataclass(frozen=True)
class Estimate:
    """A figure, and the interval that so many of the draws lie in."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Comparison:
    """The figures of two on the same units, and `difference`: the second's less the first's."""

    first: Estimate
    second: Estimate
    difference: Estimate
    units: int


def paired_bootstrap(
    units: ArrayLike, figures: Figures, *, draws: int = 2000, confidence: float = 0.95, seed: int = 0
) -> Comparison:
    """Compare two on the same units.

    Parameters
    ----------
    units
        Shape (n, columns), n at least 1: what each unit adds to the sums that the figures follow from, such as hits of
        the first, hits of the second, and objects.
    figures
        See `Figures`.
    draws, confidence, seed
        So many draws, such a share of them in the interval; the same seed draws the same units.

    Raises
    ------
    ValueError
        There are no units, or a figure of all of them is not a number.

    Examples
    --------
    Of four faces the first finds one, the second all:

    >>> faces = [[1, 1, 1], [0, 1, 1], [0, 1, 1], [0, 1, 1]]
    >>> paired_bootstrap(faces, lambda sums: (sums[:, 0] / sums[:, 2], sums[:, 1] / sums[:, 2])).difference.value
    0.75
    """
    rows = np.asarray(units, dtype=np.float64)
    if rows.ndim != 2 or not len(rows):
        raise ValueError(f"`units` must be of shape (n, columns) with n at least 1. Got {rows.shape}.")
    first, second = (float(values[0]) for values in figures(rows.sum(axis=0, keepdims=True)))
    if not (np.isfinite(first) and np.isfinite(second)):
        raise ValueError(f"the figures of all units must be numbers. Got {first} and {second}.")
    drawn = _draw(rows, figures, draws, np.random.default_rng(seed))
    both = drawn[:, np.isfinite(drawn).all(axis=0)]
    outside = 50 * (1 - confidence)
    bounds = [np.percentile(each, (outside, 100 - outside)).tolist() for each in (both[0], both[1], both[1] - both[0])]
    values = (first, second, second - first)
    estimates = [Estimate(value, *bound) for value, bound in zip(values, bounds, strict=True)]
    return Comparison(estimates[0], estimates[1], estimates[2], len(rows))


def _draw(rows: NDArray[np.float64], figures: Figures, draws: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """The figures of so many draws, (2, draws). Units that are alike are drawn as one kind, with their number."""
    kinds, counts = np.unique(rows, axis=0, return_counts=True)
    shares = counts / counts.sum()
    at_once = max(1, min(draws, _CELLS_AT_ONCE // max(kinds.shape)))
    found = []
    for start in range(0, draws, at_once):
        weights = rng.multinomial(len(rows), shares, min(at_once, draws - start))
        found.append(np.stack(figures(weights @ kinds)))
    return np.concatenate(found, axis=1)
