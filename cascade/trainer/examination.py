"""Compiled: the best split by one feature, from the exact values of its samples.

Samples are put on 256 steps first. Gain is a convex function of the weights of either class on the left, so that a
split within a step gains at most what passing all of one class and none of the other gains; only where that is enough
are the step's samples sorted.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from cascade.trainer.splits import MISCLASSIFICATION, RESPONSES
from cascade.trainer.values import FINE, exact_values, steps_of

_EPSILON = np.float32(2 * np.finfo(np.float32).eps)  # values closer than this are not parted


@njit(error_model="numpy", cache=True, parallel=True)
def exact_gains(  # type: ignore[no-untyped-def]
    points,
    factors,
    corners,
    scale,
    integral,
    sigma,
    candidates,
    order,
    weights,
    moments,
    rule,
    floor,
    gains,
    thresholds,
):
    """Best gain and threshold of each candidate, of the samples `order`; those below `floor` may be missed."""
    for number in prange(len(candidates)):
        feature = candidates[number]
        every = np.empty(len(sigma), np.float32)
        exact_values(points[feature], factors[feature], corners[feature], integral, sigma, every)
        values = np.empty(len(order), np.float32)
        for i in range(len(order)):
            values[i] = every[order[i]]
        steps = np.empty(len(order), np.uint8)
        steps_of(values, scale[feature], FINE, steps)
        gains[number], thresholds[number] = _exact_gain(values, steps, weights, moments, rule, floor)


@njit(error_model="numpy", cache=True)
def _exact_gain(values, steps, weights, moments, rule, floor):  # type: ignore[no-untyped-def]
    """The best gain and its threshold; splits that cannot reach `floor` may be passed over."""
    sums = np.zeros((FINE, 2), np.float64)
    low, high = np.full(FINE, np.float32(np.inf)), np.full(FINE, np.float32(-np.inf))
    for i in range(len(values)):
        step = steps[i]
        sums[step, 0] += weights[i]
        sums[step, 1] += moments[i]
        low[step] = min(low[step], values[i])
        high[step] = max(high[step], values[i])
    best, threshold = _best_edge(sums, low, high, rule)
    left, lsum = 0.0, 0.0
    right, rsum = sums[:, 0].sum(), sums[:, 1].sum()
    for step in range(FINE):
        weight, moment = sums[step]
        if low[step] + _EPSILON < high[step]:
            bound = _step_bound(left, lsum, right, rsum, weight, moment, rule)
            if bound > max(best, floor):
                gain, where = _within(values, steps, weights, moments, step, left, lsum, right, rsum, rule)
                if gain > best or (gain == best and where < threshold):
                    best, threshold = gain, where
        left, lsum, right, rsum = left + weight, lsum + moment, right - weight, rsum - moment
    return best, threshold


@njit(error_model="numpy", cache=True)
def _best_edge(sums, low, high, rule):  # type: ignore[no-untyped-def]
    """The best gain of a split between two steps that samples are in, and its threshold."""
    left, lsum = 0.0, 0.0
    right, rsum = sums[:, 0].sum(), sums[:, 1].sum()
    best, threshold = -1.0, np.float32(0)
    before = np.float32(-np.inf)
    for step in range(FINE):
        if low[step] > high[step]:
            continue
        if before + _EPSILON < low[step] and left > 0:
            gain = _gain(left, lsum, right, rsum, rule)
            if gain > best:
                best, threshold = gain, (before + low[step]) * np.float32(0.5)
        weight, moment = sums[step]
        left, lsum, right, rsum = left + weight, lsum + moment, right - weight, rsum - moment
        before = high[step]
    return best, threshold


@njit(error_model="numpy", cache=True)
def _step_bound(left, lsum, right, rsum, weight, moment, rule):  # type: ignore[no-untyped-def]
    """No split within a step gains more than to pass all of one class and none of the other."""
    if rule == RESPONSES:
        return np.inf
    one, other = (weight + moment) * 0.5, (weight - moment) * 0.5
    first = _gain(left + one, lsum + one, right - one, rsum - one, rule)
    second = _gain(left + other, lsum - other, right - other, rsum + other, rule)
    return max(first, second) * (1 + 1e-12)


@njit(error_model="numpy", cache=True)
def _within(values, steps, weights, moments, step, left, lsum, right, rsum, rule):  # type: ignore[no-untyped-def]
    """The best split among the samples of one step, sorted by their values."""
    members = np.flatnonzero(steps == step)
    members = members[np.argsort(values[members], kind="mergesort")]
    best, threshold = -1.0, np.float32(0)
    for place in range(len(members) - 1):
        i, following = members[place], members[place + 1]
        left, lsum = left + weights[i], lsum + moments[i]
        right, rsum = right - weights[i], rsum - moments[i]
        if values[i] + _EPSILON < values[following]:
            gain = _gain(left, lsum, right, rsum, rule)
            if gain > best:
                best, threshold = gain, (values[i] + values[following]) * np.float32(0.5)
    return best, threshold


@njit(error_model="numpy", cache=True)
def _gain(left, lsum, right, rsum, rule):  # type: ignore[no-untyped-def]
    if rule == MISCLASSIFICATION:
        # The positives of one side and the negatives of the other are right.
        return (left + right + abs(lsum - rsum)) * 0.5
    if left <= 0 or right <= 0:
        return 0.0
    return (lsum * lsum * right + rsum * rsum * left) / (left * right)
