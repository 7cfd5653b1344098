"""Runs whose process died are ended on the server, and no others are."""

from __future__ import annotations

import ast
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from prefect.settings.models.flows import FlowsSettings

from flows.watch_runs import FLOWS, HEARTBEAT, OWN_ENDS, WITHIN, watch_runs

ROOT = Path(__file__).parent.parent.parent
SECONDS = 15
"""Shorter than Prefect lets a run's own signs of life be apart, so the living run of the test gives its own."""
FLOW = """
import os, time
from prefect import flow, serve
from prefect.events import emit_event
from prefect.runtime import flow_run

NAME, RUN, HOW = (os.environ[word] for word in ("FLOW_NAME", "RUN_NAME", "HOW"))

@flow(name=NAME, flow_run_name=RUN)
def waits():
    while True:
        time.sleep(3)
        if HOW == "signs":
            flow = {"prefect.resource.id": "prefect.flow.x", "prefect.resource.role": "flow"}
            flow["prefect.resource.name"] = NAME
            run = {"prefect.resource.id": f"prefect.flow-run.{flow_run.id}"}
            emit_event("prefect.flow-run.heartbeat", resource=run, related=[flow])

if __name__ == "__main__":
    if HOW == "serve":
        serve(waits.to_deployment(name="waits"))
    waits()
"""


@pytest.fixture
def server(prefect_server: str) -> Iterator[str]:
    """The server, which other tests' runs are on too: afterwards they have as long to show that they live as any."""
    yield prefect_server
    watch_runs(prefect_server)


@pytest.mark.prefect
@pytest.mark.slow
def test_dead_runs_become_crashed_and_living_ones_go_on(server: str, tmp_path: Path) -> None:
    (tmp_path / "waits.py").write_text(FLOW)
    before = start(server, tmp_path, "watch-drift", "died-before-it-was-watched", "silent")
    stranger = start(server, tmp_path, "somebody-elses", "silent-stranger", "silent")
    try:
        wait_for(lambda: state(server, "died-before-it-was-watched") == "RUNNING")
        wait_for(lambda: state(server, "silent-stranger") == "RUNNING")
        kill(before)
        watch_runs(server, within=SECONDS)
        living = start(server, tmp_path, "train-cnn", "lives", "signs")
        runner = start(server, tmp_path, "train-cascade", "served", "serve")
        try:
            wait_for(lambda: ask(server, "deployments/filter", deployments={"name": {"any_": ["waits"]}}))
            (deployment,) = ask(server, "deployments/filter", deployments={"name": {"any_": ["waits"]}})
            ask(server, f"deployments/{deployment['id']}/create_flow_run", state={"type": "SCHEDULED"})
            wait_for(lambda: state(server, "served") == "RUNNING")
            kill(runner)
            wait_for(lambda: state(server, "served") == "CRASHED", SECONDS + 60)
            assert state(server, "died-before-it-was-watched") == "CRASHED"
            assert state(server, "lives") == "RUNNING"
            assert state(server, "silent-stranger") == "RUNNING"
        finally:
            kill(runner)
            kill(living)
    finally:
        kill(before)
        kill(stranger)


@pytest.mark.prefect
@pytest.mark.slow
def test_watching_again_changes_nothing_but_what_is_asked_for(server: str) -> None:
    def ours() -> list[dict[str, Any]]:
        return [each for each in ask(server, "automations/filter") if "process died" in each["name"]]

    watch_runs(server)
    (first,) = ours()
    watch_runs(server)
    assert ours() == [first]
    assert first["trigger"]["within"] == WITHIN
    watch_runs(server, within=60)
    (changed,) = ours()
    assert (changed["id"], changed["trigger"]["within"]) == (first["id"], 60)


def test_a_run_tells_often_enough_that_it_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (FlowsSettings().heartbeat_frequency or 0) < WITHIN
    for name, seconds in HEARTBEAT.items():
        monkeypatch.setenv(name, seconds)
    assert FlowsSettings().heartbeat_frequency == 30 < WITHIN / 3


def test_every_flow_of_ours_is_watched() -> None:
    named = set()
    for path in (ROOT / "flows").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "flow":
                named |= {ast.literal_eval(word.value) for word in node.keywords if word.arg == "name"}
    assert {"train-cascade", "train-cnn"} <= named <= set(FLOWS)


def test_every_end_of_ours_is_known() -> None:
    """An end that the automation does not know would have the run Crashed after it ended well."""
    flows = "".join(path.read_text() for path in (ROOT / "flows").glob("*.py"))
    named = {end for told in re.findall(r"Completed\(name=([^,]+),", flows) for end in re.findall(r'"(\w+)"', told)}
    assert named == {*OWN_ENDS, "Completed"}


def start(api: str, folder: Path, flow: str, run: str, how: str) -> subprocess.Popen[bytes]:
    """Start the flow in a session of its own, as a service manager does, so that all of it can be killed."""
    environment = {**os.environ, **HEARTBEAT, "PREFECT_API_URL": api, "PREFECT_RUNNER_POLL_FREQUENCY": "1"}
    environment |= {"FLOW_NAME": flow, "RUN_NAME": run, "HOW": how}
    command = [sys.executable, "waits.py"]
    with (folder / f"{run}.log").open("wb") as log:
        return subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True)


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and all that it has started, the flow's process of a runner too."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            session = int(stat.read_text().rpartition(")")[2].split()[3])
        except OSError:
            continue
        if session == process.pid:
            os.kill(int(stat.parent.name), signal.SIGKILL)
    process.wait()


def state(api: str, name: str) -> str | None:
    runs = ask(api, "flow_runs/filter", flow_runs={"name": {"any_": [name]}})
    return runs[0]["state_type"] if runs else None


def ask(api: str, path: str, **body: Any) -> Any:
    request = urllib.request.Request(f"{api}/{path}", json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def wait_for(holds: Callable[[], Any], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.2)
