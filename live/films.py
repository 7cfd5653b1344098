"""A film as a source: every frame, by the film's own clock, decoded ahead of the reader."""

from __future__ import annotations

import queue
import threading
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from live.errors import SourceError
from live.frames import NO_FILE, Frame, Source

SUFFIXES = (".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".ogv", ".ts", ".webm", ".wmv")
"""The endings that are taken for films, in lower case."""

_AHEAD = 8
"""Frames that are decoded before they are asked for: 7 MB at 640x480."""
_LACKING = 0.02
"""A film's header may promise so much more than there is: it is often an estimate."""
_WAIT_MS = 10_000

_Decoded = tuple[NDArray[np.uint8], float]


class Film(Source):
    """A film's frames, none left out.

    Parameters
    ----------
    path
        A file, or an http(s) address of one.

    Raises
    ------
    SourceError
        There is no such file, or OpenCV cannot read it.
    """

    def __init__(self, path: Path | str, name: str | None = None) -> None:
        super().__init__(name=name or str(path), kind="film")
        self._capture = self._open(path)
        rate, total = (self._capture.get(key) for key in (cv2.CAP_PROP_FPS, cv2.CAP_PROP_FRAME_COUNT))
        self.frame_rate = rate if 0 < rate < 1000 else None
        self.total = int(total) if total > 0 else None
        self._ahead: queue.Queue[_Decoded | None] = queue.Queue(_AHEAD)
        self._stop = threading.Event()
        self._given, self._last = 0, -1.0
        self._thread = threading.Thread(target=self._decode, name="film", daemon=True)
        self._thread.start()

    def read(self, timeout: float) -> Frame | None:
        """The next frame."""
        if self.ended:
            return None
        try:
            decoded = self._ahead.get(timeout=timeout)
        except queue.Empty:
            return None
        if decoded is None:
            self._end()
            return None
        image, seconds = decoded
        self._given += 1
        return Frame(image, self._given - 1, self._clock(seconds), self.name)

    def close(self) -> None:
        """Stop decoding and close the file."""
        self._stop.set()
        self._thread.join()

    def _open(self, path: Path | str) -> Any:
        if isinstance(path, Path) and not path.is_file():
            raise SourceError(NO_FILE.format(path))
        wait = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _WAIT_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, _WAIT_MS]
        # FFmpeg takes what stands before a colon for a protocol.
        place = str(path.absolute()) if isinstance(path, Path) else path
        capture = cv2.VideoCapture(place, cv2.CAP_FFMPEG, wait)
        if not capture.isOpened():
            raise SourceError(
                f"{self.name}: not a film that OpenCV can read. It may be of another kind, or an MP4 that was cut off: "
                "its index stands at its end."
            )
        return capture

    def _decode(self) -> None:
        """In a thread of its own, which alone touches the capture."""
        going = True
        while going and not self._stop.is_set():
            going, image = self._capture.read()
            milliseconds = self._capture.get(cv2.CAP_PROP_POS_MSEC)
            self._hand_over((image, milliseconds / 1000) if going else None)
        self._capture.release()

    def _hand_over(self, decoded: _Decoded | None) -> None:
        while not self._stop.is_set():
            try:
                self._ahead.put(decoded, timeout=0.1)
                break
            except queue.Full:
                continue

    def _clock(self, seconds: float) -> float:
        """The frame's own time; where the film tells none, or one that goes back, by the frame rate."""
        step = 1 / (self.frame_rate or 25.0)
        self._last = seconds if seconds > self._last else self._last + step
        return self._last

    def _end(self) -> None:
        self.ended = True
        self.failed = self._given == 0
        if self.failed:
            self.notes.append(f"{self.name} has no frame that could be read: it is empty, cut off or damaged.")
        elif self.total is not None and self._given < self.total - max(1, _LACKING * self.total):
            self.notes.append(
                f"{self.name} ends in the middle: {self._given} of the {self.total} frames that it promises could be "
                "read. It is cut off or damaged."
            )
