"""What becomes of every frame: the one interface of window, film, lines and report, and the simplest of them."""

from __future__ import annotations

import json
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO

import cv2
import numpy as np
from numpy.typing import NDArray

from cnn.labels import EXPRESSIONS
from live.engine import TrackedFace
from live.errors import OutputError
from live.frames import Frame
from runs.files import replacing_file

_ENDINGS = "{}: pictures are written as .png, .jpg or .webp. Got {!r}."


@dataclass(frozen=True)
class Shown:
    """A frame with what was found in it.

    `dark` says that it shows nothing; `paint` makes the picture of it when an output wants one, once.
    """

    frame: Frame
    faces: Sequence[TrackedFace]
    dark: bool
    paint: Callable[[], NDArray[np.uint8]]

    @cached_property
    def picture(self) -> NDArray[np.uint8]:
        """The frame with boxes, labels and bars."""
        return self.paint()


class Output(ABC):
    """Takes frames. What it leaves at its end is whole."""

    @abstractmethod
    def take(self, shown: Shown) -> None:
        """The next frame."""

    def close(self, notes: Sequence[str] = ()) -> None:  # noqa: B027 (not every output has something to finish)
        """No more frames come, for whatever reason: finish what was begun. `notes` say what was wrong on the way."""


class Lines(Output):
    """One JSON object a face a line, written at once: a killed run leaves every line up to then.

    Parameters
    ----------
    path
        The file, which is written anew from the first frame on; ``-`` for standard output.

    Raises
    ------
    OutputError
        The file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._file: IO[str]
        self._own, self._path, self._begun = str(path) != "-", path, False
        self._fresh = self._own and not path.exists()
        try:
            self._file = path.open("a", encoding="utf-8", newline="\n") if self._own else sys.stdout
        except OSError as error:
            raise OutputError(f"`--json` {path} cannot be written: {error.strerror}.") from error

    def take(self, shown: Shown) -> None:
        """A line for each face."""
        if not self._begun and self._own and self._file.seekable():
            self._file.truncate(0)
        self._begun = True
        for face in shown.faces:
            self._file.write(json.dumps(as_line(shown.frame, face), allow_nan=False) + "\n")
        self._file.flush()

    def close(self, notes: Sequence[str] = ()) -> None:  # noqa: ARG002
        """Close the file; without a frame an old one stays as it was."""
        if self._own:
            self._file.close()
        if self._fresh and not self._begun:
            self._path.unlink(missing_ok=True)


def as_line(frame: Frame, face: TrackedFace) -> dict[str, object]:
    """A face of a frame as plain values, for JSON.

    ``seconds`` is the frame's time, null for a still; ``seen`` is false where the face is only carried on from earlier
    frames; ``raw`` are this frame's own probabilities, null where there are none.
    """
    return {
        "source": frame.name,
        "frame": frame.number,
        "seconds": None if frame.seconds is None else round(frame.seconds, 4),
        "track": face.track,
        "box": list(face.box),
        "score": face.score,
        "seen": face.seen,
        "expression": face.expression,
        "probabilities": _named(face.probabilities),
        "raw": None if face.raw is None else _named(face.raw),
    }


def _named(probabilities: Sequence[float]) -> dict[str, float]:
    return {name: round(share, 4) for name, share in zip(EXPRESSIONS, probabilities, strict=True)}


class PaintedPictures(Output):
    """Stills with what was found painted on them: one file for one picture, or a folder for many.

    Parameters
    ----------
    path
        A file with a picture's ending, which the next picture replaces; or a folder, where each is called as its
        original, as PNG.

    Raises
    ------
    OutputError
        OpenCV writes no pictures of that ending, or the place cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._one = path, bool(path.suffix)
        if self._one and not cv2.haveImageWriter(path.name):
            raise OutputError(_ENDINGS.format(path, path.suffix))
        try:
            (path.parent if self._one else path).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"`--save` {path} cannot be written: {error.strerror}.") from error

    def take(self, shown: Shown) -> None:
        """Write the picture, whole or not at all."""
        path = self._path if self._one else self._path / f"{shown.frame.number:05d}_{Path(shown.frame.name).stem}.png"
        save_picture(path, shown.picture)


def save_picture(path: Path, image: NDArray[np.uint8]) -> None:
    """Write a picture in the format of its ending, whole or not at all.

    Raises
    ------
    OutputError
        OpenCV knows no such ending.
    """
    try:
        encoded, data = cv2.imencode(path.suffix, image)
    except cv2.error:
        encoded = False
    if not encoded:
        raise OutputError(_ENDINGS.format(path, path.suffix))
    with replacing_file(path) as beside:
        beside.write_bytes(data.tobytes())
