"""A film of what was seen: the frames with everything painted on them, at the speed at which they came."""

from __future__ import annotations

import fcntl
import os
import queue
import threading
from collections.abc import Sequence
from math import floor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from live.errors import OutputError
from live.outputs import Output, Shown

CODECS = {".mp4": "mp4v", ".mkv": "mp4v", ".avi": "MJPG", ".webm": "VP80"}
"""What OpenCV's headless wheel can write, by ending. It has no H.264: its mp4 is MPEG-4 part 2, which players play and
browsers do not; browsers play its webm, which takes ten times as long to write."""

_DEFAULT_RATE = 25.0
_LONGEST_HOLD = 10.0
"""Where no frame came for longer than this many seconds, the film jumps."""
_BEHIND = 16


class Recording(Output):
    """A film with a constant frame rate: a frame is written as often as it lasted.

    It grows as ``NAME.part.SUFFIX`` beside its place and takes it when it is closed, so that `path` is always whole.
    What a killed process leaves is the part, which plays to its end where it is .mkv, .avi or .webm (an .mp4 keeps its
    index at its end); the next recording of the same name replaces it.

    Parameters
    ----------
    path
        Its ending chooses the format: see `CODECS`.
    frame_rate
        Of the source; None: 25 a second.

    Raises
    ------
    OutputError
        The ending is not known, the place cannot be written, or another process records there.
    """

    def __init__(self, path: Path, frame_rate: float | None) -> None:
        if path.suffix.lower() not in CODECS:
            raise OutputError(f"`--save` writes films as {', '.join(CODECS)}. Got {path.name}.")
        self._path, self._part = path, path.with_name(f"{path.stem}.part{path.suffix}")
        self._rate = min(frame_rate or _DEFAULT_RATE, 60.0)
        self._lock = self._claim()
        self._writer: Any = None
        self._size, self._first, self._written = (0, 0), 0.0, 0
        self._waiting: queue.Queue[tuple[NDArray[np.uint8], int] | None] = queue.Queue(_BEHIND)
        self._thread = threading.Thread(target=self._write, name="recording", daemon=True)
        self._failed: Exception | None = None

    def take(self, shown: Shown) -> None:
        """Add a frame, as often as its time demands."""
        if self._failed:
            raise self._failed
        if self._writer is None:
            self._begin(shown)
        seconds = (shown.frame.seconds or 0.0) - self._first
        due = floor(seconds * self._rate + 0.5) + 1 - self._written
        if due > _LONGEST_HOLD * self._rate:
            self._first += (due - 1) / self._rate
            due = 1
        if due > 0:
            self._written += due
            self._waiting.put((_fit(shown.picture, self._size), due))

    def close(self, notes: Sequence[str] = ()) -> None:  # noqa: ARG002
        """Finish the film and put it in its place; without a frame there is none."""
        if self._writer is not None:
            self._waiting.put(None)
            self._thread.join()
            self._writer.release()
            self._writer = None
            if self._failed is None and not _plays(self._part):
                # OpenCV says nothing of a full disk.
                self._failed = OutputError(f"{self._path} could not be written whole. Is the disk full?")
            if self._failed is None:
                os.replace(self._part, self._path)
        elif not self._written:
            self._part.unlink(missing_ok=True)
        os.close(self._lock)
        if self._failed:
            raise self._failed

    def _claim(self) -> int:
        if self._path.is_dir():
            raise OutputError(f"`--save` {self._path} is a folder. Choose another name for the film.")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            lock = os.open(self._part, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise OutputError(f"`--save` {self._path} cannot be written: {error.strerror}.") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(lock)
            raise OutputError(f"Another process is recording {self._path}. Choose another name.") from error
        return lock

    def _begin(self, shown: Shown) -> None:
        height, width = shown.picture.shape[:2]
        self._size, self._first = (width - width % 2, height - height % 2), shown.frame.seconds or 0.0
        code = cv2.VideoWriter.fourcc(*CODECS[self._path.suffix.lower()])
        # FFmpeg takes what stands before a colon for a protocol.
        writer = cv2.VideoWriter(str(self._part.absolute()), cv2.CAP_FFMPEG, code, self._rate, self._size)
        if not writer.isOpened():
            raise OutputError(f"OpenCV cannot write {self._path}: choose another ending of {', '.join(CODECS)}.")
        self._writer = writer
        self._thread.start()

    def _write(self) -> None:
        """In a thread of its own: encoding takes as long as all else together."""
        while (one := self._waiting.get()) is not None:
            picture, times = one
            try:
                for _ in range(times):
                    self._writer.write(picture)
            except cv2.error as error:
                self._failed = OutputError(f"{self._path} cannot be written: {error.err}.")


def _plays(film: Path) -> bool:
    return bool(cv2.VideoCapture(str(film.absolute()), cv2.CAP_FFMPEG).isOpened())


def _fit(picture: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """The picture in the middle of one of `size` (width, height), as large as it can be there."""
    height, width = picture.shape[:2]
    if (width - width % 2, height - height % 2) == size:
        return picture[: size[1], : size[0]]
    scale = min(size[0] / width, size[1] / height)
    wide, tall = max(1, round(width * scale)), max(1, round(height * scale))
    canvas = np.zeros((size[1], size[0], 3), np.uint8)
    left, top = (size[0] - wide) // 2, (size[1] - tall) // 2
    canvas[top : top + tall, left : left + wide] = cv2.resize(picture, (wide, tall), interpolation=cv2.INTER_AREA)
    return canvas
