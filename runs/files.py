"""Nothing is written in place: write beside, fsync, rename.

A reader sees the old file or folder or the new one, never a half.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4


@contextmanager
def replacing_file(path: Path) -> Iterator[Path]:
    """Yield a path beside `path` to write to; at the end it takes `path`'s place.

    When the block raises, the new file is removed and `path` is as before. The suffix is kept, so that
    writers that choose a format by it (OpenCV, matplotlib) work.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.stem}.{uuid4().hex[:8]}{path.suffix}")
    try:
        yield beside
        _sync(beside)
        os.replace(beside, path)
        _sync(path.parent)
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Yield an empty folder beside `path` to fill; at the end it takes `path`'s place, whole.

    When the block raises, the new folder is removed and `path` is as before. A folder cannot be replaced
    in one system call: between the two renames `path` is absent for a moment, never mixed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{uuid4().hex[:8]}")
    beside.mkdir()
    try:
        yield beside
        _swap(beside, path)
        _sync(path.parent)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, whole or not at all."""
    with replacing_file(path) as beside:
        beside.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, whole or not at all; NaN is refused, as it is not JSON."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def _swap(new: Path, path: Path) -> None:
    old = path.with_name(f".{path.name}.{uuid4().hex[:8]}.old")
    if path.exists():
        path.rename(old)
    new.rename(path)
    shutil.rmtree(old, ignore_errors=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
