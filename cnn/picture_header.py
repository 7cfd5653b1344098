"""The size of a picture from its header, before anything is decoded: a few bytes can claim a terabyte of pixels."""

from __future__ import annotations

import struct
from collections.abc import Callable

Size = tuple[int, int]
"""Width and height in pixels, as stored: before any turn that EXIF data ask for."""


def picture_size(data: bytes) -> Size | None:
    """Width and height from the header of a JPEG, PNG, BMP, GIF, PNM, TIFF or WebP; None where it is none of them.

    A header that breaks off is None too.

    Examples
    --------
    >>> picture_size(b"P5 640 480 255 ...")
    (640, 480)
    """
    for start, read in _READERS.items():
        if data.startswith(start):
            try:
                return read(data)
            except (struct.error, ValueError, LookupError):
                return None
    return None


def _jpeg(data: bytes) -> Size | None:
    place = 2
    while data[place] == 0xFF:
        marker = data[place + 1]
        if marker in _START_OF_FRAME:
            height, width = struct.unpack_from(">HH", data, place + 5)
            return width, height
        if marker == 0xFF:  # fill byte
            place += 1
        elif 0xD0 <= marker <= 0xD8 or marker == 0x01:  # markers without a length
            place += 2
        else:
            place += 2 + struct.unpack_from(">H", data, place + 2)[0]
    return None


def _png(data: bytes) -> Size:
    return struct.unpack_from(">II", data, 16)


def _bmp(data: bytes) -> Size:
    wide = struct.unpack_from("<I", data, 14)[0] >= 40
    width, height = struct.unpack_from("<ii" if wide else "<HH", data, 18)
    return abs(width), abs(height)  # a negative height means rows from the top


def _gif(data: bytes) -> Size:
    return struct.unpack_from("<HH", data, 6)


def _pnm(data: bytes) -> Size:
    words = [word for line in data[2:4096].split(b"\n") for word in line.split(b"#")[0].split()]
    return int(words[0]), int(words[1])


def _tiff(data: bytes) -> Size | None:
    order = "<" if data[:2] == b"II" else ">"
    directory = struct.unpack_from(f"{order}I", data, 4)[0]
    sides: dict[int, int] = {}
    for index in range(struct.unpack_from(f"{order}H", data, directory)[0]):
        tag, kind = struct.unpack_from(f"{order}HH", data, directory + 2 + 12 * index)
        if tag in (256, 257):
            side = struct.unpack_from(order + {3: "H", 4: "I"}[kind], data, directory + 10 + 12 * index)[0]
            sides.setdefault(tag, side)  # of a tag that stands twice, libtiff takes the first
    return (sides[256], sides[257]) if len(sides) == 2 else None


def _webp(data: bytes) -> Size | None:
    kind = data[12:16]
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L":
        bits = struct.unpack_from("<I", data, 21)[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8X":
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    return None


_START_OF_FRAME = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_READERS: dict[bytes, Callable[[bytes], Size | None]] = {
    b"\xff\xd8": _jpeg,
    b"\x89PNG\r\n\x1a\n": _png,
    b"BM": _bmp,
    b"GIF8": _gif,
    **{f"P{kind}".encode(): _pnm for kind in range(1, 7)},
    b"II*\0": _tiff,
    b"MM\0*": _tiff,
    b"RIFF": _webp,
}
