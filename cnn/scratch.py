"""The folder beside a step's output where it keeps what it has read, so that a killed run does not read it again."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from runs.lock import RUNNING, RunLock


@contextmanager
def kept_scratch(out: Path) -> Iterator[Path]:
    """Yield the folder ``.NAME.reading`` beside `out`, with whatever an earlier run of the same `out` left in it.

    When the block ends well it is removed. When it raises, or its process is killed, it stays for the next run; what
    is in it must tell by itself whether it is whole and still right, as `cnn.datasets.picture_chunks` does.

    Raises
    ------
    RunMismatchError
        Another process uses it now; the message names it.
    """
    path = out.resolve()
    folder = path.with_name(f".{path.name}.reading")
    try:
        with _lock(folder):
            yield folder
            _empty(folder)
    finally:
        with suppress(OSError):  # it is gone, or holds something for the next run, or the next run has it already
            folder.rmdir()


def _lock(folder: Path) -> RunLock:
    while True:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            return RunLock(folder)
        except (FileNotFoundError, FileExistsError):  # a run that has ended removed it, just now
            if folder.is_file():
                raise


def _empty(folder: Path) -> None:
    """Remove all but the lock, which keeps others out until it is let go."""
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry.name != RUNNING:
            entry.unlink()
