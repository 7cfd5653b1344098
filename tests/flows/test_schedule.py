"""Scheduled runs are really created and completed: one wrong version of SQLAlchemy makes them silently never appear."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import cv2
import numpy as np
import pytest
import yaml

from flows.commands.run_commands import flow_parameters
from flows.made_from import STEPS, made_from
from flows.pipeline import Layout
from flows.retrain import hold_line
from flows.watch_runs import FLOWS
from runs.record import digest
from tasks.changes import record
from tasks.notify import notify_failures
from tasks.publish_models import RegisterParams, register_cascade

pytestmark = [pytest.mark.prefect, pytest.mark.mlflow, pytest.mark.slow]

ROOT = Path(__file__).parent.parent.parent
PATIENCE = 300.0
SERVE = """
from datetime import timedelta
from prefect import serve
from prefect.types.entrypoint import EntrypointType
from flows.retrain import retrain
common = {"entrypoint_type": EntrypointType.MODULE_PATH, "concurrency_limit": 1}
serve(
    retrain.to_deployment(name="often", parameters={"line": "cascade"}, interval=timedelta(seconds=5), **common),
    retrain.to_deployment(
        name="broken", parameters={"line": "cascade", "params": "no.yaml", "out": "work/broken"}, **common
    ),
)
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with data and a champion that was made from them and the parameters there."""
    place = tmp_path_factory.mktemp("scheduled")
    for name in ("positives", "negatives"):
        (place / "data" / name).mkdir(parents=True)
        (place / "data" / name / "picture.txt").write_text(name)
    (place / "params.yaml").write_text(yaml.safe_dump({"train_cascade": {"num_stages": 3}}))
    store = RegisterParams(tracking_uri=f"sqlite:///{place}/work/mlflow/mlflow.db")
    registered = register_cascade(*by_hand(place / "by hand"), store, data=place / "data")
    steps = flow_parameters(place / "params.yaml", STEPS["cascade"])
    steps.pop("registration")
    record(registered, made_from("cascade", Layout(place / "data"), list(steps.values())), store)
    return place


def by_hand(folder: Path) -> tuple[Path, Path, Path]:
    """A cascade, and what a trainer and an evaluation leave."""
    folder.mkdir()
    cascade = shutil.copyfile(ROOT / "tests/tasks/stump_cascade.xml", folder / "cascade.xml")
    (folder / "run.json").write_text('{"step": "train", "parameters": {}, "inputs": {}}')
    (folder / "training.json").write_text("{}")
    (folder / "history.csv").write_text("stage,hit_rate\n0,0.99\n")
    metrics = {"model_sha256": digest(cascade), "recall": 0.5, "recommended_min_neighbors": 3}
    (folder / "metrics.json").write_text(json.dumps(metrics))
    (folder / "curve.csv").write_text("a\n1\n")
    for name in ("curve", "montage"):
        cv2.imwrite(str(folder / f"{name}.png"), np.zeros((4, 4), np.uint8))
    return cascade, folder, folder


@pytest.fixture(scope="module")
def served(place: Path, prefect_server: str) -> Iterator[Callable[..., Any]]:
    """A runner for two deployments, one of them with a schedule; yields what asks the server."""
    environment = {**os.environ, "PREFECT_API_URL": prefect_server, "PREFECT_RUNNER_POLL_FREQUENCY": "2"}
    with (place / "runner.log").open("wb") as log:
        runner = subprocess.Popen(
            [sys.executable, "-c", SERVE], cwd=place, env=environment, stdout=log, stderr=log, start_new_session=True
        )

    def ask(path: str, **body: Any) -> Any:
        assert runner.poll() is None, (place / "runner.log").read_text()
        content = json.dumps(body).encode()
        request = urllib.request.Request(f"{prefect_server}/{path}", content, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    try:
        yield ask
    finally:
        os.killpg(runner.pid, signal.SIGTERM)
        runner.wait(timeout=60)


def deployment(name: str) -> dict[str, Any]:
    return {"name": {"any_": [name]}}


def runs(ask: Callable[..., Any], name: str, state: str) -> list[dict[str, Any]]:
    return list(
        ask(
            "flow_runs/filter",
            deployments=deployment(name),
            flow_runs={"state": {"name": {"any_": [state]}}},
            sort="START_TIME_ASC",
        )
    )


def wait(found: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + PATIENCE
    while not (answer := found()):
        assert time.monotonic() < deadline, f"{what} did not come in {PATIENCE:.0f} s"
        time.sleep(1)
    return answer


def found(ask: Callable[..., Any], name: str) -> dict[str, Any]:
    """The deployment of that name, once it is there."""
    (one,) = wait(lambda: ask("deployments/filter", deployments=deployment(name)), f"the deployment {name}")
    return dict(one)


def test_an_interval_schedule_creates_and_completes_runs(served: Callable[..., Any]) -> None:
    def done() -> list[dict[str, Any]]:
        found = runs(served, "often", "Unchanged")
        return found if len(found) >= 2 else []

    two = wait(done, "the second run")
    assert all(run["auto_scheduled"] and run["state_type"] == "COMPLETED" for run in two)
    assert "nothing has changed since the champion, version 1, was trained" in two[0]["state"]["message"]
    artifacts = served("artifacts/filter", flow_runs={"id": {"any_": [two[0]["id"]]}})
    shown = next(one for one in artifacts if one["key"] == "compared-face-cascade")
    rows = {(row["part"], row["name"]): row["changed"] for row in json.loads(shown["data"])}
    assert rows["data", "positives"] == rows["parameters", "train_cascade"] == rows["code", "cascade"] == ""


def test_a_second_run_ends_at_once_and_says_who_holds_the_line(served: Callable[..., Any], place: Path) -> None:
    with hold_line(place / "work/retrain", "cascade"):
        refused = wait(lambda: runs(served, "often", "AlreadyRunning"), "a run beside ours")
        assert f"process {os.getpid()} is running in it" in refused[0]["state"]["message"]
        assert refused[0]["state_type"] == "COMPLETED"
    before = len(runs(served, "often", "Unchanged"))
    wait(lambda: len(runs(served, "often", "Unchanged")) > before, "a run after ours")


def test_a_paused_schedule_makes_no_runs_until_it_is_resumed(
    served: Callable[..., Any], place: Path, prefect_server: str
) -> None:
    (schedule,) = found(served, "often")["schedules"]

    def switch(way: str) -> None:
        """What a person types, as docs/retraining.md says."""
        command = ["prefect", "deployment", "schedule", way, "retrain/often", schedule["id"]]
        environment = {**os.environ, "PREFECT_API_URL": prefect_server}
        done = subprocess.run(
            [sys.executable, "-m", *command], cwd=place, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr

    wait(lambda: runs(served, "often", "Scheduled"), "a run to come")
    switch("pause")
    assert not runs(served, "often", "Scheduled")
    switch("resume")
    wait(lambda: runs(served, "often", "Scheduled"), "a run after the pause")
    switch("pause")


def test_a_failed_run_is_told_of(served: Callable[..., Any], prefect_server: str) -> None:
    told: list[dict[str, Any]] = []

    class Keep(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

    with HTTPServer(("127.0.0.1", 0), Keep) as receiver:
        Thread(target=receiver.serve_forever, daemon=True).start()
        notify_failures(prefect_server, f"http://127.0.0.1:{receiver.server_port}/hook", FLOWS)
        run = served(f"deployments/{found(served, 'broken')['id']}/create_flow_run", state={"type": "SCHEDULED"})
        message = wait(lambda: told, "the message")[0]
        receiver.shutdown()
    assert (message["flow"], message["run_id"], message["state"]) == ("retrain", run["id"], "Failed")
    assert "no.yaml" in message["text"]
