"""A runner for the table of deployments: it asks a Prefect server for their runs, and starts each as a process.

The runs are in the runner's process group: what ends it ends them, and the programs that they started.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cascade.errors import ToolMissingError
from flows import deployments
from flows.read_params import PARAMS_FILE, read_sections
from flows.run_server import answers
from flows.watch_runs import FLOWS, HEARTBEAT, watch_runs
from tasks.notify import ADDRESS, notify_failures
from tasks.publish_models import RegisterParams

if TYPE_CHECKING:
    from prefect.deployments.runner import RunnerDeployment

_NAME = "facefoundry"
_POLL = {"PREFECT_RUNNER_POLL_FREQUENCY": "2"}  # seconds; Prefect's own 10 make every start wait


def serve_runs(store: RegisterParams, limit: int) -> None:
    """Deploy the table on the server that PREFECT_API_URL or a profile names, and run what it asks for until a signal.

    A schedule that the server has already is left as somebody switched it. Of the runs that a schedule made while
    nobody served, the latest is run, not all of them.

    Parameters
    ----------
    store
        Where the runs register.
    limit
        Runs at once, at most.

    Raises
    ------
    ParameterError
        `params.yaml` in this folder, or `store`, is wrong.
    ToolMissingError
        No server is named, or it does not answer.
    """
    for name, value in {**HEARTBEAT, **_POLL}.items():
        os.environ.setdefault(name, value)
    api = _named_server()
    sections = read_sections(PARAMS_FILE) if PARAMS_FILE.is_file() else {}
    table = deployments.make(str(PARAMS_FILE), sections, store)
    watch_runs(api)
    if address := os.environ.get(ADDRESS):
        notify_failures(api, address, FLOWS)
    _drop_missed(_keep_schedules(table))
    _run(table, limit)


def _named_server() -> str:
    from prefect.settings import PREFECT_API_URL

    api = PREFECT_API_URL.value()
    if not api:
        raise ToolMissingError(
            "No Prefect server is named. Set PREFECT_API_URL to one, such as http://127.0.0.1:4200/api, or let "
            "`facefoundry up` start one."
        )
    if not answers(f"{api}/health"):
        raise ToolMissingError(f"The Prefect server {api} (PREFECT_API_URL) does not answer. Is it up?")
    return str(api)


def _keep_schedules(table: Iterable[RunnerDeployment]) -> list[Any]:
    """Leave out the schedules that the server has, by their names; returns its deployments of the table."""
    from prefect.client.orchestration import get_client
    from prefect.exceptions import ObjectNotFound

    there = []
    with get_client(sync_client=True) as client:
        for deployment in table:
            try:
                found = client.read_deployment_by_name(deployment.full_name)
            except ObjectNotFound:
                continue
            there.append(found)
            slugs = {schedule.slug for schedule in found.schedules}
            deployment.schedules = [one for one in deployment.schedules or [] if one.slug not in slugs]
    return there


def _drop_missed(there: list[Any]) -> None:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter
    from prefect.client.schemas.sorting import FlowRunSort

    now = datetime.now(UTC).isoformat()
    with get_client(sync_client=True) as client:
        for deployment in there:
            rule = {
                "deployment_id": {"any_": [deployment.id]},
                "state": {"type": {"any_": ["SCHEDULED"]}},
                "expected_start_time": {"before_": now},
            }
            found = client.read_flow_runs(
                flow_run_filter=FlowRunFilter.model_validate(rule), sort=FlowRunSort.EXPECTED_START_TIME_DESC
            )
            for run in [one for one in found if one.auto_scheduled][1:]:
                client.delete_flow_run(run.id)


def _run(table: Iterable[RunnerDeployment], limit: int) -> None:
    from prefect.runner import Runner

    runner = Runner(name=_NAME, pause_on_shutdown=False, limit=limit)
    for deployment in table:
        runner.add_deployment(deployment)
        print(f"facefoundry: serves {deployment.full_name}", flush=True)
    asyncio.run(runner.start())
