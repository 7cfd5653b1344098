"""However a training is stopped, opencv_traincascade ends with it, within seconds."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from cascade.vec.file import write_vec

ROOT = Path(__file__).parent.parent.parent
PROGRAM = str(Path(sys.executable).parent / "facefoundry")
SERVE = """
from prefect import serve
from flows.train_cascade import train_cascade
serve(train_cascade.to_deployment(name="cancel"))
"""
SECONDS = 10
"""Within so many the trainer must have ended: it is asked to, and killed five seconds later."""

pytestmark = [pytest.mark.opencv, pytest.mark.slow]


@pytest.fixture
def endless(tmp_path: Path) -> tuple[list[str], Path]:
    """A command that trains for hours, as noise looks like noise, and the folder that it writes."""
    generator = np.random.default_rng(3)
    write_vec(tmp_path / "noise.vec", generator.integers(0, 256, (300, 24, 24)).astype(np.uint8))
    cv2.imwrite(str(tmp_path / "noise.png"), generator.integers(0, 256, (480, 640)).astype(np.uint8))
    (tmp_path / "bg.txt").write_text("noise.png\n")
    options = [
        "--trainer",
        "opencv",
        "--width",
        "24",
        "--height",
        "24",
        "--mode",
        "ALL",
        "--num-neg",
        "600",
        "--max-weak-count",
        "9999",
    ]
    return [PROGRAM, "cascade", "train", "noise.vec", "bg.txt", str(tmp_path / "out"), *options], tmp_path / "out"


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -signal.SIGKILL)]
)
def test_a_signal_to_the_command_ends_the_trainer(
    endless: tuple[list[str], Path], number: signal.Signals, status: int
) -> None:
    command, out = endless
    with subprocess.Popen(command, cwd=out.parent, stderr=subprocess.PIPE, text=True) as process:
        wait_for(lambda: trainers_of(out) or process.poll() is not None)
        process.send_signal(number)
        wait_for(lambda: not trainers_of(out), SECONDS)
        _, said = process.communicate(timeout=SECONDS)
    assert process.returncode == status
    assert "Traceback" not in said


@pytest.fixture
def deployment(prefect_server: str, tmp_path: Path) -> Iterator[str]:
    """The identity of the cascade line's deployment, which a runner serves as `facefoundry` users do."""
    environment = {**os.environ, "PREFECT_API_URL": prefect_server, "PREFECT_RUNNER_POLL_FREQUENCY": "2"}
    with (tmp_path / "serve.log").open("wb") as log:
        served = subprocess.Popen([sys.executable, "-c", SERVE], cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        found: list[dict[str, str]] = []

        def deployed() -> bool:
            assert served.poll() is None, (tmp_path / "serve.log").read_text()
            found[:] = ask(prefect_server, "deployments/filter", deployments={"name": {"any_": ["cancel"]}})
            return bool(found)

        wait_for(deployed)
        yield found[0]["id"]
    finally:
        served.terminate()
        served.wait(timeout=60)


@pytest.mark.prefect
def test_prefects_cancel_ends_the_trainer(
    prefect_server: str, deployment: str, small_sample_data: Path, tmp_path: Path
) -> None:
    slow = {
        "trainer": "opencv",
        "num_stages": 12,
        "num_neg": 100,
        "mode": "ALL",
        "max_weak_count": 9999,
        "max_false_alarm_rate": 0.01,
    }
    parameters = {"data": str(small_sample_data), "out": str(tmp_path / "run"), "train_cascade": slow}
    path = f"deployments/{deployment}/create_flow_run"
    run = ask(prefect_server, path, parameters=parameters, state={"type": "SCHEDULED"})["id"]
    wait_for(lambda: trainers_of(tmp_path / "run"))
    ask(prefect_server, f"flow_runs/{run}/set_state", state={"type": "CANCELLING", "name": "Cancelling"})
    wait_for(lambda: not trainers_of(tmp_path / "run"), 2 * SECONDS)  # the runner looks every two seconds

    def state() -> str:
        with urllib.request.urlopen(f"{prefect_server}/flow_runs/{run}", timeout=10) as answer:
            return str(json.load(answer)["state_type"])

    wait_for(lambda: state() == "CANCELLED")
    assert not (tmp_path / "run/cascade/cascade.xml").exists()


def ask(api: str, path: str, **body: Any) -> Any:
    request = urllib.request.Request(f"{api}/{path}", json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def trainers_of(folder: Path) -> list[str]:
    """The numbers of the processes, guards included, that opencv_traincascade runs in for `folder`."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:  # it ended while we looked
            continue
        if b"-data" in words and words[words.index(b"-data") + 1].startswith(str(folder).encode()):
            found.append(process.name)
    return found


def wait_for(holds: Callable[[], Any], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)
