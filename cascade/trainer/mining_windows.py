"""Compiled: which windows of a tile does a cascade accept, decided as ``cv2.CascadeClassifier`` decides.

A row of windows goes through the first stages together, feature by feature, which the compiler turns into vector
instructions; the few that are left go on one at a time. Sums of a stage are taken in single precision for a row, and
once more in double precision, as OpenCV does, wherever the difference could matter. Everything else has the types and
the order of OpenCV's arithmetic, so that the decisions are the same.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from cascade.trainer.mining_rows import CHUNK, FOUR, ONE, THREE, TWO, add_stumps, add_trees


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
    marks, stage = scratch.marks, 0
    left = _mark_all(marks, count)
    if flat.haar:
        left = _norms(flat, scratch, place)
    while left >= flat.together and stage < len(flat.thresholds):
        if flat.stumps:
            add_stumps(flat, scratch, place, stage)
        else:
            add_trees(flat, scratch, place, stage)
        left = _filter(scratch.total, flat.thresholds[stage], flat.slack[stage], marks)
        if left < 0:
            left = _filter_closely(flat, scratch, place, stage)
        stage += 1
    if left:
        left = _list_marked(marks, scratch.alive)
        if flat.haar and flat.stumps:
            left = _finish_stumps(flat, scratch, place, left, stage)
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
def _norms(flat, scratch, place):  # type: ignore[no-untyped-def]
    """1 / (area * standard deviation) of the windows less a border of one pixel.

    OpenCV's detector rejects windows with a standard deviation of 10 or less: their marks are taken away.
    """
    grid, norm, marks = scratch.grid, scratch.norm, scratch.marks
    width, height, stride, plane = flat.width, flat.height, flat.stride, flat.plane
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
def _finish_stumps(flat, scratch, place, left, stage):  # type: ignore[no-untyped-def]
    """Send the windows listed in `alive`, one at a time, through the stages from `stage` on; list the accepted."""
    grid, norm, alive, stages, thresholds = scratch.grid, scratch.norm, scratch.alive, flat.stages, flat.thresholds
    corners, weights, splits, leaves = flat.corners, flat.weights, flat.splits, flat.leaves
    accepted = 0
    for k in range(left):
        i = alive[k]
        window, factor, passes = grid[place + i :], norm[i], True
        for number in range(stage, len(thresholds)):
            total = 0.0
            for node in range(stages[number], stages[number + 1]):
                less, more, split = (
                    leaves[2 * node],
                    leaves[2 * node + 1],
                    splits[node],
                )  # read before the choice: no branch then
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
    corners, weights, splits, subsets, leaves = flat.corners, flat.weights, flat.splits, flat.subsets, flat.leaves
    haar, nodes, left, right, window = flat.haar, flat.nodes, flat.left, flat.right, grid[place:]
    total = 0.0
    for weak in range(flat.stages[stage], flat.stages[stage + 1]):
        root, child = nodes[weak], 0
        while True:
            node = root + child
            if haar:
                goes_left = _haar(corners, weights, window, node) * norm < splits[node]
            else:
                goes_left = _is_in_subset(_pattern(window, corners, node), subsets, node)
            one, other = left[node], right[node]  # read before the choice: no branch then
            child = one if goes_left else other
            if child <= 0:
                break
        total += np.float64(leaves[root + weak - child])
    return total


@njit(nogil=True, cache=True, error_model="numpy")
def _is_in_subset(code, subsets, node):  # type: ignore[no-untyped-def]
    return (subsets[np.uint64(8 * node + (code >> 5))] >> np.uint32(code & 31)) & np.uint32(1) != 0


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


@njit(nogil=True, cache=True, error_model="numpy")
def _pattern(window, corners, node):  # type: ignore[no-untyped-def]
    """The local binary pattern: one bit for each cell around the middle one that is at least as bright."""
    middle = _cell(window, corners, 16 * node + 5)
    return (
        (_cell(window, corners, 16 * node) >= middle) * 128
        + (_cell(window, corners, 16 * node + 1) >= middle) * 64
        + (_cell(window, corners, 16 * node + 2) >= middle) * 32
        + (_cell(window, corners, 16 * node + 6) >= middle) * 16
        + (_cell(window, corners, 16 * node + 10) >= middle) * 8
        + (_cell(window, corners, 16 * node + 9) >= middle) * 4
        + (_cell(window, corners, 16 * node + 8) >= middle) * 2
        + (_cell(window, corners, 16 * node + 4) >= middle) * 1
    )


@njit(nogil=True, cache=True, error_model="numpy")
def _cell(window, corners, c):  # type: ignore[no-untyped-def]
    """The sum of the cell whose corners are `c`, `c` + 1 and, a row of corners below, `c` + 4, `c` + 5."""
    k = np.uint64(c)
    top = window[corners[k]] - window[corners[k + ONE]]
    return np.int32(top - window[corners[k + FOUR]] + window[corners[k + FOUR + ONE]])
