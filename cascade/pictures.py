"""Find and decode pictures: odd names, broken files and monstrous sizes included."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cascade.errors import InputError

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".pgm", ".ppm", ".tif", ".tiff", ".webp")
"""The file name endings that are taken for pictures, in lower case."""

MISSING = "missing file"
"""The rule of a `PictureError` that says that there is no such file."""

_SOF = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}


class PictureError(Exception):
    """A picture cannot be used; the arguments are the rule's short name, the value and the remedy."""

    def __init__(self, rule: str, value: str, remedy: str) -> None:
        super().__init__(f"{rule} (got {value}). {remedy}")
        self.rule, self.value, self.remedy = rule, value, remedy


def list_files(folder: Path) -> tuple[list[Path], list[Path]]:
    """All pictures below a folder, by their endings, and all other files, each sorted by path.

    Hidden files and folders (names that start with a dot) are passed over.

    Raises
    ------
    InputError
        The folder is missing, is not a folder, cannot be read, or holds no picture.
    """
    if not folder.is_dir():
        kind = "is not a folder" if folder.exists() else "does not exist"
        raise InputError(f"{folder} {kind}. Give a folder with pictures.")
    files = sorted(_walk(folder))
    pictures = [path for path in files if path.suffix.lower() in SUFFIXES]
    if not pictures:
        endings = " ".join(SUFFIXES)
        raise InputError(f"{folder} holds no picture ({len(files)} other files). Pictures end in one of: {endings}.")
    return pictures, [path for path in files if path.suffix.lower() not in SUFFIXES]


def load_grey(path: Path, max_pixels: int = 100_000_000) -> NDArray[np.uint8]:
    """Decode a picture to greyscale, turned upright as its EXIF data say.

    Parameters
    ----------
    path
        Any name: the bytes are read here and decoded in memory.
    max_pixels
        Larger pictures are refused; PNG, JPEG, BMP and PNM before they are decoded, by their headers.

    Returns
    -------
    Array of shape (height, width).

    Raises
    ------
    PictureError
        The file cannot be read, does not decode, is cut off, or is larger than allowed.
    """
    return decode_grey(_read(path, 8 * max_pixels), max_pixels)


def decode_grey(data: bytes, max_pixels: int) -> NDArray[np.uint8]:
    """As `load_grey`, of a file's content.

    Raises
    ------
    PictureError
        It does not decode, is cut off, or is larger than allowed.
    """
    _check_pixels(read_size(data), max_pixels)
    if not _is_whole(data):
        raise PictureError("cut off", f"{len(data)} bytes without the format's end mark", "Copy the picture again.")
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    except cv2.error as error:
        raise PictureError("not decodable", str(error.err), "Replace or remove the picture.") from error
    if image is None:
        raise PictureError("not decodable", f"{len(data)} bytes", "Replace or remove the picture.")
    _check_pixels((image.shape[1], image.shape[0]), max_pixels)
    return image


def read_size(data: bytes) -> tuple[int, int] | None:
    """Width and height from the header of a PNG, JPEG, BMP or PNM; None where it does not tell."""
    try:
        if data.startswith(b"\x89PNG\r\n\x1a\n"):
            width, height = struct.unpack_from(">II", data, 16)
        elif data.startswith(b"BM"):
            width, height = struct.unpack_from("<ii", data, 18)
        elif data.startswith(b"\xff\xd8"):
            return _jpeg_size(data)
        elif data[:1] == b"P" and data[1:2] in b"123456":
            words = [word for line in data[2:512].split(b"\n") for word in line.split(b"#")[0].split()]
            width, height = int(words[0]), int(words[1])
        else:
            return None
    except (struct.error, ValueError, IndexError):
        return None
    return abs(width), abs(height)


def check_output(out: Path, *inputs: Path) -> None:
    """Refuse an output folder whose replacement would destroy something.

    Raises
    ------
    InputError
        `out` is, holds, or lies inside one of `inputs`, or it holds files but no ``report.json`` of an earlier run.
    """
    place = out.resolve()
    for path in (path.resolve() for path in inputs):
        if place == path or place in path.parents or path in place.parents:
            raise InputError(f"`out` must be apart from its input {path}. Got {out}. Choose another folder.")
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / "report.json").is_file())):
        raise InputError(f"`out` holds files that no step wrote: {out}. They are not touched; choose a new folder.")


def _walk(folder: Path) -> list[Path]:
    def fail(error: OSError) -> None:
        raise InputError(f"{error.filename} cannot be read: {error.strerror}. Check its permissions.") from error

    found = []
    for root, folders, names in os.walk(folder, onerror=fail):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(root) / name for name in names if not name.startswith(".")]
    return found


def _read(path: Path, max_bytes: int) -> bytes:
    try:
        size = path.stat().st_size
        if not path.is_file() or size == 0:
            raise PictureError("empty file", f"{size} bytes", "Replace or remove the picture.")
        if size > max_bytes:
            raise PictureError("too large", f"{size} bytes", f"The limit is {max_bytes} bytes: make it smaller.")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise PictureError(MISSING, str(path), "Correct the path or remove the line.") from error
    except ValueError as error:  # a NUL, or half of a surrogate pair
        raise PictureError("no file's name", ascii(str(path)), "Correct the path or remove the line.") from error
    except OSError as error:
        raise PictureError("not readable", str(error.strerror), "Check the file's permissions.") from error


def _check_pixels(size: tuple[int, int] | None, max_pixels: int) -> None:
    if size is not None and size[0] * size[1] > max_pixels:
        remedy = f"The limit is {max_pixels / 1e6:g} megapixels: make the picture smaller."
        raise PictureError("too large", f"{size[0]}x{size[1]} pixels", remedy)


def _is_whole(data: bytes) -> bool:
    """Decoders fill the rest of a cut-off JPEG or PNG with grey and call it a picture; their end marks tell."""
    if data.startswith(b"\xff\xd8"):
        # Inside the coded pixels every 0xff is followed by 0, so neither mark can occur there by chance.
        return data.rfind(b"\xff\xd9") > data.rfind(b"\xff\xda")
    return not data.startswith(b"\x89PNG") or b"IEND" in data


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    place = 2
    while place + 9 < len(data):
        if data[place] != 0xFF:
            return None
        marker = data[place + 1]
        if marker in _SOF:
            height, width = struct.unpack_from(">HH", data, place + 5)
            return width, height
        if marker == 0xFF:
            place += 1
        elif 0xD0 <= marker <= 0xD8 or marker == 0x01:
            place += 2
        else:
            place += 2 + struct.unpack_from(">H", data, place + 2)[0]
    return None
