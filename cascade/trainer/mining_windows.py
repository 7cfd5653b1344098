"""Compiled: which windows of a tile does a cascade accept, decided as ``cv2.CascadeClassifier`` decides.

A row of windows goes through the first stages in chunks, feature by feature, which the compiler turns into vector
instructions; the few that are left go on one at a time. Sums of a stage are taken in single precision for a chunk, and
once more in double precision, as OpenCV does, wherever the difference could matter. Everything else has the types and
the order of OpenCV's arithmetic, or is exact in whole numbers, so that the decisions are the same.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from cascade.trainer.mining_addresses import addresses
from cascade.trainer.mining_flat import NINE, SIX, TRIPLE
from cascade.trainer.mining_rows import CHUNK, FOUR, ONE, THREE, TWO, add_stumps, add_trees


@njit(nogil=True, cache=True, error_model="numpy")
def decide_row(flat, scratch, place, count):  # type: ignore[no-untyped-def]
    """Decide those of `count` windows side by side that `scratch.marks` marks (1, or 0), chunk by chunk.

    `place` is the first window's place in the tile. Returns how many were accepted; `scratch.alive` then begins with
    their numbers. The marks beyond `count`, up to a whole chunk, must be 0.
    """
    at = addresses(flat, scratch)
    if at.haar:
        _norms(at, flat.width, flat.height, flat.stride, flat.plane, place, count)
    listed = 0
    for first in range(0, count, CHUNK):
        left, stage = _count(at.marks, np.uint64(first)), 0
        while left >= at.together and stage < at.count:
            if at.stumps:
                add_stumps(at, place, first, stage)
            else:
                add_trees(at, place, first, stage)
            left = _filter(at, np.uint64(first), stage)
            if left < 0:
                left = _filter_closely(at, place, first, stage)
            stage += 1
        if left:
            listed = _list_marked(at, first, stage, listed)
    return _finish_stumps(at, place, listed) if at.haar and at.stumps else _finish_trees(at, place, listed)


@njit(nogil=True, cache=True, error_model="numpy")
def _count(marks, first):  # type: ignore[no-untyped-def]
    left = np.int32(0)
    for j in range(CHUNK):
        left += marks[first + np.uint64(j)]
    return left


@njit(nogil=True, cache=True, error_model="numpy")
def _list_marked(at, first, stage, listed):  # type: ignore[no-untyped-def]
    marks, alive, reached = at.marks, at.alive, at.reached
    for start in range(first, first + CHUNK, 16):
        some = np.int32(0)
        for i in range(16):
            some |= marks[start + i]
        if some:
            for i in range(start, start + 16):
                alive[listed], reached[listed] = i, stage
                listed += marks[i]
    return listed


@njit(nogil=True, cache=True, error_model="numpy")
def _norms(at, width, height, stride, plane, place, count):  # type: ignore[no-untyped-def]
    """1 / (area * standard deviation) of the windows less a border of one pixel.

    OpenCV's detector rejects windows with a standard deviation of 10 or less: their marks are taken away.
    """
    grid, norm, marks, area = at.grid, at.norm, at.marks, float((width - 2) * (height - 2))
    a = np.uint64(place + stride + 1)
    b = np.uint64(a + np.uint64(width - 2))
    c = np.uint64(a + np.uint64(stride * (height - 2)))
    d = np.uint64(c + np.uint64(width - 2))
    p = np.uint64(plane)
    for j in range(-(-count // CHUNK) * CHUNK):
        i = np.uint64(j)
        total = np.float64(np.int32(grid[a + i] - grid[b + i] - grid[c + i] + grid[d + i]))
        squares = np.float64(np.uint32(grid[p + a + i] - grid[p + b + i] - grid[p + c + i] + grid[p + d + i]))
        spread = area * squares - total * total
        norm[i] = np.float32(1.0 / np.sqrt(max(spread, 1.0)))
        marks[i] &= np.int32(area * np.float64(norm[i]) < 1e-1)


@njit(nogil=True, cache=True, error_model="numpy")
def _filter(at, first, stage):  # type: ignore[no-untyped-def]
    """Unmark what a stage rejects and count the rest; -1, with nothing done, if one is too close to tell."""
    marks, total, threshold = at.marks, at.total, at.thresholds[stage]
    low, high = threshold - at.slack[stage], threshold + at.slack[stage]
    close, left = np.int32(0), np.int32(0)
    for j in range(CHUNK):
        i = np.uint64(j)
        close |= marks[first + i] & np.int32(total[i] >= low) & np.int32(total[i] <= high)
    if close:
        return np.int32(-1)
    for j in range(CHUNK):
        i = np.uint64(j)
        marks[first + i] &= np.int32(total[i] >= threshold)
        left += marks[first + i]
    return left


@njit(nogil=True, cache=True, error_model="numpy")
def _filter_closely(at, place, first, stage):  # type: ignore[no-untyped-def]
    left = np.int32(0)
    for i in range(first, first + CHUNK):
        if at.marks[i]:
            passes = _stage_sum(at, np.uint64(place + i), at.norm[i], stage) >= at.thresholds[stage]
            at.marks[i] = passes
            left += passes
    return left


@njit(nogil=True, cache=True, error_model="numpy")
def _finish_stumps(at, place, listed):  # type: ignore[no-untyped-def]
    """Send the windows listed in `alive`, one at a time, through the stages from `reached` on; list the accepted."""
    accepted = 0
    for k in range(listed):
        i = at.alive[k]
        window, factor, passes = np.uint64(place + i), at.norm[i], True
        for stage in range(at.reached[k], at.count):
            total = 0.0
            for node in range(at.stages[stage], at.stages[stage + 1]):
                # All is read before the choice: no branch then.
                less, more, split = at.leaves[2 * node], at.leaves[2 * node + 1], at.splits[node]
                below = _haar(at, window, node) * factor < split
                total += np.float64(less if below else more)
            if total < at.thresholds[stage]:
                passes = False
                break
        at.alive[accepted] = i
        accepted += passes
    return accepted


@njit(nogil=True, cache=True, error_model="numpy")
def _finish_trees(at, place, listed):  # type: ignore[no-untyped-def]
    accepted = 0
    for k in range(listed):
        i, passes = at.alive[k], True
        for stage in range(at.reached[k], at.count):
            if _stage_sum(at, np.uint64(place + i), at.norm[i], stage) < at.thresholds[stage]:
                passes = False
                break
        at.alive[accepted] = i
        accepted += passes
    return accepted


@njit(nogil=True, cache=True, error_model="numpy")
def _stage_sum(at, window, norm, stage):  # type: ignore[no-untyped-def]
    """The sum of a stage's trees in OpenCV's order and precision."""
    total = 0.0
    for weak in range(at.stages[stage], at.stages[stage + 1]):
        root, child = at.nodes[weak], 0
        while True:
            node = root + child
            if at.haar:
                goes_left = _haar(at, window, node) * norm < at.splits[node]
            else:
                goes_left = _is_in_subset(_pattern(at.grid, window, at.corners, node), at.subsets, node)
            one, other = at.left[node], at.right[node]  # read before the choice: no branch then
            child = one if goes_left else other
            if child <= 0:
                break
        total += np.float64(at.leaves[root + weak - child])
    return total


@njit(nogil=True, cache=True, error_model="numpy")
def _is_in_subset(code, subsets, node):  # type: ignore[no-untyped-def]
    return (subsets[np.uint64(8 * node + (code >> 5))] >> np.uint32(code & 31)) & np.uint32(1) != 0


@njit(nogil=True, cache=True, error_model="numpy", inline="always")
def _haar(at, window, node):  # type: ignore[no-untyped-def]
    """A feature's value; `window` is the window's place in the integral images."""
    grid, corners, weights, kind = at.grid, at.corners, at.weights, at.kinds[node]
    c, w = np.uint64(12 * node), np.uint64(3 * node)
    if kind == SIX:
        ones = _less(grid, window, corners, c, TWO) + _less(grid, window, corners, c + ONE, TWO)
        twos = _less(grid, window, corners, c + FOUR, ONE)
        return np.float32(np.int32(ones + twos + twos))
    if kind == NINE:
        ones, twos = np.int32(0), np.int32(0)
        for k in range(4):
            ones += grid[window + corners[c + np.uint64(k)]]
            twos += grid[window + corners[c + FOUR + np.uint64(k)]]
        middle = grid[window + corners[c + FOUR + FOUR]]
        return np.float32(np.int32(ones - twos - twos + np.int32(4) * middle))
    value = weights[w] * _sum(grid, window, corners, c) + weights[w + ONE] * _sum(grid, window, corners, c + FOUR)
    if kind == TRIPLE:
        value += weights[w + TWO] * _sum(grid, window, corners, c + FOUR + FOUR)
    return value


@njit(nogil=True, cache=True, error_model="numpy")
def _less(grid, window, corners, c, step):  # type: ignore[no-untyped-def]
    return np.int32(grid[window + corners[c]] - grid[window + corners[c + step]])


@njit(nogil=True, cache=True, error_model="numpy")
def _sum(grid, window, corners, c):  # type: ignore[no-untyped-def]
    top = grid[window + corners[c]] - grid[window + corners[c + ONE]]
    return np.float32(np.int32(top - grid[window + corners[c + TWO]] + grid[window + corners[c + THREE]]))


@njit(nogil=True, cache=True, error_model="numpy")
def _pattern(grid, window, corners, node):  # type: ignore[no-untyped-def]
    """The local binary pattern: one bit for each cell around the middle one that is at least as bright."""
    middle, code = _cell(grid, window, corners, 16 * node + 5), 0
    for cell in (0, 1, 2, 6, 10, 9, 8, 4):
        code = code * 2 + (_cell(grid, window, corners, 16 * node + cell) >= middle)
    return code


@njit(nogil=True, cache=True, error_model="numpy")
def _cell(grid, window, corners, c):  # type: ignore[no-untyped-def]
    """The sum of the cell whose corners are `c`, `c` + 1 and, a row of corners below, `c` + 4, `c` + 5."""
    k = np.uint64(c)
    top = grid[window + corners[k]] - grid[window + corners[k + ONE]]
    return np.int32(top - grid[window + corners[k + FOUR]] + grid[window + corners[k + FOUR + ONE]])
