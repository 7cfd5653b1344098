"""Whether `facefoundry up` runs in this folder, and where: a lock that it holds, and a file with its addresses."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from runs.errors import RunMismatchError
from runs.files import write_json
from runs.lock import RUNNING, RunLock

UP = Path("work/up")
"""Where `up` keeps its lock, its addresses and its programs' logs."""


@dataclass(frozen=True)
class Up:
    """A running `up`: its process, and the addresses of Prefect's page and of the store of its runs."""

    process: int
    prefect: str
    store: str

    @property
    def api(self) -> str:
        """What PREFECT_API_URL must be, to use its server."""
        return f"{self.prefect}/api"

    def write(self) -> None:
        """Tell others where we are; the lock is the caller's."""
        write_json(UP / "up.json", asdict(self))


def running_up() -> Up | None:
    """The `up` that runs in this folder; None where none does."""
    try:
        told = Up(**json.loads((UP / "up.json").read_text(encoding="utf-8")))
        if (UP / RUNNING).read_text() != str(told.process):  # not its lock: one that starts, or another look like ours
            return None
        RunLock(UP).release()
    except RunMismatchError:
        return told
    except (OSError, ValueError, TypeError):
        return None
    return None
