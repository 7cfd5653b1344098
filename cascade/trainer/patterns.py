"""The best split of weighted samples by one LBP feature: a subset of its 256 codes.

The codes are sorted by the mean response of their samples (for the AdaBoosts by the weight of their positives, as
opencv_traincascade does), and the best of the 255 cuts of that order is taken. Codes that no sample has count as 0.
Equal codes stay in their order here; opencv_traincascade's sort is not stable, so that with RAB and DAB, where many
codes are equal, its subset, and with it the cascade, may differ.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from cascade.trainer.features import FeaturePool
from cascade.trainer.integrals import Samples
from cascade.trainer.splits import GINI, SQUARED_ERROR, Split
from cascade.trainer.values import lbp_codes

_CODES = 256
_LEAST = float(np.finfo(np.float32).eps)
_TINY = float(np.finfo(np.float64).eps)


class PatternSearch:
    """The codes of all LBP features of a stage's samples, of which the first are positives."""

    def __init__(self, pool: FeaturePool, samples: Samples, positives: int) -> None:
        self.codes, self.positives = lbp_codes(pool, samples), positives

    def best(
        self,
        chosen: NDArray[np.int64],
        weights: NDArray[np.float64],
        responses: NDArray[np.float32],
        criterion: int,
    ) -> Split | None:
        """See `Search`."""
        if criterion != SQUARED_ERROR:
            responses = (np.arange(len(weights)) < self.positives).astype(np.float32)
        gains = np.empty(len(self.codes), np.float32)
        subsets = np.empty((len(self.codes), _CODES), np.bool_)
        order = chosen.astype(np.uint32)
        _search(self.codes, order, weights[chosen], responses[chosen].astype(np.float64), criterion, gains, subsets)
        feature = int(np.argmax(gains))
        if gains[feature] <= 0:
            return None
        words = np.packbits(subsets[feature], bitorder="little").view("<i4")
        return Split(feature, float(gains[feature]), None, tuple(int(word) for word in words))

    def goes_left(self, split: Split) -> NDArray[np.bool_]:
        """See `Search`."""
        bits = np.unpackbits(np.array(split.subset, "<i4").view(np.uint8), bitorder="little").astype(np.bool_)
        return bits[self.codes[split.feature]]


@njit(error_model="numpy", cache=True, parallel=True)
def _search(codes, order, weights, responses, criterion, gains, subsets):  # type: ignore[no-untyped-def]
    for feature in prange(len(codes)):
        total, weighted = np.zeros(_CODES), np.zeros(_CODES)
        row = codes[feature]
        for i in range(len(order)):
            code = row[order[i]]
            total[code] += weights[i]
            weighted[code] += weights[i] * responses[i]
        ranks = _ranks(total, weighted, criterion)
        gain, cut = _best_cut(total, weighted, ranks, criterion)
        gains[feature] = gain
        subsets[feature] = False
        for place in range(cut + 1):
            subsets[feature, ranks[place]] = True


@njit(error_model="numpy", cache=True)
def _ranks(total, weighted, criterion):  # type: ignore[no-untyped-def]
    keys = weighted.copy()
    if criterion == SQUARED_ERROR:
        for code in range(_CODES):
            keys[code] = weighted[code] / total[code] if abs(total[code]) > _TINY else 0.0
    return np.argsort(keys, kind="mergesort")


@njit(error_model="numpy", cache=True)
def _best_cut(total, weighted, ranks, criterion):  # type: ignore[no-untyped-def]
    """The best gain and the place of the last code that goes left; -1 without one."""
    best, cut = -1.0, -1
    left, lsum = 0.0, 0.0
    right, rsum = total.sum(), weighted.sum()
    for place in range(_CODES - 1):
        code = ranks[place]
        if total[code] <= _LEAST:
            continue
        left, right = left + total[code], right - total[code]
        lsum, rsum = lsum + weighted[code], rsum - weighted[code]
        if criterion != SQUARED_ERROR and criterion != GINI:
            gain = max((left - lsum) + rsum, lsum + (right - rsum))
        elif left > _LEAST and right > _LEAST:
            gain = _purity(left, lsum, right, rsum, criterion)
        else:
            continue
        if gain > best:
            best, cut = gain, place
    return best, cut


@njit(error_model="numpy", cache=True)
def _purity(left, lsum, right, rsum, criterion):  # type: ignore[no-untyped-def]
    left2, right2 = lsum * lsum, rsum * rsum
    if criterion == GINI:
        left2 += (left - lsum) ** 2
        right2 += (right - rsum) ** 2
    return (left2 * right + right2 * left) / (left * right)
