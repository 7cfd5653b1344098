"""Compiled: the sum of a stage for `CHUNK` windows side by side, feature by feature.

The compiler turns these loops into vector instructions. Every feature's value has the types and the order of OpenCV's
arithmetic; only the sum is taken in single precision.

A tree is decided from its last node to its first: each node takes, window by window, the answer of its left or of its
right child, which is a leaf or a later node. So all nodes are evaluated, and nothing branches.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from cascade.trainer.mining_flat import NINE, PAIR, SIX

CHUNK = 64
"""So many windows of a row are decided together."""

# Numba checks signed indices for negative ones, which keeps loops from being turned into vector instructions.
ONE, TWO, THREE, FOUR = np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(4)


@njit(nogil=True, cache=True, error_model="numpy", inline="always")
def add_stumps(at, place, first, stage):  # type: ignore[no-untyped-def]
    """Write the sums of a stage of stumps into `at.total`, for the windows from `place` + `first` on.

    `first` is the first window's number in its row, for which there are `at.norm`.
    """
    values, total = at.values, at.total
    for j in range(CHUNK):
        total[np.uint64(j)] = np.float32(0.0)
    for node in range(at.stages[stage], at.stages[stage + 1]):
        _node_values(at, np.uint64(place + first), np.uint64(first), node)
        split, low, high = at.splits[node], at.leaves[2 * node], at.leaves[2 * node + 1]
        for j in range(CHUNK):
            i = np.uint64(j)
            total[i] += low if values[i] < split else high


@njit(nogil=True, cache=True, error_model="numpy", inline="always")
def add_trees(at, place, first, stage):  # type: ignore[no-untyped-def]
    """As `add_stumps`, for trees."""
    total, rows = at.total, at.rows
    for j in range(CHUNK):
        total[np.uint64(j)] = np.float32(0.0)
    for weak in range(at.stages[stage], at.stages[stage + 1]):
        root, end = at.nodes[weak], at.nodes[weak + 1]
        _fill_leaves(rows, end - root, at.leaves, root + weak)
        for node in range(end - 1, root - 1, -1):
            _node_values(at, np.uint64(place + first), np.uint64(first), node)
            left, right = at.left[node], at.right[node]
            low, high = left if left > 0 else end - root - left, right if right > 0 else end - root - right
            _choose(at.values, at.splits[node], rows, low, high, node - root)
        for j in range(CHUNK):
            total[np.uint64(j)] += rows[np.uint64(j)]


@njit(nogil=True, cache=True, error_model="numpy")
def _fill_leaves(rows, count, leaves, first):  # type: ignore[no-untyped-def]
    """Row k of `rows` is what node k of the tree answers; behind the `count` nodes come the leaves."""
    for leaf in range(count + 1):
        start, value = np.uint64((count + leaf) * CHUNK), leaves[first + leaf]
        for j in range(CHUNK):
            rows[start + np.uint64(j)] = value


@njit(nogil=True, cache=True, error_model="numpy")
def _choose(values, split, rows, low, high, out):  # type: ignore[no-untyped-def]
    a, b, c = np.uint64(low * CHUNK), np.uint64(high * CHUNK), np.uint64(out * CHUNK)
    for j in range(CHUNK):
        i = np.uint64(j)
        less, more = rows[a + i], rows[b + i]
        rows[c + i] = less if values[i] < split else more


@njit(nogil=True, cache=True, error_model="numpy", inline="always")
def _node_values(at, place, first, node):  # type: ignore[no-untyped-def]
    """What a node compares with its split."""
    if not at.haar:
        _pattern_values(at.grid, place, at.corners, at.subsets, node, at.codes, at.values)
    elif at.kinds[node] == SIX:
        _six_values(at.grid, place, at.corners, node, at.norm, first, at.values)
    elif at.kinds[node] == NINE:
        _nine_values(at.grid, place, at.corners, node, at.norm, first, at.values)
    elif at.kinds[node] == PAIR:
        _pair_values(at.grid, place, at.corners, at.weights, node, at.norm, first, at.values)
    else:
        _triple_values(at.grid, place, at.corners, at.weights, node, at.norm, first, at.values)


@njit(nogil=True, cache=True, error_model="numpy")
def _six_values(grid, place, corners, node, norm, first, values):  # type: ignore[no-untyped-def]
    c = np.uint64(12 * node)
    a, b, d = place + corners[c], place + corners[c + ONE], place + corners[c + TWO]
    c += THREE
    e, f, g = place + corners[c], place + corners[c + ONE], place + corners[c + TWO]
    for j in range(CHUNK):
        i = np.uint64(j)
        twos = np.int32(grid[f + i] - grid[g + i])
        ones = np.int32(np.int32(grid[a + i] - grid[d + i]) + np.int32(grid[b + i] - grid[e + i]))
        values[i] = np.float32(np.int32(ones + twos + twos)) * norm[first + i]


@njit(nogil=True, cache=True, error_model="numpy")
def _nine_values(grid, place, corners, node, norm, first, values):  # type: ignore[no-untyped-def]
    c = np.uint64(12 * node)
    a, b, d, e = place + corners[c], place + corners[c + ONE], place + corners[c + TWO], place + corners[c + THREE]
    c += FOUR
    f, g, h, k = place + corners[c], place + corners[c + ONE], place + corners[c + TWO], place + corners[c + THREE]
    m = place + corners[c + FOUR]
    for j in range(CHUNK):
        i = np.uint64(j)
        ones = np.int32(np.int32(grid[a + i] + grid[b + i]) + np.int32(grid[d + i] + grid[e + i]))
        twos = np.int32(np.int32(grid[f + i] + grid[g + i]) + np.int32(grid[h + i] + grid[k + i]))
        half = np.int32(grid[m + i] + grid[m + i] - twos)
        values[i] = np.float32(np.int32(ones + half + half)) * norm[first + i]


@njit(nogil=True, cache=True, error_model="numpy")
def _pair_values(grid, place, corners, weights, node, norm, first, values):  # type: ignore[no-untyped-def]
    c = np.uint64(12 * node)
    a, b, d, e = place + corners[c], place + corners[c + ONE], place + corners[c + TWO], place + corners[c + THREE]
    c += FOUR
    f, g, h, k = place + corners[c], place + corners[c + ONE], place + corners[c + TWO], place + corners[c + THREE]
    one, two = weights[3 * node], weights[3 * node + 1]
    for j in range(CHUNK):
        i = np.uint64(j)
        whole = np.float32(np.int32(grid[a + i] - grid[b + i] - grid[d + i] + grid[e + i]))
        part = np.float32(np.int32(grid[f + i] - grid[g + i] - grid[h + i] + grid[k + i]))
        values[i] = (one * whole + two * part) * norm[first + i]


@njit(nogil=True, cache=True, error_model="numpy")
def _triple_values(grid, place, corners, weights, node, norm, first, values):  # type: ignore[no-untyped-def]
    c = np.uint64(12 * node)
    a, b, d, e = place + corners[c], place + corners[c + ONE], place + corners[c + TWO], place + corners[c + THREE]
    c += FOUR
    f, g, h, k = place + corners[c], place + corners[c + ONE], place + corners[c + TWO], place + corners[c + THREE]
    c += FOUR
    q, r, s, t = place + corners[c], place + corners[c + ONE], place + corners[c + TWO], place + corners[c + THREE]
    one, two, three = weights[3 * node], weights[3 * node + 1], weights[3 * node + 2]
    for j in range(CHUNK):
        i = np.uint64(j)
        whole = np.float32(np.int32(grid[a + i] - grid[b + i] - grid[d + i] + grid[e + i]))
        part = np.float32(np.int32(grid[f + i] - grid[g + i] - grid[h + i] + grid[k + i]))
        other = np.float32(np.int32(grid[q + i] - grid[r + i] - grid[s + i] + grid[t + i]))
        values[i] = ((one * whole + two * part) + three * other) * norm[first + i]


@njit(nogil=True, cache=True, error_model="numpy")
def _pattern_values(grid, place, corners, subsets, node, codes, values):  # type: ignore[no-untyped-def]
    """-1 for the windows whose local binary pattern goes left, 0 for the others: to be split at 0."""
    _start_codes(grid, place, corners, 16 * node + 5, codes)
    for cell in (0, 1, 2, 6, 10, 9, 8, 4):
        _append_bit(grid, place, corners, 16 * node + cell, codes)
    first = np.uint64(8 * node)
    for j in range(CHUNK):
        i = np.uint64(j)
        code = np.uint32(codes[i])
        word = subsets[first + np.uint64(code >> np.uint32(5))]
        values[i] = -np.float32(np.int32((word >> (code & np.uint32(31))) & np.uint32(1)))


@njit(nogil=True, cache=True, error_model="numpy")
def _start_codes(grid, place, corners, c, codes):  # type: ignore[no-untyped-def]
    """Codes without a bit yet; behind them, the sums of the middle cell.

    A cell's corners are `c`, `c` + 1 and, a row of corners below, `c` + 4, `c` + 5.
    """
    k, middle = np.uint64(c), np.uint64(CHUNK)
    a, b, d = place + corners[k], place + corners[k + ONE], place + corners[k + FOUR]
    e = place + corners[k + FOUR + ONE]
    for j in range(CHUNK):
        i = np.uint64(j)
        codes[middle + i] = np.int32(grid[a + i] - grid[b + i] - grid[d + i] + grid[e + i])
        codes[i] = np.int32(0)


@njit(nogil=True, cache=True, error_model="numpy")
def _append_bit(grid, place, corners, c, codes):  # type: ignore[no-untyped-def]
    """One bit for a cell around the middle one: whether it is at least as bright."""
    k, middle = np.uint64(c), np.uint64(CHUNK)
    a, b, d = place + corners[k], place + corners[k + ONE], place + corners[k + FOUR]
    e = place + corners[k + FOUR + ONE]
    for j in range(CHUNK):
        i = np.uint64(j)
        cell = np.int32(grid[a + i] - grid[b + i] - grid[d + i] + grid[e + i])
        codes[i] = np.int32(np.int32(codes[i] << np.int32(1)) | np.int32(cell >= codes[middle + i]))
