"""The .vec file: the positives as opencv_createsamples cuts them and opencv_traincascade reads them.

Little-endian: ``int32 count, int32 width*height, int16 0, int16 0``, then for each sample one zero byte and
``width*height`` pixels of int16. There is no checksum and no window shape: a header that says more samples than the
file holds is found out by the file's size, and the shape is remembered in a JSON file beside it (`sidecar`).
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cascade.errors import InputError
from runs.files import replacing_file

_HEADER = struct.Struct("<iihh")
_CHUNK = 4096


@dataclass(frozen=True)
class VecSummary:
    """What a .vec file holds: `count` samples of `size` = width * height pixels; the shape where it is known."""

    path: Path
    count: int
    size: int
    width: int | None
    height: int | None


def inspect(path: Path) -> VecSummary:
    """Read the header, compare it with the file's size, and look up the shape; samples are not read.

    Raises
    ------
    InputError
        The file cannot be read, its header and size contradict each other, or its sidecar is another file's.
    """
    count, size, actual = _read_header(path)
    if count < 0 or size <= 0:
        raise InputError(f"{path} is not a .vec file: its header says {count} samples of {size} pixels.")
    expected = _HEADER.size + count * (1 + 2 * size)
    if actual != expected:
        whole = max(0, actual - _HEADER.size) // (1 + 2 * size)
        raise InputError(
            f"{path} contradicts itself: its header says {count} samples of {size} pixels ({expected} bytes), "
            f"but it has {actual} bytes, room for {whole}. Make it again with `create_samples`."
        )
    return VecSummary(path, count, size, *_read_shape(path, count, size))


def read_vec(path: Path, width: int, height: int, start: int = 0, stop: int | None = None) -> NDArray[np.uint8]:
    """Read samples `start` to `stop` (all by default).

    Returns
    -------
    Array of shape (number, height, width).

    Raises
    ------
    InputError
        See `inspect`; or the window is not the file's, or a pixel is outside 0..255.
    """
    summary = inspect(path)
    check_window(summary, width, height)
    layout = np.dtype([("zero", "u1"), ("pixels", "<i2", (summary.size,))])
    if summary.count == 0:
        return np.empty((0, height, width), np.uint8)
    pixels = np.memmap(path, layout, mode="r", offset=_HEADER.size)[start:stop]["pixels"]
    out = np.empty((len(pixels), height, width), np.uint8)
    for i in range(0, len(pixels), _CHUNK):
        chunk = pixels[i : i + _CHUNK]
        if chunk.size and (chunk.min() < 0 or chunk.max() > 255):
            raise InputError(f"{path} holds pixels outside 0..255 near sample {start + i}. Make it again.")
        out[i : i + _CHUNK] = chunk.reshape(-1, height, width)
    return out


def write_vec(path: Path, samples: NDArray[np.uint8]) -> None:
    """Write samples of shape (number, height, width), whole or not at all, and the sidecar with their shape."""
    if samples.ndim != 3 or samples.dtype != np.uint8:
        raise InputError(f"`samples` must be uint8 of shape (N, height, width). Got {samples.dtype} {samples.shape}.")
    count, height, width = samples.shape
    layout = np.dtype([("zero", "u1"), ("pixels", "<i2", (width * height,))])
    sidecar(path).unlink(missing_ok=True)
    with replacing_file(path) as beside, beside.open("wb") as stream:
        stream.write(_HEADER.pack(count, width * height, 0, 0))
        for i in range(0, count, _CHUNK):
            block = np.zeros(len(samples[i : i + _CHUNK]), layout)
            block["pixels"] = samples[i : i + _CHUNK].reshape(-1, width * height)
            stream.write(block.tobytes())
    write_shape(path, count, width, height)


def check_window(summary: VecSummary, width: int, height: int) -> None:
    """Refuse a training window that the samples were not made for.

    Raises
    ------
    InputError
        `width` and `height` are not those of the file (or their product is not, where only that is known).
    """
    shape = (summary.width, summary.height)
    if shape != (None, None) and shape != (width, height):
        raise InputError(
            f"`width` and `height` must be those the samples were made with: {summary.path} holds "
            f"{shape[0]}x{shape[1]}. Got {width}x{height}. Use the same in both steps."
        )
    if width * height != summary.size:
        raise InputError(
            f"`width` and `height` must multiply to the sample size of {summary.path}, {summary.size} pixels. "
            f"Got {width}x{height} = {width * height}. Use the same in both steps."
        )


def sidecar(path: Path) -> Path:
    """The JSON file beside a .vec file that remembers its window's shape."""
    return path.with_suffix(".json")


def write_shape(path: Path, count: int, width: int, height: int) -> None:
    """Write the sidecar."""
    text = json.dumps({"samples": count, "width": width, "height": height}, indent=2) + "\n"
    with replacing_file(sidecar(path)) as beside:
        beside.write_text(text, encoding="utf-8")


def _read_header(path: Path) -> tuple[int, int, int]:
    try:
        with path.open("rb") as stream:
            header = stream.read(_HEADER.size)
        actual = path.stat().st_size
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}. Make it with `create_samples`.") from error
    if len(header) < _HEADER.size:
        raise InputError(f"{path} is not a .vec file: it has {actual} bytes, less than its header.")
    count, size, _, _ = _HEADER.unpack(header)
    return count, size, actual


def _read_shape(path: Path, count: int, size: int) -> tuple[int, int] | tuple[None, None]:
    beside = sidecar(path)
    if not beside.is_file():
        return None, None
    try:
        known = json.loads(beside.read_text(encoding="utf-8"))
        width, height, samples = int(known["width"]), int(known["height"]), int(known["samples"])
    except (OSError, ValueError, KeyError, TypeError):
        # A JSON file of the same name that says nothing about samples is none of ours.
        return None, None
    if width * height != size or samples != count:
        raise InputError(
            f"{beside} says {samples} samples of {width}x{height}, but {path.name} holds {count} of {size} pixels: "
            "they are not of one run. Make the samples again."
        )
    return width, height
