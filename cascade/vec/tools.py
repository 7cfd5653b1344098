"""Tools for .vec files: describe, merge, split; `vec_pictures` and `vec_verify` hold the rest.

None holds a whole file in memory. The format does not know a window's shape, so each tool takes `width` and `height`;
without them the sidecar tells, else a square size is guessed, and said to be guessed.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isqrt
from pathlib import Path

import numpy as np

from cascade.errors import InputError
from cascade.vec.file import check_window, inspect, read_chosen, writing_vec


@dataclass(frozen=True)
class VecDescription:
    """What is in a .vec file; `mean` and `deviation` are of all pixels, in grey levels.

    `duplicates` counts samples that are the same as an earlier one, `flat` those of one single grey.
    """

    vec: Path
    count: int
    width: int
    height: int
    guessed_window: bool
    sha256: str
    mean: float
    deviation: float
    duplicates: int
    flat: int


@dataclass(frozen=True)
class VecPart:
    """A .vec file that a tool wrote."""

    vec: Path
    count: int
    width: int
    height: int


@dataclass(frozen=True)
class Window:
    """A window's shape, and whether it was only guessed from a square size."""

    width: int
    height: int
    guessed: bool = False


def find_window(vec: Path, width: int | None = None, height: int | None = None) -> Window:
    """The window of a file: as given, else as its sidecar says, else the square that its size is.

    Raises
    ------
    InputError
        Only one side is given, the given window is not the file's, or nothing tells the window.
    """
    if (width is None) != (height is None):
        raise InputError("`width` and `height` must be given together. Got one of them.")
    summary = inspect(vec)
    if width is not None and height is not None:
        check_window(summary, width, height)
        return Window(width, height)
    if summary.width is not None and summary.height is not None:
        return Window(summary.width, summary.height)
    side = isqrt(summary.size)
    if side * side == summary.size:
        return Window(side, side, guessed=True)
    raise InputError(
        f"{vec} holds samples of {summary.size} pixels, and no JSON file beside it tells their shape. Give `width` and "
        f"`height`: {' or '.join(_shapes(summary.size)) or 'their product is that'}."
    )


def describe_vec(vec: Path, width: int | None = None, height: int | None = None) -> VecDescription:
    """Read a whole file once, or twice, and say what is in it.

    Raises
    ------
    InputError
        See `find_window` and `cascade.vec.file.read_vec`.
    """
    window = find_window(vec, width, height)
    summary = inspect(vec)
    total, squares, flat, hashes = 0, 0, 0, array("Q")
    for _, pixels in read_chosen(vec, summary.size, np.arange(summary.count)):
        wide = pixels.astype(np.int64)
        total, squares = total + int(wide.sum()), squares + int((wide * wide).sum())
        flat += int((pixels.min(axis=1) == pixels.max(axis=1)).sum())
        hashes.extend(int.from_bytes(hashlib.blake2b(row.tobytes(), digest_size=8).digest(), "big") for row in pixels)
    number = max(1, summary.count * summary.size)
    mean = total / number
    deviation = max(0.0, squares / number - mean * mean) ** 0.5
    duplicates = summary.count - len(np.unique(np.frombuffer(hashes, np.uint64))) if hashes else 0
    with vec.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    shape = (window.width, window.height, window.guessed)
    return VecDescription(vec, summary.count, *shape, digest, mean, deviation, duplicates, flat)


def merge_vecs(
    vecs: Sequence[Path], out: Path, width: int | None = None, height: int | None = None, *, seed: int | None = None
) -> VecPart:
    """Write the samples of several files into one, in their order, or shuffled by `seed`.

    `out` may be one of them: it is replaced at the end. Where some files know their window, they tell the others'.

    Raises
    ------
    InputError
        There are no files, or their windows differ.
    """
    if not vecs:
        raise InputError("`vecs` must name at least one .vec file. Got none.")
    summaries = [inspect(vec) for vec in vecs]
    known = next((s for s in summaries if s.width is not None), None)
    if width is None and height is None and known is not None:
        width, height = known.width, known.height
    window = find_window(vecs[0], width, height)
    for summary in summaries:
        check_window(summary, window.width, window.height)
    total = sum(summary.count for summary in summaries)
    places = np.arange(total) if seed is None else np.random.default_rng(seed).permutation(total)
    done = 0
    with writing_vec(out, window.width, window.height) as writer:
        for summary in summaries:
            for _, pixels in read_chosen(summary.path, summary.size, np.arange(summary.count)):
                samples = pixels.reshape(-1, window.height, window.width)
                for place, sample in zip(places[done : done + len(samples)].tolist(), samples, strict=True):
                    writer.write_at(place, sample[None])
                done += len(samples)
    return VecPart(out, total, window.width, window.height)


def split_vec(
    vec: Path,
    out: Path,
    shares: Sequence[float],
    width: int | None = None,
    height: int | None = None,
    *,
    seed: int | None = 0,
) -> list[VecPart]:
    """Deal a file's samples out to several: `NAME_1.vec`, `NAME_2.vec`, ... in the folder `out`.

    Parameters
    ----------
    shares
        Fractions below 1 (0.8, 0.2), which together are at most 1; or counts, whole numbers. What they leave over is
        in no part.
    seed
        Draws which sample goes where; None deals consecutive samples. In each part the file's order stays.
        Copies of one object can be dealt to different parts.

    Raises
    ------
    InputError
        The shares are not of either kind, or are more than there is.
    """
    window, count = find_window(vec, width, height), inspect(vec).count
    counts = _counts(shares, count)
    numbers = np.arange(count) if seed is None else np.random.default_rng(seed).permutation(count)
    parts = []
    for i, (start, length) in enumerate(zip(np.cumsum([0, *counts]).tolist(), counts, strict=False), start=1):
        part = out / f"{vec.stem}_{i}.vec"
        if part.resolve() == vec.resolve():
            raise InputError(f"A part must not replace the file that is split. Got {part}. Choose another folder.")
        chosen = np.sort(numbers[start : start + length])
        with writing_vec(part, window.width, window.height) as writer:
            for _, pixels in read_chosen(vec, window.width * window.height, chosen):
                writer.append(pixels.reshape(-1, window.height, window.width))
        parts.append(VecPart(part, length, window.width, window.height))
    return parts


def _counts(shares: Sequence[float], count: int) -> list[int]:
    """How many samples each share is; fractions are rounded so that together they are what their sum is."""
    if not shares or min(shares) <= 0:
        raise InputError(f"`shares` must be positive fractions or counts. Got {list(shares)}.")
    if all(share < 1 for share in shares) and sum(shares) <= 1 + 1e-9:
        ends = [min(count, round(end * count)) for end in np.cumsum([0.0, *shares]).tolist()]
        return [after - before for before, after in pairwise(ends)]
    if all(float(share).is_integer() for share in shares) and sum(shares) <= count:
        return [int(share) for share in shares]
    raise InputError(
        f"`shares` must be fractions that are together at most 1, or counts that are together at most {count}. "
        f"Got {list(shares)}."
    )


def _shapes(size: int) -> list[str]:
    """Shapes of that many pixels that a window might have: no side more than three times the other."""
    sides = (side for side in range(1, isqrt(size) + 1) if size % side == 0 and size <= 3 * side * side)
    return [f"{a}x{b}" for side in sides for a, b in ((side, size // side), (size // side, side))][:8]
