"""The peak memory of a process: VmHWM of /proc, as what getrusage says of a child starts at the peak of its parent."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path


class Watch:
    """The peak memory in MiB of this process, or of those that it starts whose names begin with `name`.

    A process that was started is looked at again and again, as nothing is left of it in the end.
    """

    def __init__(self, name: str | None = None) -> None:
        self._peak, self._ended, self._name = 0.0, threading.Event(), name
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def end(self) -> float:
        """Stop watching; return the peak."""
        self._ended.set()
        self._thread.join()
        return self._peak

    def _watch(self) -> None:
        while True:
            ended = self._ended.wait(0.2)
            for pid in children(os.getpid()) if self._name else [os.getpid()]:
                self._peak = max(self._peak, high_water(pid, self._name or ""))
            if ended:
                return


def children(pid: int) -> list[int]:
    """A process's children, and theirs."""
    found = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in map(int, path.read_text().split()):
                found += [child, *children(child)]
    return found


def high_water(pid: int, name: str) -> float:
    """VmHWM of a process in MiB; 0 if it is gone, or of another name."""
    with contextlib.suppress(OSError):
        lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        if lines["Name"].strip().startswith(name) and "VmHWM" in lines:
            return int(lines["VmHWM"].split()[0]) / 1024
    return 0.0
