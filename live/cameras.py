"""A camera as a source: always its newest picture, and it may be unplugged at any time."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from live.errors import SourceError
from live.frames import Frame, Source

_WAIT_MS = 10_000
_PAUSE = 0.5
"""Seconds between two tries to reach a lost camera again."""


class Camera(Source):
    """A camera at this machine, or one at an rtsp or http address.

    Its pictures are taken in a thread of their own: what nobody has read when the next comes is left out, so that what
    is seen never lags. A camera that gives nothing any more is tried again for `patience` seconds.

    Parameters
    ----------
    address
        The camera's number, or its address.
    name
        For people, without a password.
    patience
        Seconds.

    Raises
    ------
    SourceError
        It cannot be opened.
    """

    def __init__(self, address: int | str, name: str, *, patience: float = 5.0) -> None:
        super().__init__(name=name, kind="camera")
        self._address, self._patience = address, patience
        self._capture: Any = _open(address)
        if self._capture is None:
            raise SourceError(_why(address, name))
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        self.frame_rate = rate if 0 < rate < 1000 else None
        self._news = threading.Condition()
        self._newest: tuple[NDArray[np.uint8], int, float] | None = None
        self._lost, self._returns, self._stop = False, 0, threading.Event()
        self._thread = threading.Thread(target=self._watch, name="camera", daemon=True)
        self._thread.start()

    def read(self, timeout: float) -> Frame | None:
        """The newest picture that was not read yet."""
        with self._news:
            self._news.wait_for(lambda: self._newest is not None or self._lost, timeout)
            newest, self._newest = self._newest, None
            if newest is None:
                self.ended = self.failed = self._lost
                return None
        return Frame(*newest, self.name)

    def close(self) -> None:
        """Stop; a camera that hangs is left to end by itself."""
        self._stop.set()
        self._thread.join(timeout=2.0)
        self.ended = True

    def _watch(self) -> None:
        """In a thread of its own, which alone touches the capture."""
        number, began = 0, time.monotonic()
        while not self._stop.is_set():
            image = _picture_of(self._capture)
            if image is None:
                image = self._reopen()
            if image is None:
                break
            with self._news:
                self._newest = image, number, time.monotonic() - began
                self._news.notify()
            number += 1
        self._capture.release()
        with self._news:
            self._lost = not self._stop.is_set()
            self._news.notify()

    def _reopen(self) -> NDArray[np.uint8] | None:
        """The first picture of a camera that is there again; None when it stays away, or opens and gives nothing."""
        last = time.monotonic() + self._patience
        while not self._stop.wait(_PAUSE):
            self._capture.release()
            self._capture = _open(self._address) or cv2.VideoCapture()
            image = _picture_of(self._capture)
            if image is not None:
                self._note_return()
                return image
            if time.monotonic() >= last:
                self.notes.append(f"{self.name} gives no more pictures: it was unplugged, or its connection is lost.")
                return None
        return None

    def _note_return(self) -> None:
        """One note, however often it happens."""
        self._returns += 1
        if self._returns > 1:
            self.notes[:] = [note for note in self.notes if "was away" not in note]
        often = "for a moment" if self._returns == 1 else f"{self._returns} times"
        self.notes.append(f"{self.name} was away {often}.")


def _picture_of(capture: Any) -> NDArray[np.uint8] | None:
    taken, image = capture.read()
    return image if taken else None


def _open(address: int | str) -> Any | None:
    """A capture that has been opened; None where there is none."""
    if isinstance(address, int):
        # Asking OpenCV for a camera that is not there prints three warnings.
        capture = cv2.VideoCapture(address) if _device(address).exists() or not _device(0).parent.is_dir() else None
    else:
        wait = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _WAIT_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, _WAIT_MS]
        capture = cv2.VideoCapture(address, cv2.CAP_FFMPEG, wait)
    return capture if capture is not None and capture.isOpened() else None


def _device(number: int) -> Path:
    return Path(f"/dev/video{number}")


def _why(address: int | str, name: str) -> str:
    if isinstance(address, str):
        return f"{name} cannot be reached, or gives no pictures. Check the address, and that the camera is on."
    device = _device(address)
    if not device.exists():
        others = sorted(int(path.name[5:]) for path in device.parent.glob("video[0-9]*") if path.name[5:].isdigit())
        known = f"There are the numbers {', '.join(map(str, others))}" if others else "This machine has no camera"
        return f"Camera {address} is not there: no {device}. {known}. Plug one in, or give a film or a picture."
    if not os.access(device, os.R_OK | os.W_OK):
        return f"Camera {address}: {device} may not be read. Join its group, often `video`, and log in again."
    return f"Camera {address} cannot be opened: another program may be using it."
