"""Compiled: histograms of all features of a stage's samples, and what a split by each can gain at least and at most.

See `cascade.trainer.search` for the idea.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from cascade.trainer.splits import RESPONSES, SQUARED_ERROR
from cascade.trainer.values import COARSE, pair_steps

_GROUP = 64  # pairs of features that a thread takes at a time
_TOGETHER = 4  # pairs whose histograms grow together: their additions do not wait for one another
_CELLS = COARSE * COARSE


@njit(error_model="numpy", cache=True, parallel=True)
def gains_of(  # type: ignore[no-untyped-def]
    pairs, points, factors, corners, scale, integral, sigma, cache, order, weights, starts, rule, edges, bounds
):
    """The best gain at a coarse step's edge, and the bound, of the features of `pairs`, in units of whole weights.

    Pairs beyond the rows of `cache` are calculated from `integral` and `sigma`, which may be of other samples than
    the rows: `order` has the places of a plane's samples in either, shape (2, ..).
    """
    features, planes = len(edges), len(starts) - 1
    for group in prange((len(pairs) + _GROUP - 1) // _GROUP):
        members = pairs[group * _GROUP : (group + 1) * _GROUP]
        joint = np.empty((_TOGETHER, planes, _CELLS), np.uint32)
        single = np.empty((2, planes, COARSE), np.uint32)
        work = np.empty((8, COARSE + 1), np.float32)
        known = np.searchsorted(members, len(cache))
        rows = np.empty((len(members) - known, len(sigma)), np.uint8)
        pair_steps(members[known:], points, factors, corners, scale, integral, sigma, rows)
        for start in range(0, len(members), _TOGETHER):
            count = min(_TOGETHER, len(members) - start)
            joint[:] = 0
            if count == _TOGETHER and start + count <= known:
                _add_four(_four(cache, members[start : start + count]), order[0], weights, starts, joint)
            elif count == _TOGETHER and start >= known:
                _add_four(_four(rows[start - known :], np.arange(count)), order[1], weights, starts, joint)
            else:
                for one in range(start, start + count):
                    row = cache[members[one]] if one < known else rows[one - known]
                    _add(row, order[0 if one < known else 1], weights, starts, joint[one - start])
            for one in range(count):
                _part(joint[one], single)
                for odd in range(2):
                    feature = 2 * members[start + one] + odd
                    if feature < features:
                        edges[feature], bounds[feature] = _scan(single[odd], rule, work)


@njit(error_model="numpy", cache=True)
def _four(rows, numbers):  # type: ignore[no-untyped-def]
    return rows[numbers[0]], rows[numbers[1]], rows[numbers[2]], rows[numbers[3]]


@njit(error_model="numpy", cache=True)
def _add_four(rows, order, weights, starts, sums):  # type: ignore[no-untyped-def]
    row0, row1, row2, row3 = rows
    for plane in range(len(starts) - 1):
        sums0, sums1, sums2, sums3 = sums[0, plane], sums[1, plane], sums[2, plane], sums[3, plane]
        members, whole = order[starts[plane] : starts[plane + 1]], weights[starts[plane] : starts[plane + 1]]
        for i in range(len(members)):
            sample, weight = members[i], whole[i]
            sums0[row0[sample]] += weight
            sums1[row1[sample]] += weight
            sums2[row2[sample]] += weight
            sums3[row3[sample]] += weight


@njit(error_model="numpy", cache=True)
def _add(row, order, weights, starts, sums):  # type: ignore[no-untyped-def]
    for plane in range(len(starts) - 1):
        place = sums[plane]
        members, whole = order[starts[plane] : starts[plane + 1]], weights[starts[plane] : starts[plane + 1]]
        for i in range(len(members)):
            place[row[members[i]]] += whole[i]


@njit(error_model="numpy", cache=True)
def _part(joint, single):  # type: ignore[no-untyped-def]
    """The histograms of the two features of a pair (feature, class, step) out of their joint one."""
    single[:] = 0
    for plane in range(len(joint)):
        for odd in range(COARSE):
            total = np.uint32(0)
            for even in range(COARSE):
                cell = joint[plane, odd * COARSE + even]
                single[0, plane, even] += cell
                total += cell
            single[1, plane, odd] = total


@njit(error_model="numpy", cache=True)
def _scan(histogram, rule, work):  # type: ignore[no-untyped-def]
    """The best gain at a step's edge, and the bound of any gain at all."""
    if rule == RESPONSES:
        return _scan_responses(histogram, work)
    left0, left1, right0, right1, edge, corner, other = work[0], work[1], work[2], work[3], work[4], work[5], work[6]
    _accumulate(histogram[0], left0, right0)
    _accumulate(histogram[1], left1, right1)
    if rule == SQUARED_ERROR:
        _squares(left0[:COARSE], left1[:COARSE], right0[:COARSE], right1[:COARSE], edge)
        _squares(left0[1:], left1[:COARSE], right0[1:], right1[:COARSE], corner)
        _squares(left0[:COARSE], left1[1:], right0[:COARSE], right1[1:], other)
    else:
        for i in range(COARSE):
            edge[i] = max(left0[i] + right1[i], left1[i] + right0[i])
            corner[i] = max(left0[i + 1] + right1[i], left1[i] + right0[i + 1])
            other[i] = max(left0[i] + right1[i + 1], left1[i + 1] + right0[i])
    best = _greatest(edge)
    return best, max(best, _greatest(corner), _greatest(other))


@njit(error_model="numpy", cache=True)
def _scan_responses(histogram, work):  # type: ignore[no-untyped-def]
    # Responses of any size allow no bound that is worth its time: every feature could be best.
    for plane in range(4):
        _accumulate(histogram[plane], work[2 * plane], work[2 * plane + 1])
    best = np.float32(0)
    for i in range(COARSE):
        left, right = work[0, i] + work[2, i], work[1, i] + work[3, i]
        lsum, rsum = work[4, i] - work[6, i], work[5, i] - work[7, i]
        best = max(best, (lsum * lsum * right + rsum * rsum * left) / (left * right + np.float32(1e-30)))
    return best, np.float32(np.inf)


@njit(error_model="numpy", cache=True)
def _greatest(values):  # type: ignore[no-untyped-def]
    """The greatest of 16 values, which are overwritten; halves are compared as a whole."""
    for half in (8, 4, 2, 1):
        for i in range(half):
            values[i] = values[i] if values[i] > values[i + half] else values[i + half]
    return values[0]


@njit(error_model="numpy", cache=True)
def _accumulate(histogram, left, right):  # type: ignore[no-untyped-def]
    """The weight below and above each of the 17 edges."""
    total, passed = np.uint32(0), np.uint32(0)
    for step in range(COARSE):
        total += histogram[step]
    for step in range(COARSE):
        left[step], right[step] = np.float32(passed), np.float32(total - passed)
        passed += histogram[step]
    left[COARSE], right[COARSE] = np.float32(total), np.float32(0)


@njit(error_model="numpy", cache=True)
def _squares(left0, left1, right0, right1, out):  # type: ignore[no-untyped-def]
    """The squared sums of responses of +1 and -1 over the weights, left and right together."""
    for i in range(COARSE):
        left, right = left0[i] + left1[i], right0[i] + right1[i]
        lsum, rsum = left0[i] - left1[i], right0[i] - right1[i]
        out[i] = (lsum * lsum * right + rsum * rsum * left) / (left * right + np.float32(1e-30))
