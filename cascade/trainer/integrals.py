"""Integral images of the samples, stored point by point: ``integral[point, sample]``.

All samples' values of one point lie side by side, so that a feature is evaluated for many samples by one instruction.
The sums are those of ``cv2.integral``: the point (x, y) has the pixels above and left of it, and its tilted twin those
of the 45 degree triangle whose tip is the pixel (x - 1, y - 1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

_BLOCK = 256  # samples that one thread takes at a time


@dataclass(frozen=True)
class Samples:
    """Samples ready for feature evaluation.

    Attributes
    ----------
    integral
        int32, shape (points, N); the tilted image's points, where there are such, follow the upright one's.
    sigma
        float32, shape (N,): what Haar features are divided by; infinite for a sample without contrast, so that its
        features are 0, as in opencv_traincascade.
    """

    integral: NDArray[np.int32]
    sigma: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.sigma)


def prepare(samples: NDArray[np.uint8], *, tilted: bool = False) -> Samples:
    """Integral images and contrast of samples of shape (N, height, width).

    Source: ``calcNormFactor`` of opencv_traincascade: area times the standard deviation, over the window less a border
    of one pixel.
    """
    count, height, width = samples.shape
    points = (height + 1) * (width + 1)
    integral = np.zeros((points * (2 if tilted else 1), count), np.int32)
    sigma = np.empty(count, np.float32)
    _fill(np.ascontiguousarray(samples), integral, sigma, tilted)
    return Samples(integral, sigma)


@njit(error_model="numpy", cache=True, parallel=True)
def _fill(samples, integral, sigma, tilted):  # type: ignore[no-untyped-def]
    count, height, width = samples.shape
    for block in prange((count + _BLOCK - 1) // _BLOCK):
        start, stop = block * _BLOCK, min(count, (block + 1) * _BLOCK)
        for i in range(start, stop):
            sigma[i] = _sigma(samples[i])
        _upright(samples, integral, start, stop)
        if tilted:
            _tilted(samples, integral[(height + 1) * (width + 1) :], start, stop)


@njit(error_model="numpy", cache=True)
def _sigma(sample):  # type: ignore[no-untyped-def]
    height, width = sample.shape
    total, squares = 0, 0
    for y in range(1, height - 1):
        for x in range(1, width - 1):
            value = np.int64(sample[y, x])
            total += value
            squares += value * value
    area = (height - 2) * (width - 2)
    variance = np.float64(area) * np.float64(squares) - np.float64(total) * np.float64(total)
    return np.float32(np.sqrt(variance)) if variance > 0 else np.float32(np.inf)


@njit(error_model="numpy", cache=True)
def _upright(samples, integral, start, stop):  # type: ignore[no-untyped-def]
    height, width = samples.shape[1:]
    stride = width + 1
    row = np.zeros(stop - start, np.int32)
    for y in range(height):
        row[:] = 0
        for x in range(width):
            above, here = integral[y * stride + x + 1], integral[(y + 1) * stride + x + 1]
            for i in range(start, stop):
                row[i - start] += samples[i, y, x]
                here[i] = above[i] + row[i - start]


@njit(error_model="numpy", cache=True)
def _tilted(samples, integral, start, stop):  # type: ignore[no-untyped-def]
    height, width = samples.shape[1:]
    stride = width + 1
    for y in range(1, height + 1):
        for x in range(stride):
            here = integral[y * stride + x]
            for i in range(start, stop):
                total = integral[(y - 1) * stride + x - 1, i] if x > 0 else integral[(y - 1) * stride + 1, i]
                if 0 < x < width:
                    total += integral[(y - 1) * stride + x + 1, i]
                    total -= integral[(y - 2) * stride + x, i] if y > 1 else 0
                if x > 0:
                    total += samples[i, y - 1, x - 1]
                    total += samples[i, y - 2, x - 1] if y > 1 else 0
                here[i] = total
