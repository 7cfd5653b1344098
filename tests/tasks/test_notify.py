"""A real Prefect server tells a real receiver of runs that failed, and of no others."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any
from uuid import UUID

import pytest

from runs.parameters import ParameterError
from tasks.notify import ADDRESS, notify_failures, notify_nobody

PATIENCE = 120.0
SECRET = "/services/T0/B0/very-secret"


class Receiver(HTTPServer):
    """Keeps what is posted to it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Keep)
        self.messages: list[dict[str, Any]] = []

    def wait(self, count: int) -> list[dict[str, Any]]:
        deadline = time.monotonic() + PATIENCE
        while len({message["run_id"] for message in self.messages}) < count:
            assert time.monotonic() < deadline, f"{len(self.messages)} of {count} messages came"
            time.sleep(0.2)
        return self.messages


class _Keep(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        assert self.headers["Content-Type"] == "application/json"
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.messages.append({"path": self.path, **json.loads(body)})
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


class Server:
    """Runs of deployments on a real Prefect server, ended as a runner would end them."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def run(self, flow: str, *, deployed: bool = True) -> Any:
        flow_id = self.client.create_flow_from_name(flow)
        if deployed:
            return self.client.create_flow_run_from_deployment(self.client.create_deployment(flow_id, "told"))
        answer = self.client.request("POST", "/flow_runs/", json={"flow_id": str(flow_id)})
        return self.client.read_flow_run(UUID(answer.json()["id"]))

    def end(self, run: Any, kind: str, name: str, message: str) -> None:
        state = {"type": kind, "name": name, "message": message}
        answer = self.client.request("POST", f"/flow_runs/{run.id}/set_state", json={"state": state, "force": True})
        assert answer.json()["status"] == "ACCEPT", answer.text


@pytest.fixture
def server(prefect_server: str) -> Iterator[Server]:
    from prefect.client.orchestration import get_client
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with temporary_settings({PREFECT_API_URL: prefect_server}), get_client(sync_client=True) as client:
        yield Server(client)


@pytest.mark.prefect
@pytest.mark.slow
def test_failed_crashed_timed_out_and_drifted_runs_are_told_of_and_no_others(
    prefect_server: str, server: Server, receiver: Receiver
) -> None:
    address = f"http://127.0.0.1:{receiver.server_port}{SECRET}"
    for _ in range(2):  # the second time changes nothing, and doubles nothing
        notify_failures(prefect_server, address, ["retrain", "watch-drift"])
    server.end(server.run("retrain"), "COMPLETED", "Unchanged", "nothing to do")
    server.end(server.run("retrain", deployed=False), "FAILED", "Failed", "somebody waits for this one")
    server.end(server.run("a-strangers-flow"), "FAILED", "Failed", "not ours")
    runs = {name: server.run("retrain") for name in ("Failed", "Crashed", "TimedOut", "Drifted")}
    kinds = {"Failed": "FAILED", "Crashed": "CRASHED", "TimedOut": "FAILED", "Drifted": "COMPLETED"}
    for name, run in runs.items():
        server.end(run, kinds[name], name, f'a "quoted" <message>\nof {name} ' + "x" * 5000)
    told = {message["state"]: message for message in receiver.wait(len(runs))}
    ids = {str(run.id) for run in runs.values()}
    assert {message["run_id"] for message in receiver.messages} == ids  # a busy server may tell twice of one
    assert len(server.client.read_automations_by_name("facefoundry: tell of failed runs")) == 1
    assert set(told) == set(runs)
    for name, message in told.items():
        assert message["path"] == SECRET
        assert (message["flow"], message["run"], message["run_id"]) == ("retrain", runs[name].name, str(runs[name].id))
        assert message["text"].startswith(f'retrain: run {runs[name].name} is {name}. a "quoted" <message>\nof {name}')
        assert len(message["text"]) <= 1000
        assert message["page"] == f"{prefect_server.removesuffix('/api')}/runs/flow-run/{runs[name].id}"
    told_by_the_server = server.client.request("POST", "/block_documents/filter", json={}).text
    assert "facefoundry-notify" in told_by_the_server
    assert SECRET not in told_by_the_server
    assert SECRET not in server.client.request("POST", "/automations/filter", json={}).text
    assert notify_nobody(prefect_server)
    assert not notify_nobody(prefect_server)


@pytest.mark.parametrize("address", ["", "hooks.slack.com/secret", "file:///secret", "http://", "http://[secret"])
def test_what_is_no_address_is_refused_and_not_repeated(address: str) -> None:
    with pytest.raises(ParameterError, match=f"{ADDRESS} must be an address") as refused:
        notify_failures("http://127.0.0.1:1/api", address, ["retrain"])
    assert "secret" not in str(refused.value)
