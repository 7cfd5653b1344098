"""Pictures as a source: one, or a folder of them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cascade.errors import InputError
from cascade.pictures import PictureError, list_files, load_grey
from live.errors import SourceError
from live.frames import NO_FILE, Frame, Source


class Pictures(Source):
    """One picture, or all pictures below a folder by their paths. What does not decode is passed over and noted.

    Raises
    ------
    SourceError
        There is no such file or folder, or no picture in it.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(name=str(path), kind="pictures")
        if not path.exists():
            raise SourceError(NO_FILE.format(path))
        try:
            self._paths = list_files(path)[0] if path.is_dir() else [path]
        except InputError as error:
            raise SourceError(str(error)) from error
        self.total = len(self._paths)
        self._next = 0

    def read(self, timeout: float) -> Frame | None:  # noqa: ARG002
        """The next picture that decodes; `timeout` does not matter."""
        while self._next < len(self._paths):
            number, path = self._next, self._paths[self._next]
            self._next += 1
            try:
                return Frame(load_colour(path), number, None, str(path))
            except PictureError as error:
                self.notes.append(f"{path} was passed over: {error}")
        self.ended = True
        self.failed = len(self.notes) == len(self._paths)
        return None


def load_colour(path: Path) -> NDArray[np.uint8]:
    """Decode a picture, upright, to (height, width, 3).

    Raises
    ------
    PictureError
        As `cascade.pictures.load_grey`: missing, broken, cut off or too large.
    """
    load_grey(path)  # for its checks: this costs a second decoding, and nothing else says so well what is wrong
    image = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise PictureError("not decodable", str(path), "Replace or remove the picture.")
    return np.asarray(image)
