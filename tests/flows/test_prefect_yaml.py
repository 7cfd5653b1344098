"""`prefect.yaml` for real: a process pool, a worker, and one run to its end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent
POOL = "facefoundry"
SECONDS = 8 * 60.0

pytestmark = [pytest.mark.prefect, pytest.mark.slow, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def environment(prefect_server: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    home = {"PREFECT_HOME": str(tmp_path_factory.mktemp("home")), "PWD": str(ROOT)}
    return {**os.environ, **home, "PREFECT_API_URL": prefect_server, "PREFECT_WORKER_QUERY_SECONDS": "2"}


@pytest.fixture(scope="module")
def worker(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[bytes]]:
    """A process worker of the pool, on which the watch for drift is deployed: without new pictures it ends at once."""
    prefect(environment, "work-pool", "create", "--type", "process", POOL)
    prefect(environment, "--no-prompt", "deploy", "--name", "watch-drift/cascade")
    log = tmp_path_factory.mktemp("worker") / "worker.log"
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", POOL]
    with log.open("wb") as stream:
        started = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=stream, stderr=stream)
    try:
        yield started
    finally:
        started.terminate()
        started.wait(60)


def test_a_worker_runs_a_deployment_to_its_end(
    worker: subprocess.Popen[bytes], prefect_server: str, tmp_path: Path
) -> None:
    deployment = ask(prefect_server, "deployments/name/watch-drift/cascade")
    assert deployment["work_pool_name"] == POOL
    assert deployment["concurrency_options"]["collision_strategy"] == "ENQUEUE"
    assert [(one["slug"], one["active"]) for one in deployment["schedules"]] == [("cascade", False)]
    body = {"parameters": {"pictures": str(tmp_path / "none")}, "state": {"type": "SCHEDULED"}}
    run = ask(prefect_server, f"deployments/{deployment['id']}/create_flow_run", body)["id"]
    deadline = time.monotonic() + SECONDS
    while (state := ask(prefect_server, f"flow_runs/{run}")["state"])["type"] in ("SCHEDULED", "PENDING", "RUNNING"):
        assert worker.poll() is None
        assert time.monotonic() < deadline, state
        time.sleep(0.5)
    assert state["type"] == "COMPLETED", state["message"]
    assert state["message"] == f"There are no new pictures at {tmp_path}/none: nothing is decided."


def prefect(environment: dict[str, str], *words: str) -> None:
    command = [sys.executable, "-m", "prefect", *words]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def ask(api: str, path: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{api}/{path}", data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)
