"""Check every claim of a .vec file, and save what is whole in a broken one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cascade.errors import InputError
from cascade.vec.file import read_chunks, read_header, read_records, sidecar, whole_samples, writing_vec
from runs.skips import Skip

_SHOWN = 20
_LARGEST = 1 << 24
"""More pixels a sample than this are no window of any cascade; such a header is not believed."""


@dataclass(frozen=True)
class Verdict:
    """What the checks found: `problems` is empty for a sound file. In a problem, `line` is the sample's number + 1."""

    vec: Path
    samples: int
    problems: tuple[Skip, ...]


@dataclass(frozen=True)
class Repaired:
    """A file saved from a broken one: `count` samples, while `lost` had pixels that are none."""

    vec: Path
    count: int
    lost: int


def verify_vec(vec: Path, width: int | None = None, height: int | None = None) -> Verdict:
    """Check the header against the file's size, the sidecar and the window, and every byte of every sample.

    Raises
    ------
    InputError
        The file cannot be read, or is shorter than a header.
    """
    count, size, actual = read_header(vec)
    problems = [*_header_problems(vec, count, size, actual), *_sidecar_problems(vec, count, size)]
    if width is not None and height is not None and width * height != size:
        problems.append(Skip(str(vec), 0, "another window", f"{size} pixels, not {width}x{height}", _AGAIN))
    held = whole_samples(size, actual) if 0 < size <= _LARGEST else 0
    readable = min(held, count) if count > 0 else held
    problems += _sample_problems(vec, size, readable)
    return Verdict(vec, readable, tuple(problems))


def repair_vec(vec: Path, out: Path, width: int | None = None, height: int | None = None) -> Repaired:
    """Write the whole samples that a broken file holds into a new one, whatever its header says of their number.

    Parameters
    ----------
    width, height
        The window; needed where the size is no square. They are believed more than the header.

    Raises
    ------
    InputError
        The file holds no whole sample, or its window cannot be told.
    """
    _, size, actual = read_header(vec)
    width, height = _repair_window(vec, size, width, height)
    size = width * height
    held = whole_samples(size, actual)
    if not held:
        raise InputError(f"{vec} holds no whole sample of {width}x{height}: it has {actual} bytes. Make it again.")
    with writing_vec(out, width, height) as writer:
        for _, pixels in read_chunks(vec, size, 0, held):
            good = pixels[_in_range(pixels)].astype(np.uint8)
            writer.append(good.reshape(-1, height, width))
    return Repaired(out, writer.count, held - writer.count)


_AGAIN = "Make it again with `create_samples`, or give the right window."
_SAVE = "Save its whole samples: `facefoundry vec verify --repair OUT`."


def _header_problems(vec: Path, count: int, size: int, actual: int) -> Iterator[Skip]:
    if count < 0 or not 0 < size <= _LARGEST:
        yield Skip(str(vec), 0, "no header of a .vec file", f"{count} samples of {size} pixels", _AGAIN)
        return
    held = whole_samples(size, actual)
    claim = f"{count} samples of {size} pixels, room for {held}"
    if held < count:
        yield Skip(str(vec), 0, "cut off: the header says more samples than the file holds", claim, _SAVE)
    elif held > count:
        yield Skip(str(vec), 0, "the header says fewer samples than the file holds", claim, _SAVE)
    elif (actual - 12) % (1 + 2 * size):
        yield Skip(str(vec), 0, "bytes after the last sample", f"{(actual - 12) % (1 + 2 * size)} bytes", _SAVE)
    if count == 0:
        yield Skip(str(vec), 0, "no samples", claim, _AGAIN)


def _sidecar_problems(vec: Path, count: int, size: int) -> Iterator[Skip]:
    try:
        known = json.loads(sidecar(vec).read_text(encoding="utf-8"))
        samples, pixels = int(known["samples"]), int(known["width"]) * int(known["height"])
    except (OSError, ValueError, KeyError, TypeError):
        return
    if samples != count or pixels != size:
        value = f"{samples} samples of {known['width']}x{known['height']}"
        yield Skip(str(sidecar(vec)), 0, "the JSON file beside it speaks of other samples", value, "Remove it.")


def _sample_problems(vec: Path, size: int, stop: int) -> list[Skip]:
    """The first broken samples, and last how many more there are."""
    problems: list[Skip] = []
    more = 0
    for first, records in read_records(vec, size, 0, stop) if stop else ():
        wrong_pixels, wrong_byte = ~_in_range(records["pixels"]), records["zero"] != 0
        for place in np.flatnonzero(wrong_pixels | wrong_byte).tolist():
            if len(problems) == _SHOWN:
                more += 1
                continue
            problems.append(_sample_problem(vec, first + place, records[place], bool(wrong_pixels[place])))
    if more:
        problems.append(Skip(str(vec), 0, "more broken samples", str(more), _SAVE))
    return problems


def _sample_problem(vec: Path, number: int, record: np.void, wrong_pixels: bool) -> Skip:
    if wrong_pixels:
        value = f"{record['pixels'].min()}..{record['pixels'].max()} in sample {number}"
        return Skip(str(vec), number + 1, "pixels outside 0..255", value, _SAVE)
    value = f"{record['zero']} in sample {number}"
    return Skip(str(vec), number + 1, "the byte before a sample is not 0", value, _SAVE)


def _in_range(pixels: NDArray[np.int16]) -> NDArray[np.bool_]:
    return np.asarray((pixels.min(axis=1) >= 0) & (pixels.max(axis=1) <= 255))


def _repair_window(vec: Path, size: int, width: int | None, height: int | None) -> tuple[int, int]:
    if width is not None and height is not None:
        if not 0 < width * height <= _LARGEST or width < 0:
            raise InputError(f"`width` and `height` must be positive and of at most {_LARGEST} pixels.")
        return width, height
    try:
        known = json.loads(sidecar(vec).read_text(encoding="utf-8"))
        if int(known["width"]) * int(known["height"]) == size > 0:
            return int(known["width"]), int(known["height"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    side = round(max(size, 0) ** 0.5)
    if 0 < size <= _LARGEST and side * side == size:
        return side, side
    raise InputError(f"Nothing tells the window of {vec}, whose header says {size} pixels. Give `width` and `height`.")
