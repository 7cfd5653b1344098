"""One look at one picture: everything that the rules ask about it, in a few hundred bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cascade.annotations.places import exif_orientation
from cascade.boxes import Box
from cascade.pictures import PictureError, load_grey

THUMBNAIL = 16
"""Width and height of the thumbnail that near-duplicates are compared by."""

Search = Callable[[NDArray[np.uint8]], tuple[tuple[Box, float], ...]]
"""Finds objects in a grey picture: boxes with scores."""

_FLAT = 8
_HEADER_BYTES = 1 << 16


@dataclass(frozen=True)
class Look:
    """What a picture is. `problem` is why it cannot be used; then nothing else is known.

    `digest` is a hash of the pixels; `signature` 64 bits, each whether a place is brighter than its neighbour;
    `traits` how it is stored (``colour``, ``16-bit``, ``alpha``, ``turned by EXIF``); `found` a known cascade's finds.
    """

    problem: PictureError | None = None
    width: int = 0
    height: int = 0
    digest: bytes = b""
    thumbnail: bytes = b""
    signature: int = 0
    flat: bool = False
    traits: tuple[str, ...] = ()
    found: tuple[tuple[Box, float], ...] = ()


def look_at(path: Path, search: Search | None = None, max_pixels: int = 100_000_000) -> Look:
    """Decode a picture, as `collect` would, and keep what the rules need."""
    try:
        image = load_grey(path, max_pixels)
    except PictureError as error:
        return Look(error)
    height, width = image.shape
    small = cv2.resize(image, (9, 8), interpolation=cv2.INTER_AREA)
    return Look(
        width=width,
        height=height,
        digest=hashlib.blake2b(image.tobytes(), digest_size=16, key=f"{width}x{height}".encode()).digest(),
        thumbnail=cv2.resize(image, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA).tobytes(),
        signature=int.from_bytes(np.packbits(small[:, 1:] > small[:, :-1]).tobytes(), "big"),
        flat=int(image.max()) - int(image.min()) < _FLAT,
        traits=_traits(path),
        found=() if search is None else search(image),
    )


def _traits(path: Path) -> tuple[str, ...]:
    """How a PNG or JPEG is stored, from its header; nothing is said of other formats."""
    with path.open("rb") as stream:
        data = stream.read(_HEADER_BYTES)
    if data.startswith(b"\x89PNG") and len(data) > 25:
        depth, kind = data[24], data[25]
        alpha = bool(kind & 4) or b"tRNS" in data
        return _named(colour=bool(kind & 2), deep=depth == 16, alpha=alpha, turned=False)
    if data.startswith(b"\xff\xd8"):
        return _named(colour=_jpeg_colours(data) > 1, deep=False, alpha=False, turned=exif_orientation(data) > 1)
    return ()


def _named(*, colour: bool, deep: bool, alpha: bool, turned: bool) -> tuple[str, ...]:
    pairs = ((colour, "colour"), (deep, "16-bit"), (alpha, "alpha"), (turned, "turned by EXIF"))
    return tuple(name for has, name in pairs if has)


def _jpeg_colours(data: bytes) -> int:
    """The number of components that the frame header gives; 1 where there is no such header."""
    place = 2
    while place + 9 < len(data) and data[place] == 0xFF:
        if 0xC0 <= data[place + 1] <= 0xC3:
            return data[place + 9]
        place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return 1
