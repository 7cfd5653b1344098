"""Compiled: the arrays of a cascade and of a thread's memory as plain addresses.

Numba counts references to arrays wherever they are passed on, which took more time than the short loops of mining.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from numba import njit, types
from numba.extending import intrinsic


class Addresses(NamedTuple):
    """What `FlatCascade` and `Scratch` hold, to be indexed like their arrays; these must outlive its use."""

    haar: Any
    stumps: Any
    together: Any
    count: Any
    stages: Any
    thresholds: Any
    slack: Any
    nodes: Any
    left: Any
    right: Any
    leaves: Any
    splits: Any
    kinds: Any
    corners: Any
    weights: Any
    subsets: Any
    grid: Any
    norm: Any
    total: Any
    rows: Any
    codes: Any
    values: Any
    marks: Any
    alive: Any
    reached: Any


@intrinsic
def address(_context, array):  # type: ignore[no-untyped-def]
    """Where an array's elements are, to be indexed like it; the array must outlive its use."""

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        return context.make_array(signature.args[0])(context, builder, arguments[0]).data

    return types.CPointer(array.dtype)(array), generate


@njit(nogil=True, cache=True, error_model="numpy")
def addresses(flat, scratch):  # type: ignore[no-untyped-def]
    """The addresses of a cascade (`count` is its number of stages) and of a thread's memory."""
    return Addresses(
        flat.haar,
        flat.stumps,
        flat.together,
        len(flat.thresholds),
        address(flat.stages),
        address(flat.thresholds),
        address(flat.slack),
        address(flat.nodes),
        address(flat.left),
        address(flat.right),
        address(flat.leaves),
        address(flat.splits),
        address(flat.kinds),
        address(flat.corners),
        address(flat.weights),
        address(flat.subsets),
        address(scratch.grid),
        address(scratch.norm),
        address(scratch.total),
        address(scratch.rows),
        address(scratch.codes),
        address(scratch.values),
        address(scratch.marks),
        address(scratch.alive),
        address(scratch.reached),
    )
