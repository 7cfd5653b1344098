"""From .vec files to pictures and back: extract, pack, and a sheet to look at."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from cascade.contact_sheet import write_sheet
from cascade.errors import InputError
from cascade.pictures import PictureError, check_output, list_files, load_grey
from cascade.positives.vary import cut
from cascade.vec.file import inspect, read_chosen, writing_vec
from cascade.vec.tools import VecPart, find_window
from runs.files import replacing_folder, write_json


def extract_vec(
    vec: Path,
    out: Path,
    start: int = 0,
    stop: int | None = None,
    width: int | None = None,
    height: int | None = None,
) -> int:
    """Write samples `start` to `stop` as PNG files named by their numbers (the first is 0); returns how many.

    `out` is replaced as a whole, if an earlier run wrote it (it has a ``report.json``).

    Raises
    ------
    InputError
        `out` holds other files, or the range is not in the file.
    """
    check_output(out, vec)
    window, count = find_window(vec, width, height), inspect(vec).count
    stop = count if stop is None else stop
    if not 0 <= start <= stop <= count:
        raise InputError(f"`start` and `stop` must lie in 0..{count}, the samples of {vec}. Got {start} and {stop}.")
    with replacing_folder(out) as beside:
        for first, pixels in read_chosen(vec, window.width * window.height, np.arange(start, stop)):
            for number, sample in enumerate(pixels.reshape(-1, window.height, window.width), start=start + first):
                path = beside / f"{number:06d}.png"
                path.write_bytes(cv2.imencode(".png", sample)[1].tobytes())
        write_json(beside / "report.json", {"vec": str(vec), "start": start, "stop": stop})
    return stop - start


def pack_vec(folder: Path, out: Path, width: int, height: int) -> VecPart:
    """Make a .vec file of whole pictures, sorted by name, each scaled to the window: the inverse of `extract_vec`.

    Raises
    ------
    InputError
        The folder holds no pictures, or one that cannot be used.
    """
    pictures = list_files(folder)[0]
    with writing_vec(out, width, height) as writer:
        for path in pictures:
            try:
                image = load_grey(path)
            except PictureError as error:
                raise InputError(f"{path}: {error}") from error
            writer.append(cut(image, (0, 0, image.shape[1], image.shape[0]), width, height)[None])
    return VecPart(out, len(pictures), width, height)


def sheet_vec(
    vec: Path,
    out: Path,
    num: int = 200,
    width: int | None = None,
    height: int | None = None,
    *,
    seed: int | None = 0,
) -> None:
    """Draw the mean of all samples, then `num` of them, drawn by `seed` or (None) the first, on a PNG sheet."""
    window, count = find_window(vec, width, height), inspect(vec).count
    if count == 0:
        raise InputError(f"{vec} holds no samples to look at.")
    numbers = np.arange(count) if seed is None else np.random.default_rng(seed).permutation(count)
    total, shape = np.zeros(window.width * window.height), (-1, window.height, window.width)
    for _, pixels in read_chosen(vec, total.size, np.arange(count)):
        total += pixels.sum(axis=0, dtype=np.float64)
    mean = np.rint(total / count).astype(np.uint8).reshape(shape)
    chosen = [pixels.reshape(shape) for _, pixels in read_chosen(vec, total.size, np.sort(numbers[:num]))]
    factor = max(1, round(72 / max(window.width, window.height)))
    cell = (window.width * factor, window.height * factor)
    write_sheet(out, list(np.concatenate([mean, *chosen])), cell=cell)
