"""How many negative windows the pictures can yield, counted as each trainer takes them.

The reader of opencv_traincascade 3.4.18 makes a picture just large enough for one window, takes windows half a window
apart, enlarges by the square root of 2 up to the picture's own size, and goes on to the next picture. After the last
picture it begins again at the first with all windows moved by one pixel: after ``width * height`` passes they repeat.
`supply` counts those.

Our own trainer takes every position at every scale, and goes on with scales between: `native_supply`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cascade.annotations import opencv_info
from cascade.annotations.places import measure
from cascade.pictures import PictureError, list_files
from cascade.trainer.mining_cursor import first_scale, scaled_sizes
from runs.skips import Skip

_STEP = np.float32(1.4142135623730950488)
_MOST_PASSES = 64


@dataclass(frozen=True)
class WindowSupply:
    """What a set of negatives yields: `pictures` that hold a window, windows of the first pass, and of all passes.

    The later passes' windows are the first's, moved by a few pixels, or between their scales: nearly the same to a
    classifier.
    """

    pictures: int
    one_pass: int
    all_passes: int


def supply(sizes: ArrayLike, width: int, height: int) -> WindowSupply:
    """Count the windows of `width` x `height` in pictures of `sizes`, shape (N, 2), each ``(width, height)``.

    Where there are more than 64 passes, `all_passes` is estimated from 64 of them, evenly spread.
    """
    shapes, repeats = np.unique(np.asarray(sizes, np.int64).reshape(-1, 2), axis=0, return_counts=True)
    first = count_windows(shapes, width, height)
    numbers = np.unique(np.linspace(0, width * height - 1, _MOST_PASSES).astype(int))
    passes = [int(count_windows(shapes, width, height, int(number)) @ repeats) for number in numbers]
    every = round(sum(passes) * width * height / len(passes))
    return WindowSupply(int(repeats[first > 0].sum()), int(first @ repeats), every)


def native_supply(
    sizes: ArrayLike, width: int, height: int, factor: float = math.sqrt(2), *, mirror: bool = False
) -> WindowSupply:
    """The same for the native trainer, whose pictures are each `factor` times smaller than the one before.

    Its passes go on for ever. Those are counted until the scales are so near to one another that a window's sides
    differ by less than half a pixel: what comes later is the same again.
    """
    shapes, repeats = np.unique(np.asarray(sizes, np.int64).reshape(-1, 2), axis=0, return_counts=True)
    window, twice = (width, height), 2 if mirror else 1
    halvings = max(0, math.ceil(math.log2(math.log(factor) / math.log1p(0.5 / max(window)))))
    passes = [_count_natively(shapes, window, first_scale(number, factor), factor) for number in range(1 << halvings)]
    counts = twice * np.array(passes).reshape(len(passes), -1)
    return WindowSupply(int(repeats[counts[0] > 0].sum()), int(counts[0] @ repeats), int((counts @ repeats).sum()))


def count_windows(sizes: ArrayLike, width: int, height: int, number: int = 0) -> NDArray[np.int64]:
    """Windows that one pass of opencv_traincascade's reader takes from each picture.

    Parameters
    ----------
    sizes
        Shape (N, 2): width and height of each picture, in pixels.
    number
        The pass; the first is 0. Pass n starts at column ``n % width`` and row ``n // width``.

    Returns
    -------
    Array of shape (N,); 0 for a picture smaller than the window.

    Examples
    --------
    >>> count_windows([(20, 20), (40, 40), (19, 40)], 20, 20).tolist()
    [1, 6, 0]
    """
    own = np.asarray(sizes, np.int64).reshape(-1, 2)
    window = np.array([width, height])
    start = np.minimum([number % width, number // width % height], own - window)
    holds = (start >= 0).all(axis=1)
    scale = ((window + start).astype(np.float32) / np.maximum(own, 1).astype(np.float32)).max(axis=1)
    extent = np.floor(scale[:, None] * own.astype(np.float32) + np.float32(0.5))
    counts = np.zeros(len(own), np.int64)
    while holds.any():
        counts += np.where(holds, _count_at(extent, start, window), 0)
        scale = scale * _STEP
        holds &= scale <= 1
        extent = np.floor(scale[:, None] * own.astype(np.float32))
    return counts


def read_sizes(pictures: Iterable[Path]) -> list[tuple[int, int]]:
    """Width and height of each picture, from its header where that tells; those that cannot be read are left out."""
    with ThreadPoolExecutor(4) as pool:
        return [size for size in pool.map(_read_size, pictures) if size is not None]


def list_negatives(negatives: Path) -> list[Path]:
    """The pictures of a background file, or of a folder; lines that stop opencv_traincascade are passed over.

    Raises
    ------
    InputError
        There is neither.
    """
    if negatives.is_dir():
        return list_files(negatives)[0]
    problems: list[Skip] = []
    return opencv_info.read_background(negatives, problems)


def _count_natively(shapes: NDArray[np.int64], window: tuple[int, int], first: float, factor: float) -> list[int]:
    return [int(scaled_sizes((int(across), int(down)), window, first, factor)[-1, 2]) for across, down in shapes]


def _count_at(extent: NDArray[np.float32], start: NDArray[np.int64], window: NDArray[np.int64]) -> NDArray[np.int64]:
    """Windows in a picture of `extent`: along each axis it goes on while one and a half windows still fit."""
    left = extent.astype(np.int64) - start - window * 3 // 2
    return np.asarray((1 + np.maximum(0, -(-left // (window // 2)))).prod(axis=1))


def _read_size(path: Path) -> tuple[int, int] | None:
    try:
        return measure(path)
    except PictureError:
        return None
