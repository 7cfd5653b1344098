"""A run whose process died, or whose machine did, becomes Crashed: nothing else would end it in Prefect's book.

A run tells the server every `HEARTBEAT` seconds that it lives. An automation on the server ends the runs that have
told nothing for `WITHIN` seconds. A run that ends, pauses or waits for a retry is no longer expected to tell.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

HEARTBEAT = {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30"}
"""The environment that a run needs, in seconds between two signs of life: Prefect takes none below 30."""

WITHIN = 300
"""Seconds without a sign of life after which a run counts as dead: longer than Prefect's own 180 between two signs,
so that a run in an environment without `HEARTBEAT` is safe, and than a restart of the server."""

FLOWS = ("train-cascade", "train-cnn", "train-both", "build-pair", "promote-model", "retrain", "watch-drift")
"""The flows that are watched, by their names on the server; what else runs there is left alone."""

OWN_ENDS = ("Unchanged", "AlreadyRunning", "Drifted")
"""How `retrain` and `watch-drift` may end besides: Prefect names a run's last event by its state's name."""

_NAME = "facefoundry: end runs whose process died"
_ALIVE = "prefect.flow-run.heartbeat"
_ENDS = ("Completed", "Failed", "Cancelled", "Crashed", "TimedOut", "Paused", "Suspended", "AwaitingRetry", *OWN_ENDS)
_A_PAGE = 200  # as many as the server gives at once


def watch_runs(api_url: str, *, within: int = WITHIN) -> None:
    """Have a Prefect server end the runs whose process died; the same again changes nothing.

    The runs that are going on in the server's book, also those of before it was last started, have `within` seconds
    from now to show that they live.

    Parameters
    ----------
    api_url
        The server's address, such as ``http://127.0.0.1:4200/api``.
    within
        Seconds without a sign of life; 10 or more.

    Raises
    ------
    httpx.HTTPError
        The server cannot be reached, or it refuses.
    """
    from prefect.client.orchestration import get_client
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with temporary_settings({PREFECT_API_URL: api_url}), get_client(sync_client=True) as client:
        _put_automation(client, _automation(within))
        names = _flows(client)
        signs = [_sign_of_life(run, names[run.flow_id]) for run in _running(client, list(names))]
        client.request("POST", "/events", json=signs).raise_for_status()


def _automation(within: int) -> dict[str, Any]:
    trigger = {
        "type": "event",
        "posture": "Proactive",
        "after": ["prefect.flow-run.Running", _ALIVE],  # one may die between the two
        "expect": [_ALIVE, *(f"prefect.flow-run.{state}" for state in _ENDS)],
        "match": {"prefect.resource.id": ["prefect.flow-run.*"]},
        "match_related": {"prefect.resource.role": ["flow"], "prefect.resource.name": list(FLOWS)},
        "for_each": ["prefect.resource.id"],
        "threshold": 1,
        "within": within,
    }
    message = (
        f"No sign of life for {within} s: the run's process, or its machine, has died. The same run folder resumes it."
    )
    crash = {"type": "change-flow-run-state", "state": "CRASHED", "name": "Crashed", "message": message}
    # It tells all that may change with the version: where it differs, the server's automation is an older one.
    description = (
        f"A run of {', '.join(FLOWS)} that shows no sign of life for {within} s becomes Crashed, "
        f"unless it was last seen {', '.join(_ENDS)}."
    )
    return {"name": _NAME, "description": description, "enabled": True, "trigger": trigger, "actions": [crash]}


def _put_automation(client: Any, wanted: dict[str, Any]) -> None:
    there = client.read_automations_by_name(_NAME)
    if not there:
        client.request("POST", "/automations/", json=wanted).raise_for_status()
    for automation in there[1:]:  # two servers' starts at once have each made one
        client.delete_automation(automation.id)
    if there and there[0].description != wanted["description"]:
        client.request("PUT", f"/automations/{there[0].id}", json=wanted).raise_for_status()


def _flows(client: Any) -> dict[Any, str]:
    from prefect.client.schemas.filters import FlowFilter, FlowFilterName

    found = client.read_flows(flow_filter=FlowFilter(name=FlowFilterName(any_=list(FLOWS))))
    return {flow.id: flow.name for flow in found}


def _running(client: Any, flows: list[Any]) -> list[Any]:
    from prefect.client.schemas.filters import FlowFilter, FlowRunFilter

    ours = FlowFilter.model_validate({"id": {"any_": flows}})
    running = FlowRunFilter.model_validate({"state": {"type": {"any_": ["RUNNING"]}}})
    return list(client.read_flow_runs(flow_filter=ours, flow_run_filter=running, limit=_A_PAGE))


def _sign_of_life(run: Any, flow: str) -> dict[str, Any]:
    """What a run that lives tells: from it on, the automation waits for the next one."""
    return {
        "id": str(uuid4()),
        "occurred": datetime.now(UTC).isoformat(),
        "event": _ALIVE,
        "resource": {"prefect.resource.id": f"prefect.flow-run.{run.id}", "prefect.resource.name": run.name},
        "related": [
            {
                "prefect.resource.id": f"prefect.flow.{run.flow_id}",
                "prefect.resource.role": "flow",
                "prefect.resource.name": flow,
            }
        ],
    }
