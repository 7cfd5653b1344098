"""Feature values: exact ones as opencv_traincascade computes them, and their places on scales of 16 and 256 steps.

A Haar value is a weighted sum of rectangles in whole numbers, then one division by the sample's contrast, in single
precision. Its step is a monotonic function of the value, finer where values are dense: the search for splits works on
steps and returns to the values where it matters.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from cascade.trainer.features import FeaturePool
from cascade.trainer.integrals import Samples

COARSE, FINE = 16, 256
"""Steps on the two scales. Two coarse ones make a byte."""

_LANE = 512  # samples at a time: their integral images stay in the second-level cache
_GROUP = 512  # features that a thread takes at a time
_PROBES = 512  # samples that a feature's scale is taken from


def haar_values(pool: FeaturePool, number: int, samples: Samples) -> NDArray[np.float32]:
    """The exact values, shape (N,), of one Haar feature."""
    out = np.empty(len(samples), np.float32)
    exact_values(pool.points[number], pool.factors[number], pool.corners[number], samples.integral, samples.sigma, out)
    return out


def lbp_codes(pool: FeaturePool, samples: Samples) -> NDArray[np.uint8]:
    """The codes 0 to 255, shape (F, N), of all LBP features."""
    out = np.empty((len(pool), len(samples)), np.uint8)
    _lbp_codes(pool.points, samples.integral, out)
    return out


def scales(pool: FeaturePool, samples: Samples) -> NDArray[np.float32]:
    """Where each Haar feature's values lie: shape (F, 2), the middle and the reciprocal spread."""
    probes = np.linspace(0, len(samples) - 1, min(_PROBES, len(samples))).astype(np.int64)
    out = np.empty((len(pool), 2), np.float32)
    integral = np.ascontiguousarray(samples.integral[:, probes])
    _scales(pool.points, pool.factors, pool.corners, integral, samples.sigma[probes], out)
    return out


@njit(error_model="numpy", cache=True)
def exact_values(points, factors, corners, integral, sigma, out):  # type: ignore[no-untyped-def]
    """Values of one feature for all samples into `out` (float32, shape (N,))."""
    sums = np.zeros(len(out), np.int32)
    for corner in range(corners):
        row, factor = integral[points[corner]], factors[corner]
        for i in range(len(out)):
            sums[i] += factor * row[i]
    for i in range(len(out)):
        out[i] = np.float32(sums[i]) / sigma[i]


@njit(error_model="numpy", cache=True, inline="always")
def _step(value, middle, narrow, count):  # type: ignore[no-untyped-def]
    """The step of a value, 0 to less than `count`: a distribution function with long tails, roughly the values' own."""
    offset = (value - middle) * narrow
    return np.float32(count * 0.5) + np.float32(count * 0.4999) * offset / (np.float32(1) + abs(offset))


@njit(error_model="numpy", cache=True)
def steps_of(values, scale, count, out):  # type: ignore[no-untyped-def]
    """The steps of exact values."""
    middle, narrow = scale[0], scale[1]
    for i in range(len(values)):
        out[i] = np.uint8(np.int32(_step(values[i], middle, narrow, count)))


@njit(error_model="numpy", cache=True)
def pair_steps(pairs, points, factors, corners, scale, integral, sigma, out):  # type: ignore[no-untyped-def]
    """The coarse steps of feature `pairs` into the rows of `out`, the odd feature's times 16.

    The contrast is multiplied by its reciprocal, so that a value at the very edge of a step may fall beside it.
    """
    count, features = len(sigma), len(corners)
    narrow = np.float32(1) / sigma
    steps, sums = np.empty(_LANE, np.uint8), np.empty(_LANE, np.int32)
    for start in range(0, count, _LANE):
        stop = min(count, start + _LANE)
        size = stop - start
        for row in range(len(out)):
            even, odd = 2 * pairs[row], 2 * pairs[row] + 1
            place = out[row, start:stop]
            _lane_steps(
                points[even], factors[even], corners[even], scale[even], integral, narrow, start, stop, sums, place
            )
            if odd < features:
                _lane_steps(
                    points[odd], factors[odd], corners[odd], scale[odd], integral, narrow, start, stop, sums, steps
                )
                for i in range(size):
                    place[i] |= steps[i] << np.uint8(4)


@njit(error_model="numpy", cache=True)
def _lane_steps(points, factors, corners, scale, integral, narrow, start, stop, sums, out):  # type: ignore[no-untyped-def]
    sums[: stop - start] = 0
    # Three points at a time: more would be too many for the compiler to see that they are not where the sums are.
    for corner in range(0, corners, 3):
        row0 = integral[points[corner], start:stop]
        row1 = integral[points[corner + 1], start:stop]
        row2 = integral[points[corner + 2], start:stop]
        factor0, factor1, factor2 = factors[corner], factors[corner + 1], factors[corner + 2]
        for i in range(stop - start):
            sums[i] += factor0 * row0[i] + factor1 * row1[i] + factor2 * row2[i]
    middle, spread = scale[0], scale[1]
    contrast = narrow[start:stop]
    for i in range(stop - start):
        out[i] = np.uint8(np.int32(_step(np.float32(sums[i]) * contrast[i], middle, spread, COARSE)))


@njit(error_model="numpy", cache=True, parallel=True)
def all_pair_steps(points, factors, corners, scale, integral, sigma, out):  # type: ignore[no-untyped-def]
    """The coarse steps of the first ``2 * len(out)`` features."""
    pairs = len(out)
    for group in prange((pairs + _GROUP - 1) // _GROUP):
        first, last = group * _GROUP, min(pairs, (group + 1) * _GROUP)
        pair_steps(np.arange(first, last), points, factors, corners, scale, integral, sigma, out[first:last])


@njit(error_model="numpy", cache=True, parallel=True)
def _scales(points, factors, corners, integral, sigma, out):  # type: ignore[no-untyped-def]
    for feature in prange(len(out)):
        values = np.empty(len(sigma), np.float32)
        exact_values(points[feature], factors[feature], corners[feature], integral, sigma, values)
        middle, spread = np.float32(0), np.float32(0)
        for value in values:
            middle += value
        middle /= np.float32(len(values))
        for value in values:
            spread += abs(value - middle)
        spread /= np.float32(len(values))
        out[feature, 0] = middle
        out[feature, 1] = np.float32(1) / max(spread, np.float32(1e-6))


@njit(error_model="numpy", cache=True, parallel=True)
def _lbp_codes(points, integral, out):  # type: ignore[no-untyped-def]
    for feature in prange(len(out)):
        p = points[feature]
        for i in range(out.shape[1]):
            out[feature, i] = _lbp_code(integral, p, i)


@njit(error_model="numpy", cache=True)
def _lbp_code(integral, p, i):  # type: ignore[no-untyped-def]
    # The neighbours clockwise from the top left, as cells (row, column) of the 3 x 3; the first is the highest bit.
    centre = _cell(integral, p, i, 1, 1)
    code = 0
    for row, column in ((0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0)):
        code = code * 2 + (1 if _cell(integral, p, i, row, column) >= centre else 0)
    return np.uint8(code)


@njit(error_model="numpy", cache=True)
def _cell(integral, p, i, row, column):  # type: ignore[no-untyped-def]
    corner = 4 * row + column
    upper = integral[p[corner], i] - integral[p[corner + 1], i]
    return upper - integral[p[corner + 4], i] + integral[p[corner + 5], i]
