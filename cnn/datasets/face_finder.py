"""Find the largest face in a picture; run as a module, it answers for one picture a line until its input ends.

References
----------
King, "Max-margin object detection", 2015: dlib's detector of frontal faces.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import cv2

from cnn.preprocess import MAX_BYTES, Box, PictureError, decode

Found = Box | tuple[()] | None
"""A box; None where there is no face; () where the picture cannot be read."""

_LONGEST_SIDE = 640
"""Larger pictures are searched at this size; dlib's smallest face is 80 pixels wide, or 40 in a second search."""


def find_face(path: Path) -> Found:
    """The box of the largest frontal face in a picture, in the upright picture's pixels; it may reach outside.

    Where none is found, the picture is searched again at twice the size, which takes four times as long.
    """
    try:
        image = decode(path.read_bytes()) if path.is_file() and path.stat().st_size <= MAX_BYTES else None
    except (PictureError, OSError):
        image = None
    if image is None:
        return ()
    scale = min(1.0, _LONGEST_SIDE / max(image.shape))
    if scale < 1:
        height, width = (max(1, round(side * scale)) for side in image.shape)
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    faces = _detector()(image, 0) or _detector()(image, 1)
    if not faces:
        return None
    found = max(faces, key=lambda one: one.area())
    x, y, width, height = (round(side / scale) for side in (found.left(), found.top(), found.width(), found.height()))
    return x, y, width, height


@cache
def _detector() -> Callable[[Any, int], Any]:
    import dlib

    return dlib.get_frontal_face_detector()


def _answer() -> None:
    for line in sys.stdin:
        print(json.dumps(find_face(Path(json.loads(line)))), flush=True)


if __name__ == "__main__":
    _answer()
