"""The best split of weighted samples by one Haar feature: the exact one, found by way of histograms.

1. Every feature: a histogram over 16 steps of its values, of the weights of either class, in whole numbers, so that
   the sums do not depend on the order. Each step's edge is a possible split, whose gain is thereby known. Within a
   step the order of the samples is unknown, but gain is a convex function of the two classes' weights on the left, and
   so is largest where all of one class and none of the other has been passed: this bounds what a split within the step
   can gain. Two features share a byte, so that one addition serves both: their joint histogram has 16 x 16 cells.
2. Features whose bound is below the best gain known so far are done with. The others are examined by their exact
   values, again by steps, 256 now: only in those whose bound is high enough are samples sorted.

The result is the split that sorting every feature would find, and the same for any number of threads. Equal gains go
to the lower feature, as in opencv_traincascade.

A search that is not exact makes histograms of 2048 samples first, drawn at even distances in the sum of the weights,
and those of all samples only for the eighth of the features that do best on them; then it examines the best 256. On
stages of real faces it found the best feature in 44 of 45 searches, and in the other one that gains 0.5 % less.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cascade.trainer.examination import exact_gains
from cascade.trainer.features import FeaturePool
from cascade.trainer.histograms import gains_of
from cascade.trainer.integrals import Samples
from cascade.trainer.splits import GINI, MISCLASSIFICATION, RESPONSES, SQUARED_ERROR, Split
from cascade.trainer.values import all_pair_steps, haar_values, scales

_FAST = 256  # features examined in a search that is not exact
_PROBES = 2048  # samples on which it looks at all features ...
_PROMISING = 8  # ... so that only one pair in so many need be looked at on all samples
_FIRST, _BATCH = 64, 1024  # in an exact one: the best by their coarse steps, then so many at a time
_SLACK = 1e-5  # of all weight: more than rounding can hide


class HaarSearch:
    """The Haar features of a stage's samples, of which the first are positives.

    Parameters
    ----------
    cache
        uint8, shape (R, at least N): room for the steps of R pairs of features; the others' are calculated again in
        each search. It is overwritten.
    exact
        Examine every feature that could be best; see above for what is done otherwise.
    """

    def __init__(
        self, pool: FeaturePool, samples: Samples, positives: int, cache: NDArray[np.uint8], *, exact: bool
    ) -> None:
        self.pool, self.samples, self.positives, self.exact = pool, samples, positives, exact
        self.scales = scales(pool, samples)
        self.cache = cache[: (len(pool) + 1) // 2, : len(samples)]
        all_pair_steps(*self._tables(), self.cache)

    def best(
        self,
        chosen: NDArray[np.int64],
        weights: NDArray[np.float64],
        responses: NDArray[np.float32],
        criterion: int,
    ) -> Split | None:
        """See `Search`."""
        node = _Node(self.positives, chosen, weights, responses, criterion)
        pairs = self._promising(node)
        edges, bounds = self._gains(pairs, node.all, node.rule)
        first = _largest(edges, _FIRST if self.exact else _FAST, _features(pairs, len(edges)))
        floor = float(edges.max()) * node.unit - _SLACK * node.total
        best = self._examine(first, node, floor, None)
        if not self.exact:
            return best
        bounds *= node.unit
        bounds[first] = -1
        rest = np.flatnonzero(bounds >= floor)
        rest = rest[np.argsort(-bounds[rest], kind="stable")]
        for start in range(0, len(rest), _BATCH):
            floor = (best.gain if best else 0.0) - _SLACK * node.total
            batch = rest[start : start + _BATCH]
            batch = batch[bounds[batch] >= floor]
            if not len(batch):
                break
            best = self._examine(batch, node, floor, best)
        return best

    def goes_left(self, split: Split) -> NDArray[np.bool_]:
        """See `Search`."""
        assert split.threshold is not None
        return haar_values(self.pool, split.feature, self.samples) <= np.float32(split.threshold)

    def _promising(self, node: _Node) -> NDArray[np.int64]:
        """The pairs of features to look at: all, or those that do best on a few samples."""
        pairs = np.arange((len(self.pool) + 1) // 2)
        if self.exact or node.rule == RESPONSES or len(node.order) < 2 * _PROBES:
            return pairs
        edges, _ = self._gains(pairs, node.probes(), node.rule)
        return _largest(np.pad(edges, (0, len(edges) % 2)).reshape(-1, 2).max(axis=1), len(pairs) // _PROMISING, pairs)

    def _gains(
        self, pairs: NDArray[np.int64], planes: _Planes, rule: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The gains at the coarse steps' edges, and the bounds, of all features; -1 for those not of `pairs`."""
        edges, bounds = np.full((2, len(self.pool)), -1, np.float32)
        points, factors, corners, scale, integral, sigma = self._tables()
        if len(pairs) and pairs[-1] >= len(self.cache) and len(planes.members) < len(sigma):
            integral, sigma = np.take(integral, planes.members, axis=1), sigma[planes.members]
        gains_of(
            pairs,
            points,
            factors,
            corners,
            scale,
            integral,
            sigma,
            self.cache,
            planes.places,
            planes.whole,
            planes.starts,
            rule,
            edges,
            bounds,
        )
        return edges, bounds

    def _examine(self, candidates: NDArray[np.int64], node: _Node, floor: float, best: Split | None) -> Split | None:
        gains, thresholds = np.empty(len(candidates)), np.empty(len(candidates), np.float32)
        exact_gains(
            *self._tables(), candidates, node.order, node.weights, node.moments, node.rule, floor, gains, thresholds
        )
        # Compared in single precision, as the program does: the same candidates are equal.
        for feature, gain, threshold in zip(candidates, gains.astype(np.float32), thresholds, strict=True):
            if gain > 0 and (best is None or (-gain, feature) < (-np.float32(best.gain), best.feature)):
                best = Split(int(feature), float(gain), float(threshold))
        return best

    def _tables(self) -> tuple[NDArray[Any], ...]:
        pool, samples = self.pool, self.samples
        return pool.points, pool.factors, pool.corners, self.scales, samples.integral, samples.sigma


@dataclass(frozen=True)
class _Planes:
    """Weighted samples as histograms take them, one plane after the other.

    Attributes
    ----------
    members
        The samples' numbers, ascending.
    places
        uint32, shape (2, P): for each entry of the planes its sample's number, and its place among the members.
    whole, starts
        Whole weights, shape (P,), and where the planes begin: the positives' weights, the negatives', and, where
        responses are not +1 and -1, the sizes of either's weighted responses.
    """

    members: NDArray[np.uint32]
    places: NDArray[np.uint32]
    whole: NDArray[np.uint32]
    starts: NDArray[np.int64]

    @classmethod
    def of(cls, members: NDArray[np.uint32], positives: int, parts: list[NDArray[np.uint32]]) -> _Planes:
        """Planes of `members`, of which those below number `positives` are positives, weighing `parts`."""
        count, middle = len(members), int(np.searchsorted(members, positives))
        places = np.tile(np.stack([members, np.arange(count, dtype=np.uint32)]), len(parts))
        starts = [count * number + offset for number in range(len(parts)) for offset in (0, middle)]
        return cls(members, places, np.concatenate(parts), np.array([*starts, count * len(parts)]))


class _Node:
    """The samples to be split, as the compiled functions take them.

    Attributes
    ----------
    moments
        float64, the weighted responses.
    unit
        The weight that a whole weight of 1 in the planes `all` stands for.
    """

    def __init__(
        self,
        positives: int,
        chosen: NDArray[np.int64],
        weights: NDArray[np.float64],
        responses: NDArray[np.float32],
        criterion: int,
    ) -> None:
        middle = int(np.searchsorted(chosen, positives))
        self._positives = positives
        self.order, self.weights = chosen.astype(np.uint32), weights[chosen]
        labels = np.where(np.arange(len(chosen)) < middle, 1.0, -1.0)
        plain = criterion in (MISCLASSIFICATION, GINI) or bool((abs(responses[chosen]) == 1).all())
        self.rule = MISCLASSIFICATION if criterion == MISCLASSIFICATION else SQUARED_ERROR if plain else RESPONSES
        self.moments = self.weights * (labels if plain else responses[chosen].astype(np.float64))
        self.total = float(self.weights.sum())
        parts = [self.weights] if plain else [self.weights, np.abs(self.moments)]
        largest = max(float(part[half].sum()) for part in parts for half in (slice(middle), slice(middle, None)))
        self.unit = largest / (2.0**32 - 1 - len(chosen))
        whole = [np.rint(part / self.unit).astype(np.uint32) for part in parts]
        self.all = _Planes.of(self.order, positives, whole)

    def probes(self) -> _Planes:
        """A few samples that stand for all: at even distances in the sum of the weights, so that heavy ones count."""
        sums = np.cumsum(self.weights)
        places = np.searchsorted(sums, (np.arange(_PROBES) + 0.5) * (sums[-1] / _PROBES))
        members, counts = np.unique(self.order[places], return_counts=True)
        return _Planes.of(members, self._positives, [counts.astype(np.uint32)])


def _features(pairs: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """The features of these pairs; there are `count` in all."""
    return np.stack([2 * pairs, 2 * pairs + 1], axis=1).reshape(-1)[: None if pairs[-1] * 2 + 1 < count else -1]


def _largest(values: NDArray[np.float32], count: int, places: NDArray[np.int64]) -> NDArray[np.int64]:
    """At which of `places` the largest values are, and those that equal the least of them."""
    if len(places) <= count:
        return places
    some = values[places]
    return places[some >= np.partition(some, -count)[-count]]
