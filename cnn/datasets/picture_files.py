"""Find a dataset's picture files and folders, in an order that does not depend on the machine."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from cnn.errors import InputError

SUFFIXES: tuple[str, ...] = (".png", ".jpg", ".jpeg", ".bmp", ".pgm", ".ppm", ".tif", ".tiff", ".webp")
"""Picture files, by their names' ends in any case."""

SPLITS: dict[str, str] = {
    **dict.fromkeys(("train", "training", "train_set", "training_set"), "training"),
    **dict.fromkeys(("val", "valid", "validation", "val_set", "validation_set", "dev"), "validation"),
    **dict.fromkeys(("publictest", "public_test"), "validation"),
    **dict.fromkeys(("test", "testing", "test_set", "privatetest", "private_test"), "test"),
}
"""The splits' folders in lower case, and the official split that each one is."""

PICTURE_REMEDY = "Download the picture again, or remove it."

_IGNORED = frozenset({"thumbs.db", "desktop.ini"})


def existing_folder(path: Path, argument: str) -> Path:
    """`path`, where it is a folder.

    Raises
    ------
    InputError
        It is none; the message names `argument`.
    """
    if not path.is_dir():
        raise InputError(f"`{argument}` must be a folder that exists. Got {path}.")
    return path


def is_picture(name: str) -> bool:
    """Whether a file's name says that this is a picture."""
    return name.lower().endswith(SUFFIXES)


def folders_in(folder: Path) -> list[Path]:
    """The folders in a folder, sorted as people number them; hidden ones and links to elsewhere are left out.

    Raises
    ------
    InputError
        The folder cannot be listed.
    """
    return [folder / name for name in _sorted_names(folder, lambda entry: entry.is_dir(follow_symlinks=False))]


def names_in(folder: Path) -> list[str]:
    """The names of the files in a folder, sorted as people number them, but for hidden and a file manager's ones.

    Raises
    ------
    InputError
        The folder cannot be listed.
    """
    names = _sorted_names(folder, lambda entry: not entry.is_dir())
    return [name for name in names if name.lower() not in _IGNORED]


def pictures_in(folder: Path) -> list[Path]:
    """The pictures among `names_in`."""
    return [folder / name for name in names_in(folder) if is_picture(name)]


def walk(folder: Path) -> Iterator[Path]:
    """A folder, then `folders_in` it, each with those below it."""
    yield folder
    for below in folders_in(folder):
        yield from walk(below)


def official_split(folders: Sequence[str]) -> str:
    """The official split that the last of these folders' names says that says one, or '' where none does."""
    return next((SPLITS[name.lower()] for name in reversed(folders) if name.lower() in SPLITS), "")


def relative(path: Path, folder: Path) -> str:
    r"""A file's name in the dataset, with ``/`` on every system; bytes that are not UTF-8 are written as ``\udcXX``."""
    return path.relative_to(folder).as_posix().encode(errors="backslashreplace").decode()


def _sorted_names(folder: Path, wanted: Callable[[os.DirEntry[str]], bool]) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            found = [entry.name for entry in entries if entry.name[0] != "." and wanted(entry)]
    except OSError as error:
        raise InputError(f"{folder} cannot be listed: {error.strerror}. Mend its permissions.") from error
    return sorted(found, key=_natural)


def _natural(name: str) -> list[tuple[int, str]]:
    """2 before 10: the key in which numbers count as numbers."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)] + [(-2, name)]
