"""Compiled: which windows of a tile does a cascade accept, decided as ``cv2.CascadeClassifier`` decides.

A row of windows goes through the first stages together, feature by feature, which the compiler turns into vector
instructions; the few that are left go on one at a time. Sums of a stage are taken in single precision for a row, and
once more in double precision, as OpenCV does, wherever the difference could matter. Everything else has the types and
the order of OpenCV's arithmetic, so that the decisions are the same.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from cascade.trainer.mining_flat import PATTERNS, STUMPS, TREES

CHUNK = 64
"""So many windows of a row are decided together."""

# Numba checks signed indices for negative ones, which keeps loops from being turned into vector instructions.
ONE, TWO, THREE, FOUR = np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(4)

_TOGETHER = 12  # as long as so many of a chunk are left, all of it goes through the next stage


@njit(nogil=True, cache=True, error_model="numpy")
def decide_row(flat, scratch, place, count):  # type: ignore[no-untyped-def]
    """Decide `count` windows side by side; `scratch.accepted` then begins with the accepted ones' numbers.

    `place` is the first window's place in the tile. Returns how many were accepted.
    """
    accepted = 0
    for x in range(0, count, CHUNK):
        left = _decide_chunk(flat, scratch, place + x, min(CHUNK, count - x))
        for k in range(left):
            scratch.accepted[accepted] = x + scratch.alive[k]
            accepted += 1
    return accepted


@njit(nogil=True, cache=True, error_model="numpy", inline="always")
def _decide_chunk(flat, scratch, place, count):  # type: ignore[no-untyped-def]
    """Decide up to `CHUNK` windows; `scratch.alive` then begins with the accepted ones' numbers."""
    grid, marks, alive, norm, total = scratch.grid, scratch.marks, scratch.alive, scratch.norm, scratch.total
    left, stage = _mark_all(marks, count), 0
    if flat.kind != PATTERNS:
        left = _norms(grid, place, flat.width, flat.height, flat.stride, flat.plane, norm, marks)
    while left >= _TOGETHER and stage < len(flat.thresholds) and flat.kind != TREES:
        nodes, leaves = (flat.stages[stage], flat.stages[stage + 1]), (flat.low, flat.high)
        if flat.kind == PATTERNS:
            _add_patterns(grid, place, nodes, flat.corners, flat.subsets, leaves, total)
        else:
            _add_haar(grid, place, nodes, flat.corners, flat.weights, flat.splits, leaves, norm, total)
        left = _filter(total, flat.thresholds[stage], flat.slack[stage], marks)
        if left < 0:
            left = _filter_closely(flat, scratch, place, stage)
        stage += 1
    if left:
        left = _list_marked(marks, alive)
        if flat.kind == STUMPS:
            haar = flat.corners, flat.weights, flat.splits, flat.low, flat.high
            left = _finish_stumps(grid, place, norm, alive, left, stage, flat.stages, flat.thresholds, haar)
        else:
            left = _finish_trees(flat, scratch, place, left, stage)
    return left


@njit(nogil=True, cache=True, error_model="numpy")
def _mark_all(marks, count):  # type: ignore[no-untyped-def]
    for i in range(CHUNK):
        marks[i] = i < count
    return count


@njit(nogil=True, cache=True, error_model="numpy")
def _list_marked(marks, alive):  # type: ignore[no-untyped-def]
    left = 0
    for start in range(0, CHUNK, 16):
        some = np.int32(0)
        for i in range(16):
            some |= marks[start + i]
        if some:
            for i in range(start, start + 16):
                alive[left] = i
                left += marks[i]
    return left


@njit(nogil=True, cache=True, error_model="numpy")
def _norms(grid, place, width, height, stride, plane, norm, marks):  # type: ignore[no-untyped-def]
    """1 / (area * standard deviation) of the windows less a border of one pixel.

    OpenCV's detector rejects windows with a standard deviation of 10 or less: their marks are taken away.
    """
    area = float((width - 2) * (height - 2))
    a = np.uint64(place + stride + 1)
    b = np.uint64(a + np.uint64(width - 2))
    c = np.uint64(a + np.uint64(stride * (height - 2)))
    d = np.uint64(c + np.uint64(width - 2))
    p = np.uint64(plane)
    left = np.int32(0)
    for j in range(CHUNK):
        i = np.uint64(j)
        total = np.float64(np.int32(grid[a + i] - grid[b + i] - grid[c + i] + grid[d + i]))
        squares = np.float64(np.uint32(grid[p + a + i] - grid[p + b + i] - grid[p + c + i] + grid[p + d + i]))
        spread = area * squares - total * total
        norm[i] = np.float32(1.0 / np.sqrt(max(spread, 1.0)))
        marks[i] &= np.int32(area * np.float64(norm[i]) < 1e-1)
        left += marks[i]
    return left


@njit(nogil=True, cache=True, error_model="numpy")
def _filter(total, threshold, slack, marks):  # type: ignore[no-untyped-def]
    """Unmark what a stage rejects and count the rest; -1, with nothing done, if one is too close to tell."""
    close, left = np.int32(0), np.int32(0)
    low, high = threshold - slack, threshold + slack
    for j in range(CHUNK):
        i = np.uint64(j)
        close |= marks[i] & np.int32(total[i] >= low) & np.int32(total[i] <= high)
    if close:
        return np.int32(-1)
    for j in range(CHUNK):
        i = np.uint64(j)
        marks[i] &= np.int32(total[i] >= threshold)
        left += marks[i]
    return left


@njit(nogil=True, cache=True, error_model="numpy")
def _filter_closely(flat, scratch, place, stage):  # type: ignore[no-untyped-def]
    left = np.int32(0)
    for i in range(CHUNK):
        if scratch.marks[i]:
            passes = _stage_sum(flat, scratch.grid, place + i, scratch.norm[i], stage) >= flat.thresholds[stage]
            scratch.marks[i] = passes
            left += passes
    return left


@njit(nogil=True, cache=True, error_model="numpy")
def _add_haar(grid, place, nodes, corners, weights, splits, leaves, norm, total):  # type: ignore[no-untyped-def]
    """Sum up the leaves of a stage of Haar stumps for a whole chunk."""
    for i in range(CHUNK):
        total[i] = np.float32(0.0)
    for node in range(nodes[0], nodes[1]):
        low, high, split = leaves[0][node], leaves[1][node], splits[node]
        if weights[3 * node + 2] == 0.0:
            _add_pairs(grid, place, corners, weights, split, node, low, high, norm, total)
        else:
            _add_triples(grid, place, corners, weights, split, node, low, high, norm, total)


@njit(nogil=True, cache=True, error_model="numpy")
def _add_pairs(grid, place, corners, weights, split, node, low, high, norm, total):  # type: ignore[no-untyped-def]
    c, p = np.uint64(12 * node), np.uint64(place)
    a, b, d, e = p + corners[c], p + corners[c + ONE], p + corners[c + TWO], p + corners[c + THREE]
    c += FOUR
    f, g, h, k = p + corners[c], p + corners[c + ONE], p + corners[c + TWO], p + corners[c + THREE]
    first, second = weights[3 * node], weights[3 * node + 1]
    for j in range(CHUNK):
        i = np.uint64(j)
        one = np.float32(np.int32(grid[a + i] - grid[b + i] - grid[d + i] + grid[e + i]))
        two = np.float32(np.int32(grid[f + i] - grid[g + i] - grid[h + i] + grid[k + i]))
        total[i] += low if (first * one + second * two) * norm[i] < split else high


@njit(nogil=True, cache=True, error_model="numpy")
def _add_triples(grid, place, corners, weights, split, node, low, high, norm, total):  # type: ignore[no-untyped-def]
    c, p = np.uint64(12 * node), np.uint64(place)
    a, b, d, e = p + corners[c], p + corners[c + ONE], p + corners[c + TWO], p + corners[c + THREE]
    c += FOUR
    f, g, h, k = p + corners[c], p + corners[c + ONE], p + corners[c + TWO], p + corners[c + THREE]
    c += FOUR
    q, r, s, t = p + corners[c], p + corners[c + ONE], p + corners[c + TWO], p + corners[c + THREE]
    first, second, third = weights[3 * node], weights[3 * node + 1], weights[3 * node + 2]
    for j in range(CHUNK):
        i = np.uint64(j)
        one = np.float32(np.int32(grid[a + i] - grid[b + i] - grid[d + i] + grid[e + i]))
        two = np.float32(np.int32(grid[f + i] - grid[g + i] - grid[h + i] + grid[k + i]))
        three = np.float32(np.int32(grid[q + i] - grid[r + i] - grid[s + i] + grid[t + i]))
        total[i] += low if ((first * one + second * two) + third * three) * norm[i] < split else high


@njit(nogil=True, cache=True, error_model="numpy")
def _add_patterns(grid, place, nodes, corners, subsets, leaves, total):  # type: ignore[no-untyped-def]
    """Sum up the leaves of a stage of LBP stumps for a whole chunk."""
    for j in range(CHUNK):
        total[j] = np.float32(0.0)
    for node in range(nodes[0], nodes[1]):
        low, high = leaves[0][node], leaves[1][node]
        for j in range(CHUNK):
            code = _pattern(grid, place + j, corners, node)
            total[j] += low if (subsets[8 * node + (code >> 5)] >> np.uint32(code & 31)) & np.uint32(1) else high


@njit(nogil=True, cache=True, error_model="numpy")
def _pattern(grid, place, corners, node):  # type: ignore[no-untyped-def]
    """The local binary pattern: one bit for each cell around the middle one that is at least as bright."""
    middle = _cell(grid, place, corners, 16 * node + 5)
    return (
        (_cell(grid, place, corners, 16 * node) >= middle) * 128
        + (_cell(grid, place, corners, 16 * node + 1) >= middle) * 64
        + (_cell(grid, place, corners, 16 * node + 2) >= middle) * 32
        + (_cell(grid, place, corners, 16 * node + 6) >= middle) * 16
        + (_cell(grid, place, corners, 16 * node + 10) >= middle) * 8
        + (_cell(grid, place, corners, 16 * node + 9) >= middle) * 4
        + (_cell(grid, place, corners, 16 * node + 8) >= middle) * 2
        + (_cell(grid, place, corners, 16 * node + 4) >= middle) * 1
    )


@njit(nogil=True, cache=True, error_model="numpy")
def _cell(grid, place, corners, c):  # type: ignore[no-untyped-def]
    """The sum of the cell whose corners are `c`, `c` + 1 and, a row of corners below, `c` + 4, `c` + 5."""
    p, k = np.uint64(place), np.uint64(c)
    top = grid[p + corners[k]] - grid[p + corners[k + ONE]]
    return np.int32(top - grid[p + corners[k + FOUR]] + grid[p + corners[k + FOUR + ONE]])


@njit(nogil=True, cache=True, error_model="numpy")
def _finish_stumps(grid, place, norm, alive, left, stage, stages, thresholds, haar):  # type: ignore[no-untyped-def]
    """Send the windows listed in `alive`, one at a time, through the stages from `stage` on; list the accepted."""
    corners, weights, splits, low, high = haar
    accepted = 0
    for k in range(left):
        i = alive[k]
        window, factor, passes = grid[place + i :], norm[i], True
        for number in range(stage, len(thresholds)):
            total = 0.0
            for node in range(stages[number], stages[number + 1]):
                less, more, split = low[node], high[node], splits[node]  # read before the choice: no branch then
                below = _haar(corners, weights, window, node) * factor < split
                total += np.float64(less if below else more)
            if total < thresholds[number]:
                passes = False
                break
        alive[accepted] = i
        accepted += passes
    return accepted


@njit(nogil=True, cache=True, error_model="numpy")
def _finish_trees(flat, scratch, place, left, stage):  # type: ignore[no-untyped-def]
    accepted = 0
    for k in range(left):
        i = scratch.alive[k]
        passes = True
        for number in range(stage, len(flat.thresholds)):
            if _stage_sum(flat, scratch.grid, place + i, scratch.norm[i], number) < flat.thresholds[number]:
                passes = False
                break
        scratch.alive[accepted] = i
        accepted += passes
    return accepted


@njit(nogil=True, cache=True, error_model="numpy")
def _stage_sum(flat, grid, place, norm, stage):  # type: ignore[no-untyped-def]
    total = 0.0
    for weak in range(flat.stages[stage], flat.stages[stage + 1]):
        total += np.float64(_leaf(flat, grid, place, norm, weak))
    return total


@njit(nogil=True, cache=True, error_model="numpy")
def _leaf(flat, grid, place, norm, weak):  # type: ignore[no-untyped-def]
    root = flat.nodes[weak]
    node = root
    while True:
        if flat.kind == PATTERNS:
            code = _pattern(grid, place, flat.corners, node)
            goes_left = (flat.subsets[8 * node + (code >> 5)] >> np.uint32(code & 31)) & np.uint32(1) != 0
        else:
            goes_left = _haar(flat.corners, flat.weights, grid[place:], node) * norm < flat.splits[node]
        child = flat.left[node] if goes_left else flat.right[node]
        if child <= 0:
            return flat.leaves[root + weak - child]
        node = root + child


@njit(nogil=True, cache=True, error_model="numpy")
def _haar(corners, weights, window, node):  # type: ignore[no-untyped-def]
    """A feature's value; `window` is the integral images from the window's place on."""
    c, w = np.uint64(12 * node), np.uint64(3 * node)
    value = weights[w] * _sum(corners, window, c) + weights[w + ONE] * _sum(corners, window, c + FOUR)
    if weights[w + TWO] != 0.0:
        value += weights[w + TWO] * _sum(corners, window, c + FOUR + FOUR)
    return value


@njit(nogil=True, cache=True, error_model="numpy")
def _sum(corners, window, c):  # type: ignore[no-untyped-def]
    top = window[corners[c]] - window[corners[c + ONE]]
    return np.float32(np.int32(top - window[corners[c + TWO]] + window[corners[c + THREE]]))
