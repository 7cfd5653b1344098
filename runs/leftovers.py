"""Hidden folders beside a step's output: claimed by the process that writes, cleaned up when it was killed.

A claim is an exclusive `flock` on the folder itself. The kernel drops it when its process ends, however that ends, so a
folder that can be claimed belongs to nobody any more: no process numbers to compare, which another container may
use too. Where the file system knows no such locks nothing is claimed, and nothing is cleaned up.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)


@contextmanager
def claimed_folder(path: Path) -> Iterator[Path]:
    """Yield a new, empty folder ``.NAME.xxxxxxxx.writing`` beside `path`; at the end it is removed if still there.

    First what killed writers of the same `path` have left is removed, and an output that one had moved away and not
    replaced yet is put back. A live writer's folder is never touched, nor anything with another name.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(path)
    folder, claim = _make(path)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _release(claim)


def put_in_place(new: Path, path: Path) -> None:
    """Rename the folder `new` to `path`, and remove what was there: it is hidden and claimed for the moment between."""
    old = path.with_name(f".{path.name}.{uuid4().hex[:8]}.old")
    claim = None
    if path.exists():
        claim = _claim(path)
        path.rename(old)
    try:
        new.rename(path)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        _release(claim)


def remove_leftovers(path: Path) -> None:
    """Remove the hidden folders that dead writers of `path` have left beside it."""
    pattern = _pattern(path.name)
    with os.scandir(path.parent) as entries:
        found = {entry.name: match[1] for entry in entries if (match := pattern.fullmatch(entry.name))}
    for name, kind in found.items():
        folder = path.with_name(name)
        claim = None if folder.is_symlink() else _claim(folder)
        if claim is None:
            continue
        if kind == "old" and not path.exists():
            folder.rename(path)
        else:
            shutil.rmtree(folder, ignore_errors=True)
        _release(claim)


def is_leftover(name: str, output: str) -> bool:
    """Whether `name` is that of a hidden folder of a writer of `output`."""
    return _pattern(output).fullmatch(name) is not None


def _pattern(output: str) -> re.Pattern[str]:
    return re.compile(rf"\.{re.escape(output)}\.[0-9a-f]{{8}}\.(writing|old)")


def _make(path: Path) -> tuple[Path, int | None]:
    while True:
        folder = path.with_name(f".{path.name}.{uuid4().hex[:8]}.writing")
        folder.mkdir()
        claim = _claim(folder)
        # Between the two lines another process may have taken the folder for a dead one's: then make another.
        if claim is not None or (folder.is_dir() and not _locks_work(folder)):
            return folder, claim


def _claim(folder: Path) -> int | None:
    """An open descriptor that holds the folder's lock; None when it is held, gone, or cannot be locked."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), folder.stat()):
            return descriptor
    except OSError:
        pass
    os.close(descriptor)
    return None


def _locks_work(folder: Path) -> bool:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in _NO_LOCKS
    finally:
        os.close(descriptor)
    return True


def _release(claim: int | None) -> None:
    if claim is not None:
        os.close(claim)
