"""Nothing is written in place: write beside, fsync, rename.

A reader sees the old file or folder or the new one, never a half.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from runs.errors import RunMismatchError
from runs.leftovers import claimed_folder, put_in_place


@contextmanager
def replacing_file(path: Path) -> Iterator[Path]:
    """Yield a path beside `path` to write to; at the end it takes `path`'s place.

    When the block raises, the new file is removed and `path` is as before; what a killed process leaves is removed by
    the next one that writes the same `path`. The name is kept, in a hidden folder, so that writers that choose a format
    by the suffix (OpenCV, matplotlib) work.
    """
    with claimed_folder(path) as folder:
        beside = folder / path.name
        yield beside
        _sync(beside)
        os.replace(beside, path)
        _sync(path.parent)


@contextmanager
def replacing_folder(path: Path, known: Collection[str] | None = None) -> Iterator[Path]:
    """Yield an empty folder beside `path` to fill; at the end it takes `path`'s place, whole.

    When the block raises, the new folder is removed and `path` is as before; what a killed process leaves is removed
    by the next one that writes the same `path`. A folder cannot be replaced in one system call: between the two renames
    `path` is absent for a moment, never mixed. Where `path` is a link, the folder that it leads to is replaced.

    Parameters
    ----------
    known
        The names that the step writes. When `path` holds any other, it is somebody's own and not replaced.

    Raises
    ------
    RunMismatchError
        `path` is a file or holds a name that is not `known`. Nothing was touched.
    """
    path = path.resolve()
    with claimed_folder(path) as beside:
        if known is not None:
            _check_known(path, known)
        yield beside
        put_in_place(beside, path)
        _sync(path.parent)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, whole or not at all."""
    with replacing_file(path) as beside:
        beside.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, whole or not at all; NaN is refused, as it is not JSON."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def _check_known(path: Path, known: Collection[str]) -> None:
    names = sorted(entry.name for entry in path.iterdir()) if path.is_dir() else [path.name] if path.exists() else []
    foreign = [name for name in names if name not in known]
    if foreign:
        raise RunMismatchError(
            f"{path} holds files that no step wrote ({foreign[0]}), and they are not touched. Choose a new folder."
        )


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
