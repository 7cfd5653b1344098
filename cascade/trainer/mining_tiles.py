"""Compiled: scaled pixels of a picture, tile by tile, and their integral images.

The pixels are those of ``cv2.resize(..., interpolation=cv2.INTER_LINEAR_EXACT)``, which OpenCV's trainer and detector
use, to the last bit; but no scaled picture is ever held, so that a large picture takes no more memory than a small one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cascade.trainer.mining_flat import TILE_WIDTH, FlatCascade


class Scratch(NamedTuple):
    """One thread's memory: a tile's integral images (sums, squares, tilted), and rows of pixels."""

    grid: NDArray[np.int32]
    line: NDArray[np.int32]
    pixels: NDArray[np.int32]
    taps: NDArray[np.int32]
    shares: NDArray[np.int32]
    norm: NDArray[np.float32]
    total: NDArray[np.float32]
    rows: NDArray[np.float32]
    codes: NDArray[np.int32]
    values: NDArray[np.float32]
    marks: NDArray[np.int32]
    alive: NDArray[np.int64]
    accepted: NDArray[np.int64]
    sums: NDArray[np.int32]


def new_scratch(flat: FlatCascade, widest: int, chunk: int) -> Scratch:
    """Memory for one thread that searches pictures up to `widest` pixels wide."""
    row = TILE_WIDTH + flat.width
    return Scratch(
        np.zeros((3 if flat.tilted else 2) * flat.plane, np.int32),
        np.empty(widest + 1, np.int32),
        np.zeros((2, row + 2), np.int32),
        np.empty(row, np.int32),
        np.empty(row, np.int32),
        np.empty(chunk, np.float32),
        np.empty(chunk, np.float32),
        np.empty((2 * flat.largest + 1) * chunk, np.float32),
        np.empty(2 * chunk, np.int32),
        np.empty(chunk, np.float32),
        np.empty(chunk, np.int32),
        np.empty(chunk, np.int64),
        np.empty(TILE_WIDTH, np.int64),
        np.empty((2, row), np.int32),
    )


@njit(nogil=True, cache=True, error_model="numpy")
def scaled_row(picture, size, x, y, count, ready, taps, shares, line, out):  # type: ignore[no-untyped-def]
    """Write `count` pixels from (x, y) on of the picture scaled to `size` (width, height) into `out`.

    `taps`, `shares` and `line` are scratch memory; with `ready` the first two are still right from the row before.
    """
    height, width = picture.shape
    if size[0] == width and size[1] == height:
        for i in range(count):
            out[i] = picture[y, x + i]
        return
    if not ready:
        for i in range(count):
            taps[i], shares[i] = _tap(x + i, width, size[0])
    top, share = _tap(y, height, size[1])
    below = min(top + 1, height - 1)
    first, last = taps[0], min(taps[count - 1] + 2, width)
    for i in range(last - first):
        line[i] = np.int32(picture[top, first + i]) * np.int32(256 - share) + np.int32(
            picture[below, first + i]
        ) * np.int32(share)
    line[last - first] = line[last - first - 1]
    for i in range(count):
        j = taps[i] - first
        out[i] = np.int32(line[j] * (256 - shares[i]) + line[j + 1] * shares[i] + 32768) >> 16


@njit(nogil=True, cache=True, error_model="numpy")
def fill_tile(picture, size, x, y, columns, rows, tilted, stride, plane, scratch):  # type: ignore[no-untyped-def]
    """Integrate columns x rows pixels from (x, y) on of the picture scaled to `size`; sums start at zero."""
    grid, taps, shares, line = scratch.grid, scratch.taps, scratch.shares, scratch.line
    sums, squares = scratch.sums[0], scratch.sums[1]
    for row in range(rows):
        pixels = scratch.pixels[row & 1]
        scaled_row(picture, size, x, y + row, columns, row > 0, taps, shares, line, pixels)
        _integrate(grid, pixels, sums, squares, columns, row, stride, plane)
        if tilted:
            _tilt(grid, scratch.pixels[1 - (row & 1)], pixels, columns, row, stride, 2 * plane)


@njit(nogil=True, cache=True, error_model="numpy")
def _integrate(grid, pixels, sums, squares, columns, row, stride, plane):  # type: ignore[no-untyped-def]
    """Row `row` + 1 of the sums and of the sums of squares."""
    above = np.uint64(row * stride + 1)
    below = above + np.uint64(stride)
    one, two = np.int32(0), np.int32(0)
    for j in range(columns):
        i = np.uint64(j)
        value = pixels[i]
        one = np.int32(one + value)
        two = np.int32(two + value * value)
        sums[i] = one
        squares[i] = two
    for j in range(columns):
        i = np.uint64(j)
        grid[below + i] = np.int32(grid[above + i] + sums[i])
    above, below = above + np.uint64(plane), below + np.uint64(plane)
    for j in range(columns):
        i = np.uint64(j)
        grid[below + i] = np.int32(grid[above + i] + squares[i])


@njit(nogil=True, cache=True, error_model="numpy")
def _tilt(grid, before, pixels, columns, row, stride, plane):  # type: ignore[no-untyped-def]
    """Row `row` + 1 of the tilted sums: all pixels in the upward cone of 45 degrees whose tip is the pixel."""
    above, below = plane + row * stride, plane + (row + 1) * stride
    if row == 0:
        grid[below] = 0
        for i in range(columns):
            grid[np.uint64(below + i + 1)] = pixels[i]
        return
    before_above = above - stride
    grid[below] = grid[above + 1]
    for i in range(columns - 1):
        sides = grid[np.uint64(above + i)] + grid[np.uint64(above + i + 2)] - grid[np.uint64(before_above + i + 1)]
        grid[np.uint64(below + i + 1)] = np.int32(sides + pixels[i] + before[i])
    grid[below + columns] = grid[above + columns - 1] + pixels[columns - 1] + before[columns - 1]


@njit(nogil=True, cache=True, error_model="numpy")
def _tap(place, source, target):  # type: ignore[no-untyped-def]
    """The left of the two pixels that a scaled pixel lies between, and the right one's share in 1/256."""
    exact = (1.0 / (target / source)) * (place + 0.5) - 0.5
    left = np.int64(np.floor(exact))
    if left < 0:
        return 0, 0
    if left >= source - 1:
        return source - 1, 0
    return left, np.int64(np.rint((exact - left) * 256.0))
