"""Tell people of runs that failed: an automation on Prefect's server calls a webhook.

The server calls it, not the run: so it is told of too when the run's process was killed, or its machine died, and the
server has found the run Crashed (`flows/watch_runs.py`). The address is a secret (whoever knows it may write): it is
kept in a block on the server, which Prefect encrypts, and appears in no parameter, log or message of ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from runs.parameters import ParameterError

ADDRESS = "FACEFOUNDRY_NOTIFY_URL"
"""The environment variable that names the webhook."""

TOLD = ("Failed", "Crashed", "TimedOut", "Drifted")
"""The ends of a run that are told of, by the names of their states."""

_NAME = "facefoundry: tell of failed runs"
_BLOCK = "facefoundry-notify"
_LONGEST = 1000  # characters of a run's last message
_TEXT = (
    "flow.name ~ ': run ' ~ flow_run.name ~ ' is ' ~ event.resource['prefect.state-name'] ~ '. ' "
    "~ event.resource['prefect.state-message']"
)
_FIELDS = {
    "text": f"{{{{ ({_TEXT}) | truncate({_LONGEST}) | tojson }}}}",
    "flow": "{{ flow.name | tojson }}",
    "run": "{{ flow_run.name | tojson }}",
    "run_id": "{{ flow_run.id | string | tojson }}",
    "state": "{{ event.resource['prefect.state-name'] | tojson }}",
    "when": "{{ event.resource['prefect.state-timestamp'] | tojson }}",
}


def notify_failures(api_url: str, address: str, flows: Sequence[str]) -> None:
    """Have a Prefect server tell of failed runs; the same again changes nothing, another address replaces the first.

    Each run that ends in one of the states `TOLD` is told of by a POST of JSON: `text`, one sentence as Slack,
    Mattermost and others show it, and `flow`, `run`, `run_id`, `state`, `when` and `page`. Only runs of deployments
    are: of others somebody waits for the end, and a run within a run would be told of twice.

    Parameters
    ----------
    api_url
        Prefect's server, such as ``http://127.0.0.1:4200/api``.
    address
        The webhook, ``http://`` or ``https://``.
    flows
        The names of the flows whose runs are told of.

    Raises
    ------
    ParameterError
        `address` is no such address. The message does not repeat it.
    httpx.HTTPError
        The server cannot be reached, or it refuses.
    """
    _check_address(address)
    from prefect.blocks.webhook import Webhook

    with _client(api_url) as client:
        block = Webhook(url=address, headers={"Content-Type": "application/json"})  # type: ignore[arg-type]
        block_id = block.save(_BLOCK, overwrite=True)
        wanted = _automation(str(block_id), flows, api_url.removesuffix("/").removesuffix("/api"))
        there = client.read_automations_by_name(_NAME)
        for automation in there[1:]:  # two starts at once have each made one
            client.delete_automation(automation.id)
        way, path = ("PUT", f"/automations/{there[0].id}") if there else ("POST", "/automations/")
        client.request(way, path, json=wanted).raise_for_status()


def notify_nobody(api_url: str) -> bool:
    """Remove the automation and the webhook's address from a Prefect server; False where they were not there.

    Raises
    ------
    httpx.HTTPError
        The server cannot be reached, or it refuses.
    """
    from prefect.exceptions import ObjectNotFound

    with _client(api_url) as client:
        there = client.read_automations_by_name(_NAME)
        for automation in there:
            client.delete_automation(automation.id)
        try:
            client.delete_block_document(client.read_block_document_by_name(_BLOCK, "webhook").id)
        except ObjectNotFound:
            return bool(there)
    return True


def _automation(block_id: str, flows: Sequence[str], root: str) -> dict[str, Any]:
    trigger = {
        "type": "event",
        "posture": "Reactive",
        "expect": [f"prefect.flow-run.{state}" for state in TOLD],
        "match": {"prefect.resource.id": ["prefect.flow-run.*"]},
        "match_related": [
            {"prefect.resource.role": ["flow"], "prefect.resource.name": list(flows)},
            {"prefect.resource.role": ["deployment"]},
        ],
        "for_each": ["prefect.resource.id"],
        "threshold": 1,
        "within": 0,
    }
    page = f"{{{{ ({root!r} ~ '/runs/flow-run/' ~ flow_run.id) | tojson }}}}"
    payload = "{" + ", ".join(f'"{name}": {template}' for name, template in {**_FIELDS, "page": page}.items()) + "}"
    call = {"type": "call-webhook", "block_document_id": block_id, "payload": payload}
    description = f"A run of a deployment of {', '.join(flows)} that is {', '.join(TOLD)} is told of by a webhook."
    return {"name": _NAME, "description": description, "enabled": True, "trigger": trigger, "actions": [call]}


def _check_address(address: str) -> None:
    try:
        parts = urlsplit(address)
        right = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        right = False
    if not right:
        raise ParameterError(f"{ADDRESS} must be an address that begins with http:// or https://. Got another text.")


@contextmanager
def _client(api_url: str) -> Iterator[Any]:
    from prefect.client.orchestration import get_client
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with temporary_settings({PREFECT_API_URL: api_url}), get_client(sync_client=True) as client:
        yield client
