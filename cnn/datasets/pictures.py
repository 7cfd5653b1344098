"""Faces from picture files: many at once, in order, in bounded memory, and none twice after a kill.

Threads, not processes: reading, hashing, decoding and resizing leave Python's lock alone, and a thread starts at once,
shares the memory and dies with its process. `benchmarks/dataset_reading.py` measures what the lock costs. Where
`runs.workers` gives other processes or machines, they read, with the same outcome.
"""

from __future__ import annotations

import hashlib
import os
import socket
import stat
from collections.abc import Generator, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import Any

from cnn.datasets.picture_chunks import Chunk, Face, Fault, chunk_key, load_chunk, save_chunk
from cnn.datasets.table import FaceWriter
from cnn.errors import InputError
from cnn.preprocess import MAX_BYTES, ExactBox, PictureError, read_face
from runs.progress import Progress, Report, duration
from runs.workers import in_order, workers_at_hand

CHUNK = 128
"""Pictures that one thread reads at a time, and that a kill can lose of each thread's work."""

_AHEAD = 2
"""Chunks read or being read for each thread, beyond the one that is awaited."""

_MOST_WORKERS = 16
_SECONDS = 2.0
"""Time between two reports."""

_UNREADABLE = "picture must be readable"
_REMEDY = "Download the picture again, or remove its row."


@dataclass(frozen=True)
class PictureFace:
    """One labelled face in a picture file.

    `file` is the picture's name in the table, relative to the dataset; `row` the line of `list_file` that names it, or
    0 where no list does; `box` is x, y, width and height in the upright picture's pixels, and None means the whole
    picture; `values` are the remaining columns for `FaceWriter.add`.
    """

    path: Path
    file: str
    row: int
    expression: str
    box: ExactBox | None
    values: Mapping[str, Any]
    list_file: Path | None = None


def add_pictures(
    writer: FaceWriter, faces: Iterable[PictureFace], *, total: int | None, report: Report, workers: int | None = None
) -> None:
    """Decode pictures, cut out their faces, make them grey 48x48, and add them to `writer` in the order given.

    The columns ``box_x`` to ``box_height`` are those of the box as given, before it is clipped to its picture. A
    picture that is missing, unreadable, broken or too large, or whose box is empty or outside, becomes a skip.

    Finished chunks are kept in the folder ``NAME.pictures`` beside the writer's scratch file ``NAME.pixels``: where an
    earlier run with the same scratch folder was killed, only the pictures are read that it had not, or that changed.

    Parameters
    ----------
    faces
        Drawn from as reading goes on, some `CHUNK` times `workers` ahead.
    total
        How many `faces` there are, for the time left; None where nobody knows.
    report
        Called every few seconds with the pictures done, pictures a second, and the time left.
    workers
        Threads that decode; None: one for each processor, but at most 16. Where `runs.workers` gives others, none does.

    Raises
    ------
    OSError
        The scratch folder cannot be written, as on a full disk.
    """
    folder = writer.path.with_suffix(".pictures")
    folder.mkdir(exist_ok=True)
    meter = _Meter(writer.path.stem, total, report)
    with closing(_outcomes(folder, faces, workers or min(_MOST_WORKERS, os.cpu_count() or 1))) as outcomes:
        for chunk, outcome in outcomes:
            for face, found in zip(chunk, outcome.found, strict=True):
                _add(writer, face, found)
            meter.add(len(chunk), outcome.kept)
    meter.end()


def _outcomes(folder: Path, faces: Iterable[PictureFace], threads: int) -> Generator[tuple[list[PictureFace], Chunk]]:
    """Each chunk with its outcome, in order; a window of chunks is under way."""
    iterator = iter(faces)
    chunks = iter(lambda: list(islice(iterator, CHUNK)), [])
    if workers := workers_at_hand():
        executor, there, here = workers.executor, folder.absolute(), Path.cwd()
        yield from in_order(lambda some: executor.submit(read_chunk, there, some, here), chunks, _AHEAD * workers.count)
        return
    with ThreadPoolExecutor(threads, thread_name_prefix="decode") as pool:
        try:
            yield from in_order(lambda some: pool.submit(read_chunk, folder, some), chunks, _AHEAD * threads)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def read_chunk(folder: Path, chunk: list[PictureFace], here: Path = Path()) -> Chunk:
    """Read some pictures, or the outcome that lies in `folder` from an earlier run; their paths are relative to `here`.

    Raises
    ------
    InputError
        There is no such folder, as on a machine with another file system.
    """
    if not folder.is_dir():
        raise InputError(f"{socket.gethostname()} does not see {folder}. Workers need the same file system.")
    states = [_state(here / face.path) for face in chunk]
    path = folder / chunk_key([f"{face.path} {face.box} {state}" for face, state in zip(chunk, states, strict=True)])
    kept = load_chunk(path)
    if kept is not None and len(kept.found) == len(chunk):
        return kept
    read = Chunk([_read(here / face.path, face.box, state) for face, state in zip(chunk, states, strict=True)])
    if not any(isinstance(found, Fault) and found.rule == _UNREADABLE for found in read.found):
        save_chunk(path, read)  # a disk's or a network's fault may be mended by the next run
    return read


@dataclass(frozen=True)
class _State:
    """What the file system says of a picture: its size and time of change, or why it cannot be read."""

    size: int = 0
    changed: int = 0
    fault: Fault | None = None


def _state(path: Path) -> _State:
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return _State(fault=Fault("picture must exist", ""))
    except OSError as error:
        return _State(fault=Fault(_UNREADABLE, str(error.strerror)))
    except ValueError:  # a NUL, or half of a surrogate pair
        return _State(fault=Fault("picture must exist", "no file's name"))
    if not stat.S_ISREG(found.st_mode):  # a pipe would be waited for
        return _State(fault=Fault("picture must be a file", ""))
    if found.st_size > MAX_BYTES:
        return _State(fault=Fault(f"picture must have at most {MAX_BYTES // 1_000_000} MB", f"{found.st_size} bytes"))
    return _State(found.st_size, found.st_mtime_ns)


def _read(path: Path, box: ExactBox | None, state: _State) -> Face | Fault:
    if state.fault:
        return state.fault
    try:
        with path.open("rb", buffering=0) as stream:
            data = stream.read(state.size)
        return Face(read_face(data, box).tobytes(), hashlib.sha256(data).hexdigest())
    except PictureError as error:
        return Fault(error.rule, error.value)
    except OSError as error:
        return Fault(_UNREADABLE, str(error.strerror))


def _add(writer: FaceWriter, face: PictureFace, found: Face | Fault) -> None:
    if isinstance(found, Fault):
        value = f"{face.file}: {found.value}" if found.value else face.file
        place, line = (face.list_file, face.row) if face.list_file else (face.path, 0)
        writer.skip(place, line, found.rule, value, _REMEDY)
        return
    columns = ("box_x", "box_y", "box_width", "box_height")
    box = dict(zip(columns, face.box, strict=True)) if face.box else {}
    known = {"row": face.row, "file": face.file, "original_sha256": found.original_sha256}
    writer.add(found.pixels, face.expression, **{**known, **box, **face.values})


class _Meter:
    """Counts pictures, and reports every few seconds how fast they come."""

    def __init__(self, name: str, total: int | None, report: Report) -> None:
        self._name, self._total, self._report = name, total, report
        self._start = self._last = monotonic()
        self._done = self._kept = 0
        self._told: tuple[int, int | None] = (0, None)
        report(Progress(f"reading {name}", 0, total))

    def add(self, pictures: int, kept: bool) -> None:
        self._done += pictures
        self._kept += pictures if kept else 0
        if monotonic() - self._last >= _SECONDS:
            self._last = monotonic()
            self._tell(self._total)

    def end(self) -> None:
        if self._told != (self._done, self._done):
            self._tell(self._done)

    def _tell(self, total: int | None) -> None:
        rate = (self._done - self._kept) / max(monotonic() - self._start, 1e-9)
        message = f"reading {self._name}: {self._done} pictures, {rate:.0f} a second"
        if self._kept:
            message += f", {self._kept} read by an earlier run"
        if total is not None and rate and total > self._done:
            message += f", {duration((total - self._done) / rate)} left"
        self._told = (self._done, total)
        figures = {"pictures_per_second": rate, "kept_pictures": float(self._kept)}
        self._report(Progress(message, self._done, total, figures))
