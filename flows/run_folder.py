"""Where a flow's run writes: the folder given, or a new one of its own."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

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


def make_prefect_home() -> None:
    """Make the folder that Prefect keeps its database in; Prefect itself does not make the folders above it."""
    Path(os.environ.get("PREFECT_HOME", PREFECT_HOME)).mkdir(parents=True, exist_ok=True)
