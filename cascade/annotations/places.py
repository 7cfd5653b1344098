"""Where the pictures are that an annotation file names, and how large they are.

A relative name is resolved from the folder of the file that holds it, and ``..`` and absolute paths are followed as
written: that a picture lies elsewhere is its owner's will. Whatever a file names is only ever opened as a picture, so
that a file from a stranger can at worst show a picture of this machine; addresses in it are never fetched.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePath

from cascade.errors import InputError
from cascade.pictures import SUFFIXES, PictureError, load_grey, read_size

_HEADER_BYTES = 1024 * 1024
_TURNED = range(5, 9)


def find_picture(folders: Sequence[Path], name: str) -> Path:
    """The first of `folders` that has a file of that name, or the place in the first where it should be.

    Backslashes of Windows are taken for slashes where no such file exists. A name without a picture's ending takes
    each known ending in turn.

    Raises
    ------
    ValueError
        The name is empty, or holds a zero byte.
    """
    if not name or "\0" in name:
        raise ValueError("a picture's name must not be empty and must not hold a zero byte")
    names = [name] if "\\" not in name else [name, name.replace("\\", "/")]
    if PurePath(name).suffix.lower() not in SUFFIXES:
        names += [names[-1] + suffix for suffix in SUFFIXES]
    for folder in folders:
        for candidate in names:
            if (folder / candidate).is_file():
                return folder / candidate
    return folders[0] / name


def relative_name(folder: Path, picture: Path) -> str:
    """The picture's path as a file in `folder` should name it; right where either is reached by a symbolic link."""
    place = picture.parent.resolve() / picture.name
    return Path(os.path.relpath(place, folder.resolve())).as_posix()


def own_names(pictures: Iterable[Path]) -> Iterator[str]:
    """A file name without its ending for each picture: its own, with a number where it is taken; none is hidden."""
    taken: dict[str, int] = {}
    for picture in pictures:
        stem = picture.stem.lstrip(".") or "picture"
        name = stem
        while name.casefold() in taken:
            taken[stem.casefold()] += 1
            name = f"{stem}_{taken[stem.casefold()]}"
        taken[name.casefold()] = 1
        yield name


def measure(picture: Path) -> tuple[int, int]:
    """Width and height of a picture turned upright as its EXIF data say, from its header where that tells.

    Raises
    ------
    PictureError
        The file cannot be read, or is no picture.
    """
    if not picture.is_file():
        raise PictureError("missing file", str(picture), "Correct the path or remove the entry.")
    try:
        with picture.open("rb") as stream:
            data = stream.read(_HEADER_BYTES)
    except OSError as error:
        raise PictureError("not readable", str(error.strerror), "Check the file's permissions.") from error
    size = read_size(data)
    if size is None:
        height, width = load_grey(picture).shape
        return width, height
    return size[::-1] if exif_orientation(data) in _TURNED else size


def exif_orientation(data: bytes) -> int:
    """The orientation, 1 to 8, that a JPEG's EXIF data give; 1 where they give none."""
    start = data.find(b"Exif\0\0") + 6 if data.startswith(b"\xff\xd8") else 5
    order = {b"II": "<", b"MM": ">"}.get(data[start : start + 2])
    if start == 5 or order is None:
        return 1
    try:
        (place,) = struct.unpack_from(f"{order}I", data, start + 4)
        (count,) = struct.unpack_from(f"{order}H", data, start + place)
        for number in range(count):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", data, start + place + 2 + 12 * number)
            if tag == 0x0112:
                return value if 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1


def check_new_folder(path: Path) -> None:
    """Refuse to write into a folder that holds something.

    Raises
    ------
    InputError
        There is a file, or a folder that is not empty.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise InputError(f"{path} is there already and is not touched. Choose a new folder.")
