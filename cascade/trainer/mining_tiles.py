"""Compiled: scaled pixels of a picture, tile by tile, and their integral images.

The pixels are those of ``cv2.resize(..., interpolation=cv2.INTER_LINEAR_EXACT)``, which OpenCV's trainer and detector
use, to the last bit; but no scaled picture is ever held, so that a large picture takes no more memory than a small one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cascade.trainer.mining_addresses import address
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
    reached: NDArray[np.int64]
    sums: NDArray[np.int32]


def new_scratch(flat: FlatCascade, widest: int, chunk: int) -> Scratch:
    """Memory for one thread that searches pictures up to `widest` pixels wide."""
    row = TILE_WIDTH + flat.width
    return Scratch(
        np.zeros((3 if flat.tilted else 2) * flat.plane, np.int32),
        np.empty(widest + 1, np.int32),
        np.zeros((2, row + 2), np.int32),
        np.empty(row + 1, np.int32),
        np.empty(row, np.int32),
        np.empty(TILE_WIDTH, np.float32),
        np.empty(chunk, np.float32),
        np.empty((2 * flat.largest + 1) * chunk, np.float32),
        np.empty(2 * chunk, np.int32),
        np.empty(chunk, np.float32),
        np.zeros(TILE_WIDTH, np.int32),
        np.empty(TILE_WIDTH + 1, np.int64),
        np.empty(TILE_WIDTH + 1, np.int64),
        np.empty((2, row), np.int32),
    )


@njit(nogil=True, cache=True, error_model="numpy")
def scaled_row(picture, size, x, y, count, ready, taps, shares, line, out):  # type: ignore[no-untyped-def]
    """Write `count` pixels from (x, y) on of the picture scaled to `size` (width, height) into `out`.

    `taps`, `shares`, `line` and `out` are addresses; the first three are scratch memory, and with `ready` the first two
    are still right from the row before.
    """
    height, width = picture.shape
    if size[0] == width and size[1] == height:
        row = address(picture[y, x:])
        for j in range(count):
            out[np.uint64(j)] = np.int32(row[np.uint64(j)])
        return
    if not ready:
        for i in range(count):
            taps[i], shares[i] = _tap(x + i, width, size[0])
        first = np.int32(taps[0])
        for i in range(count):
            taps[i] -= first
        taps[count] = first
    top, share = _tap(y, height, size[1])
    first, last = np.int64(taps[count]), np.int64(taps[count] + taps[count - 1] + 2)
    above, below = address(picture[top, first:]), address(picture[min(top + 1, height - 1), first:])
    _blend(above, below, np.int32(share), min(last, width) - first, line)
    if last > width:
        line[width - first] = line[width - first - 1]
    for j in range(count):
        i = np.uint64(j)
        k, right = np.uint64(taps[i]), shares[i]
        mixed = np.int32(line[k] * np.int32(np.int32(256) - right)) + np.int32(line[k + np.uint64(1)] * right)
        out[i] = np.int32(mixed + np.int32(32768)) >> np.int32(16)


@njit(nogil=True, cache=True, error_model="numpy")
def _blend(above, below, share, count, line):  # type: ignore[no-untyped-def]
    """Mix two rows of pixels, `share` 1/256 of the lower one."""
    rest = np.int32(256) - share
    for j in range(count):
        i = np.uint64(j)
        line[i] = np.int32(np.int32(above[i]) * rest) + np.int32(np.int32(below[i]) * share)


@njit(nogil=True, cache=True, error_model="numpy")
def fill_tile(picture, size, x, y, columns, rows, tilted, stride, plane, scratch):  # type: ignore[no-untyped-def]
    """Integrate columns x rows pixels from (x, y) on of the picture scaled to `size`; sums start at zero."""
    grid, taps, shares, line = (
        address(scratch.grid),
        address(scratch.taps),
        address(scratch.shares),
        address(scratch.line),
    )
    pixels, before = address(scratch.pixels[0]), address(scratch.pixels[1])
    sums, squares = address(scratch.sums[0]), address(scratch.sums[1])
    for j in range(columns):
        sums[np.uint64(j)] = squares[np.uint64(j)] = np.int32(0)
    for row in range(rows):
        scaled_row(picture, size, x, y + row, columns, row > 0, taps, shares, line, pixels)
        _integrate(grid, pixels, sums, squares, columns, (row + 1) * stride + 1, plane)
        if tilted:
            _tilt(grid, before, pixels, columns, row, stride, 2 * plane)
            pixels, before = before, pixels


@njit(nogil=True, cache=True, error_model="numpy")
def _integrate(grid, pixels, sums, squares, columns, place, plane):  # type: ignore[no-untyped-def]
    """A row of the sums and of the sums of squares, from `place` on; `sums` and `squares` are those of the columns."""
    for j in range(columns):
        i = np.uint64(j)
        sums[i] += pixels[i]
        squares[i] += np.int32(pixels[i] * pixels[i])
    one, two, a, b = np.int32(0), np.int32(0), np.uint64(place), np.uint64(place + plane)
    for j in range(columns):
        i = np.uint64(j)
        one = np.int32(one + sums[i])
        two = np.int32(two + squares[i])
        grid[a + i] = one
        grid[b + i] = two


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
