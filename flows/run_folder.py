"""Where a flow's run writes: the folder given, or a new one of its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

from runs.lock import RunLock
from runs.parameters import Parameters
from runs.record import begin

RUNS = Path("work/runs")
PREFECT_HOME = Path("work/prefect")
"""Where Prefect keeps its database when neither PREFECT_HOME nor a server is named: beside the runs it tells of."""


def run_folder(out: Path | None) -> Path:
    """`out`, or ``work/runs/<name of the flow run>`` when it is None, as for a run from Prefect's UI."""
    from prefect.runtime import flow_run

    if out is not None:
        return out
    name = flow_run.name or flow_run.id
    return RUNS / str(name) if name else new_run_folder()


def hold(out: Path, line: str, params: Mapping[str, Parameters], inputs: Mapping[str, Path], restart: bool) -> RunLock:
    """Refuse a run folder that holds a line of other data or parameters, before any step has written into it.

    Also refuses one that another run of the line writes into now; so hold the lock while the line runs.

    Raises
    ------
    RunMismatchError
        See above; `restart` takes the folder over, and each step then starts over where it must.
    """
    there = {name: path for name, path in inputs.items() if path.exists()}
    return begin(out / f".{line}", line, _LineParams(sections=dict(params)), there, restart=restart)


@dataclass(frozen=True, kw_only=True)
class _LineParams(Parameters):
    """The parameters of a line's steps as one."""

    sections: Any

    def as_dict(self) -> dict[str, Any]:
        return {f"{step}.{name}": value for step, one in self.sections.items() for name, value in one.as_dict().items()}


def new_run_folder() -> Path:
    """Make a folder below ``work/runs``, named by the time, and by a number where that second has one already."""
    first = folder = RUNS / datetime.now().strftime("%Y-%m-%dT%H-%M-%S")
    number = 1
    while True:
        try:
            folder.mkdir(parents=True)
            return folder
        except FileExistsError:
            number += 1
            folder = first.with_name(f"{first.name}-{number}")


def become_command(line: str) -> NoReturn:
    """Turn ``python -m flows.train_...`` into ``facefoundry run LINE``: what it starts then ends with it."""
    command = [sys.executable, "-m", "flows.command_line", "run", line, *sys.argv[1:]]
    os.execv(sys.executable, command)


def make_prefect_home() -> Path:
    """Make the folder that Prefect keeps its database in; Prefect itself does not make the folders above it."""
    home = Path(os.environ.get("PREFECT_HOME", PREFECT_HOME))
    home.mkdir(parents=True, exist_ok=True)
    return home
