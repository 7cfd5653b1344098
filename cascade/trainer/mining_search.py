"""Compiled: search one picture for windows that a cascade accepts, in the picture's own shuffled order.

The windows of a picture, over all scales, are numbered 0 to n - 1 (scale, row, column) and shuffled by
``rank = (number * multiplier + shift) % n`` with a multiplier that has no factor in common with n. Every stretch of
ranks is then spread over all scales and places, and a single number says which windows have been tried.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from cascade.trainer.mining_addresses import address
from cascade.trainer.mining_flat import TILE_HEIGHT, TILE_WIDTH
from cascade.trainer.mining_tiles import fill_tile, scaled_row
from cascade.trainer.mining_windows import decide_row

_SPARSE = 100  # trying one window by itself costs about as much as so many windows of a whole tile


@njit(nogil=True, cache=True, error_model="numpy")
def search(picture, sizes, order, start, end, limit, flat, scratch):  # type: ignore[no-untyped-def]
    """Find the first `limit` accepted windows with ranks from `start` to `end` - 1.

    Parameters
    ----------
    picture
        uint8, shape (height, width).
    sizes
        int64, a row (width, height, number of the first window) a scale, and a last row with the number of all.
    order
        int64: the multiplier, the shift, and the multiplier's inverse modulo the number of all windows.

    Returns
    -------
    The accepted windows' ranks, ascending, the rank to go on from (every window before it has been tried), and the
    accepted windows' pixels, uint8 of shape (n, height, width).
    """
    if (end - start) * _SPARSE < sizes[-1, 2]:
        ranks, reached = _search_sparsely(picture, sizes, order, start, end, limit, flat, scratch)
    else:
        ranks, reached = _search_densely(picture, sizes, order, start, end, limit, flat, scratch)
    samples = np.empty((len(ranks), flat.height, flat.width), np.uint8)
    _cut(picture, sizes, order, ranks, scratch, samples)
    return ranks, reached, samples


@njit(nogil=True, cache=True, error_model="numpy")
def _cut(picture, sizes, order, ranks, scratch, out):  # type: ignore[no-untyped-def]
    """Copy the pixels of the windows with these ranks."""
    row, line = address(scratch.pixels[0]), address(scratch.line)
    taps, shares = address(scratch.taps), address(scratch.shares)
    for k in range(len(ranks)):
        scale, x, y = _locate(sizes, order, ranks[k], out.shape[2])
        for j in range(out.shape[1]):
            scaled_row(picture, sizes[scale], x, y + j, out.shape[2], j > 0, taps, shares, line, row)
            for i in range(out.shape[2]):
                out[k, j, i] = row[i]


@njit(nogil=True, cache=True, error_model="numpy")
def _search_sparsely(picture, sizes, order, start, end, limit, flat, scratch):  # type: ignore[no-untyped-def]
    ranks = np.empty(min(limit, end - start), np.int64)
    found = 0
    scratch.marks[:] = 0
    for rank in range(start, end):
        scale, x, y = _locate(sizes, order, rank, flat.width)
        size = sizes[scale]
        fill_tile(picture, size, x, y, flat.width, flat.height, flat.tilted, flat.stride, flat.plane, scratch)
        scratch.marks[0] = 1
        if decide_row(flat, scratch, 0, 1):
            ranks[found] = rank
            found += 1
            if found == limit:
                return ranks, rank + 1
    return ranks[:found], end


@njit(nogil=True, cache=True, error_model="numpy")
def _search_densely(picture, sizes, order, start, end, limit, flat, scratch):  # type: ignore[no-untyped-def]
    ranks = np.empty(2 * limit + 64, np.int64)
    found = 0
    for scale in range(len(sizes) - 1):
        columns, rows = sizes[scale, 0] - flat.width + 1, sizes[scale, 1] - flat.height + 1
        for y in range(0, rows, TILE_HEIGHT):
            for x in range(0, columns, TILE_WIDTH):
                shape = min(TILE_WIDTH, columns - x), min(TILE_HEIGHT, rows - y)
                number = sizes[scale, 2] + y * columns + x
                _fill(picture, sizes[scale], x, y, shape, flat, scratch)
                found, end = _search_tile(
                    shape, number, columns, order, sizes[-1, 2], start, end, limit, flat, scratch, ranks, found
                )
    found, end = _keep_first(ranks, found, limit, end)
    return ranks[:found].copy(), end


@njit(nogil=True, cache=True, error_model="numpy")
def _fill(picture, size, x, y, shape, flat, scratch):  # type: ignore[no-untyped-def]
    columns, rows = shape[0] + flat.width - 1, shape[1] + flat.height - 1
    fill_tile(picture, size, x, y, columns, rows, flat.tilted, flat.stride, flat.plane, scratch)


@njit(nogil=True, cache=True, error_model="numpy")
def _search_tile(  # type: ignore[no-untyped-def]
    shape, number, columns, order, count, start, end, limit, flat, scratch, ranks, found
):
    """Search the windows of one tile; `number` is its first window's. Returns what has been found, and the end."""
    for y in range(shape[1]):
        first = number + y * columns
        _mark(scratch.marks, shape[0], (first * order[0] + order[1]) % count, order[0], count, start, end)
        accepted = decide_row(flat, scratch, y * flat.stride, shape[0])
        for k in range(accepted):
            rank = ((first + scratch.alive[k]) * order[0] + order[1]) % count
            if rank < end:  # which may have become less since
                ranks[found] = rank
                found += 1
                if found == len(ranks):
                    found, end = _keep_first(ranks, found, limit, end)
    return found, end


@njit(nogil=True, cache=True, error_model="numpy")
def _mark(marks, windows, rank, step, count, start, end):  # type: ignore[no-untyped-def]
    """Mark those of a row's windows whose ranks are from `start` to `end` - 1; `rank` is the first one's."""
    marks[:] = 0
    if start == 0 and end == count:
        marks[:windows] = 1
        return
    for i in range(windows):
        marks[i] = start <= rank < end
        rank += step
        rank -= count if rank >= count else 0


@njit(nogil=True, cache=True, error_model="numpy")
def _keep_first(ranks, found, limit, end):  # type: ignore[no-untyped-def]
    """Sort the ranks; where they are more than enough, forget the last ones and let the search end before them."""
    ranks[:found] = np.sort(ranks[:found])
    if found >= limit:
        return limit, ranks[limit - 1] + 1
    return found, end


@njit(nogil=True, cache=True, error_model="numpy")
def _locate(sizes, order, rank, width):  # type: ignore[no-untyped-def]
    """Scale, column and row of the window with this rank."""
    number = ((rank - order[1]) % sizes[-1, 2]) * order[2] % sizes[-1, 2]
    scale = 0
    while number >= sizes[scale + 1, 2]:
        scale += 1
    columns = sizes[scale, 0] - width + 1
    return scale, (number - sizes[scale, 2]) % columns, (number - sizes[scale, 2]) // columns
