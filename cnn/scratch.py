"""The folder beside a step's output where it keeps what it has read, so that a killed run does not read it again."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from runs.lock import RunLock


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
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with RunLock(folder):
            yield folder
            shutil.rmtree(folder)
    finally:
        with suppress(OSError):  # it is gone, or holds something for the next run
            folder.rmdir()
