"""One run in a folder at a time: a lock that its process holds, and that the kernel drops when the process ends.

The lock is an exclusive `flock` on ``.running`` in the folder, which holds the process's number, for the message only:
after a `kill -9` the file stays and its lock does not. Programs that the run starts do not inherit it.
"""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from runs.errors import RunMismatchError

RUNNING = ".running"

_HELD = (errno.EAGAIN, errno.EACCES)


class RunLock:
    """Holds `folder`, which must exist, until the ``with`` block ends, or until nobody has the object any more.

    Where the file system knows no locks, or cannot be written to, nothing is held.

    Raises
    ------
    RunMismatchError
        Another run holds it; the message names the process.
    FileNotFoundError
        There is no such folder, or it has just gone.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / RUNNING
        self._descriptor: int | None = None
        while self._descriptor is None:
            try:
                descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)  # closed on exec
            except FileNotFoundError:
                raise
            except OSError:
                return
            if not self._take(descriptor):
                return

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()

    def __del__(self) -> None:
        self.release()

    def release(self) -> None:
        """Let the next run in."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            if self._is_ours(descriptor):
                self._path.unlink(missing_ok=True)
            os.close(descriptor)

    def _is_ours(self, descriptor: int) -> bool:
        """Whether the file is still the one that we have locked: the folder may have been emptied and taken since."""
        try:
            return os.path.samestat(os.fstat(descriptor), self._path.stat())
        except OSError:
            return False

    def _take(self, descriptor: int) -> bool:
        """Lock the open file, or close it where another run has just removed it; False where there are no locks."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if self._is_ours(descriptor):
                os.ftruncate(descriptor, 0)
                os.write(descriptor, str(os.getpid()).encode())
                self._descriptor = descriptor
                return True
        except OSError as error:
            said = os.pread(descriptor, 20, 0).decode(errors="replace").strip()
            os.close(descriptor)
            if error.errno in _HELD:
                raise RunMismatchError(
                    f"{self._path.parent} is in use: process {said or 'unknown'} is running in it. "
                    "Wait for it, end it, or choose another folder."
                ) from None
            self._path.unlink(missing_ok=True)
            return False
        os.close(descriptor)
        return True
