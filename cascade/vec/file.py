"""The .vec file: the positives as opencv_createsamples cuts them and opencv_traincascade reads them.

Little-endian: ``int32 count, int32 width*height, int16 0, int16 0``, then for each sample one zero byte and
``width*height`` pixels of int16. There is no checksum and no window shape: a header that says more samples than the
file holds is found out by the file's size, and the shape is remembered in a JSON file beside it (`sidecar`).
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cascade.errors import InputError
from runs.files import replacing_file

_HEADER = struct.Struct("<iihh")
_CHUNK_BYTES = 1 << 22


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
    count, size, actual = read_header(path)
    if count < 0 or size <= 0:
        raise InputError(f"{path} is not a .vec file: its header says {count} samples of {size} pixels.")
    expected = _HEADER.size + count * (1 + 2 * size)
    if actual != expected:
        raise InputError(
            f"{path} contradicts itself: its header says {count} samples of {size} pixels ({expected} bytes), "
            f"but it has {actual} bytes, room for {whole_samples(size, actual)}. Make it again with "
            "`create_samples`, or save its whole samples: `facefoundry vec verify --repair`."
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
    numbers = range(summary.count)[start:stop]
    out = np.empty((len(numbers), height, width), np.uint8)
    for first, pixels in read_chunks(path, summary.size, numbers.start, numbers.stop):
        if pixels.min() < 0 or pixels.max() > 255:
            raise InputError(
                f"{path} holds pixels outside 0..255 near sample {first}. Make it again, or repair it: "
                "`facefoundry vec verify --repair`."
            )
        place = first - numbers.start
        out[place : place + len(pixels)] = pixels.reshape(-1, height, width)
    return out


def read_chunks(path: Path, size: int, start: int, stop: int) -> Iterator[tuple[int, NDArray[np.int16]]]:
    """Read samples `start` to `stop` some megabytes at a time, as they are: pixels are not checked.

    Yields
    ------
    The number of the first sample, and its and the next ones' pixels, of shape (number, size).
    """
    for first, records in read_records(path, size, start, stop):
        yield first, records["pixels"]


def read_records(path: Path, size: int, start: int, stop: int) -> Iterator[tuple[int, NDArray[np.void]]]:
    """Like `read_chunks`, with the byte before each sample: records of the fields `zero` and `pixels`."""
    layout = _layout(size)
    step = max(1, _CHUNK_BYTES // layout.itemsize)
    with path.open("rb") as stream:
        stream.seek(_HEADER.size + start * layout.itemsize)
        for first in range(start, stop, step):
            data = stream.read(min(step, stop - first) * layout.itemsize)
            yield first, np.frombuffer(data, layout)


def read_chosen(vec: Path, size: int, numbers: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """The samples of the ascending `numbers`, some at a time, with the place in `numbers` of the first.

    The file is read from the first to the last of them, in one go.

    Raises
    ------
    InputError
        A pixel is outside 0..255.
    """
    if not len(numbers):
        return
    done = 0
    for first, pixels in read_chunks(vec, size, int(numbers[0]), int(numbers[-1]) + 1):
        after = int(np.searchsorted(numbers, first + len(pixels)))
        chosen = pixels[numbers[done:after] - first]
        if chosen.size and (chosen.min() < 0 or chosen.max() > 255):
            raise InputError(f"{vec} holds pixels outside 0..255. See which: `facefoundry vec verify`.")
        yield done, chosen.astype(np.uint8)
        done = after


def read_header(path: Path) -> tuple[int, int, int]:
    """Return what the header says, the count and the pixels a sample, and the file's size in bytes; nothing is checked.

    Raises
    ------
    InputError
        The file cannot be read or is shorter than a header.
    """
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


def whole_samples(size: int, actual: int) -> int:
    """How many samples of `size` pixels a file of `actual` bytes has room for."""
    return max(0, actual - _HEADER.size) // (1 + 2 * size)


class VecWriter:
    """Writes samples into an open .vec file, at their place or one after another; several threads may write."""

    def __init__(self, descriptor: int, width: int, height: int) -> None:
        self.count = 0
        self._descriptor, self._shape = descriptor, (height, width)

    def append(self, samples: NDArray[np.uint8]) -> None:
        """Write samples of shape (number, height, width) after the last one."""
        self.write_at(self.count, samples)

    def write_at(self, number: int, samples: NDArray[np.uint8]) -> None:
        """Write samples of shape (number, height, width), the first as sample `number` of the file."""
        if samples.ndim != 3 or samples.dtype != np.uint8 or samples.shape[1:] != self._shape:
            wanted = f"uint8 of shape (N, {self._shape[0]}, {self._shape[1]})"
            raise InputError(f"`samples` must be {wanted}. Got {samples.dtype} {samples.shape}.")
        block = np.zeros(len(samples), _layout(self._shape[0] * self._shape[1]))
        block["pixels"] = samples.reshape(len(samples), self._shape[0] * self._shape[1])
        self._write(_HEADER.size + number * block.itemsize, memoryview(block.tobytes()))
        self.count = max(self.count, number + len(samples))

    def finish(self) -> None:
        """Write the header."""
        self._write(0, memoryview(_HEADER.pack(self.count, self._shape[0] * self._shape[1], 0, 0)))

    def _write(self, place: int, data: memoryview) -> None:
        while data:
            written = os.pwrite(self._descriptor, data, place)
            place, data = place + written, data[written:]


@contextmanager
def writing_vec(path: Path, width: int, height: int) -> Iterator[VecWriter]:
    """Yield a writer of a new .vec file; at the end the file and its sidecar take their places, whole or not at all.

    Raises
    ------
    InputError
        See `check_sidecar`.
    """
    check_sidecar(path)
    with replacing_file(path) as beside:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            writer = VecWriter(descriptor, width, height)
            yield writer
            writer.finish()
        finally:
            os.close(descriptor)
        # From here to the end the old sidecar would be a lie about the new file.
        sidecar(path).unlink(missing_ok=True)
    write_shape(path, writer.count, width, height)


def write_vec(path: Path, samples: NDArray[np.uint8]) -> None:
    """Write samples of shape (number, height, width), whole or not at all, and the sidecar with their shape."""
    if samples.ndim != 3 or samples.dtype != np.uint8:
        raise InputError(f"`samples` must be uint8 of shape (N, height, width). Got {samples.dtype} {samples.shape}.")
    step = max(1, _CHUNK_BYTES // max(1, samples[0].size if len(samples) else 1))
    with writing_vec(path, samples.shape[2], samples.shape[1]) as writer:
        for i in range(0, len(samples), step):
            writer.append(samples[i : i + step])


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


def check_sidecar(path: Path) -> None:
    """Do not overwrite a JSON file of somebody else that happens to have the name of `path`'s sidecar.

    Raises
    ------
    InputError
        `path` ends in .json, or the JSON file beside it is not a sidecar.
    """
    beside = sidecar(path)
    if beside == path:
        raise InputError(f"`vec` must not end in .json. Got {path}. Name it .vec.")
    if beside.exists():
        try:
            known = {"samples", "width", "height"} <= json.loads(beside.read_text(encoding="utf-8")).keys()
        except (OSError, ValueError, AttributeError):
            known = False
        if not known:
            raise InputError(f"{beside} stands where the shape of {path.name} goes, and no step wrote it. Move it.")


def _layout(size: int) -> np.dtype[np.void]:
    return np.dtype([("zero", "u1"), ("pixels", "<i2", (size,))])


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
