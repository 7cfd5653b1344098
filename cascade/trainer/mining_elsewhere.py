"""What a worker process does for mining, perhaps on another machine: read pictures by their paths and search them.

Nothing here knows who calls it. A worker keeps decoded pictures between calls, and forgets the oldest.
"""

from __future__ import annotations

import socket
import threading
from collections import OrderedDict
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cascade.errors import InputError
from cascade.pictures import PictureError, load_grey
from cascade.trainer.mining_flat import FlatCascade
from cascade.trainer.mining_rows import CHUNK
from cascade.trainer.mining_search import search
from cascade.trainer.mining_tiles import new_scratch
from runs.skips import Skip


class Search(NamedTuple):
    """One visit as a worker needs it: the picture, its windows' order, and from which to which rank to try them."""

    path: Path
    size: tuple[int, int]
    mirrored: bool
    scales: NDArray[np.int64]
    order: NDArray[np.int64]
    start: int
    end: int


Finds = tuple[NDArray[np.int64], int, NDArray[np.uint8]]
"""Ranks ascending, the rank to go on from, and pixels."""


def sizes_of(paths: list[Path], window: tuple[int, int], room: int) -> list[tuple[int, int] | Skip]:
    """Width and height of each picture, or why it cannot be used; `room` bytes of pictures are kept for later."""
    answers = (load_or_skip(path, window, room) for path in paths)
    return [answer if isinstance(answer, Skip) else answer.shape[::-1] for answer in answers]


def search_there(searches: list[Search], flat: FlatCascade, widest: int, cap: int, room: int) -> list[Finds]:
    """Search pictures, one after the other, for at most `cap` windows of each that the cascade accepts.

    Raises
    ------
    InputError
        A picture cannot be read here, or has changed.
    """
    scratch = new_scratch(flat, widest, CHUNK)
    found = []
    for one in searches:
        picture = _load(one.path, one.size, room)
        picture = np.ascontiguousarray(picture[:, ::-1]) if one.mirrored else picture
        most = min(cap, one.end - one.start)
        found.append(search(picture, one.scales, one.order, one.start, one.end, most, flat, scratch))
    return found


def load_or_skip(path: Path, window: tuple[int, int], room: int = 0) -> NDArray[np.uint8] | Skip:
    """A grey picture (height, width), or why it cannot be used; one of at most `room` bytes in all is kept."""
    try:
        picture = _KEPT.load(path, room)
    except PictureError as error:
        return Skip(str(path), 0, error.rule, error.value, error.remedy)
    height, width = picture.shape
    if width < window[0] or height < window[1]:
        rule = f"smaller than the window of {window[0]}x{window[1]}"
        return Skip(str(path), 0, rule, f"{width}x{height} pixels", "Remove it, or give a larger picture.")
    return picture


def _load(path: Path, size: tuple[int, int], room: int) -> NDArray[np.uint8]:
    try:
        picture = _KEPT.load(path, room)
    except PictureError as error:
        raise InputError(f"{path} was read before, and now, by {socket.gethostname()}: {error}") from error
    if picture.shape[::-1] != size:
        raise InputError(f"{path} has changed during the training. Start it again.")
    return picture


class _Kept:
    """Decoded pictures, the ones used last, as many as there is room for; the threads of a worker share it."""

    def __init__(self) -> None:
        self._pictures: OrderedDict[tuple[str, int, int], NDArray[np.uint8]] = OrderedDict()
        self._lock, self._bytes = threading.Lock(), 0

    def load(self, path: Path, room: int) -> NDArray[np.uint8]:
        if not room:
            return load_grey(path)
        try:
            state = path.stat()
        except (OSError, ValueError):
            return load_grey(path)  # which says what is wrong
        key = str(path), state.st_size, state.st_mtime_ns
        with self._lock:
            if key in self._pictures:
                self._pictures.move_to_end(key)
                return self._pictures[key]
        picture = load_grey(path)
        self._keep(key, picture, room)
        return picture

    def _keep(self, key: tuple[str, int, int], picture: NDArray[np.uint8], room: int) -> None:
        with self._lock:
            if key not in self._pictures and picture.nbytes <= room:
                self._pictures[key] = picture
                self._bytes += picture.nbytes
            while self._bytes > room:
                self._bytes -= self._pictures.popitem(last=False)[1].nbytes


_KEPT = _Kept()
