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

    return out if out is not None else RUNS / str(flow_run.name or flow_run.id or new_run_folder().name)


def new_run_folder() -> Path:
    """A folder below ``work/runs`` named by the time, to the second."""
    return RUNS / datetime.now().strftime("%Y-%m-%dT%H-%M-%S")


def make_prefect_home() -> None:
    """Make the folder that Prefect keeps its database in; Prefect itself does not make the folders above it."""
    Path(os.environ.get("PREFECT_HOME", PREFECT_HOME)).mkdir(parents=True, exist_ok=True)
