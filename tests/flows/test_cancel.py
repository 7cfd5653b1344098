"""However a run is stopped, all that it started ends with it, within seconds."""

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
from flows.train_cnn import train_cnn
serve(train_cascade.to_deployment(name="cancel"), train_cnn.to_deployment(name="cancel"))
"""
SECONDS = 10
"""Within so many the trainer must have ended: it is asked to, and killed five seconds later."""
CANCELLED = 60
"""Within so many a cancelled run must have ended: Prefect's runner, which looks every two seconds, asks it to, and
kills it thirty seconds later. On a quiet machine it takes less than ten."""

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


@pytest.fixture(scope="module")
def deployments(prefect_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The identities of both lines' deployments by the flows' names, which a runner serves as `facefoundry` does."""
    log_path = tmp_path_factory.mktemp("serve") / "serve.log"
    environment = {**os.environ, "PREFECT_API_URL": prefect_server, "PREFECT_RUNNER_POLL_FREQUENCY": "2"}
    with log_path.open("wb") as log:
        served = subprocess.Popen([sys.executable, "-c", SERVE], cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        found: dict[str, str] = {}

        def deployed() -> bool:
            assert served.poll() is None, log_path.read_text()
            there = ask(prefect_server, "deployments/filter", deployments={"name": {"any_": ["cancel"]}})
            found.update({each["entrypoint"].rpartition(":")[2]: each["id"] for each in there})
            return len(found) == 2

        wait_for(deployed)
        yield found
    finally:
        served.terminate()
        served.wait(timeout=60)


@pytest.fixture
def many_pictures(tmp_path: Path) -> Path:
    """A data folder that takes a minute to read: one large picture under twenty thousand names."""
    folder = tmp_path / "data" / "folders" / "happy"
    folder.mkdir(parents=True)
    noise = np.random.default_rng(0).integers(0, 256, (1000, 1000)).astype(np.uint8)
    cv2.imwrite(str(folder / "0.jpg"), noise)
    for number in range(1, 20_000):
        (folder / f"{number}.jpg").hardlink_to(folder / "0.jpg")
    return tmp_path / "data"


ENDLESS = {"num_stages": 12, "num_neg": 100, "mode": "ALL", "max_weak_count": 9999, "max_false_alarm_rate": 0.01}
LONG = {
    "a program": (
        "train_cascade",
        {"train_cascade": {"trainer": "opencv", **ENDLESS}},
        "stage 1 of 12",
        3,
        "cascade/cascade.xml",
    ),
    "a network": ("train_cnn", {"train_cnn": {"epochs": 9999}}, "epoch 1/9999", 1, "cnn/model.keras"),
    "Dask's workers": ("train_cnn", {"cluster": {"processes": 2}}, "reading", 3, "faces"),
}
"""What takes long, in which flow, with which parameters, what the run says when it has begun, in how many processes it
then runs at least, and what it must not have written."""


@pytest.mark.prefect
@pytest.mark.parametrize("work", LONG)
def test_prefects_cancel_ends_all_that_the_run_started(
    work: str, prefect_server: str, deployments: dict[str, str], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    flow, chosen, begun, processes, result = LONG[work]
    out = tmp_path / "run"
    data = request.getfixturevalue("many_pictures" if begun == "reading" else "small_sample_data")
    parameters = {"data": str(data), "out": str(out), **chosen}
    path = f"deployments/{deployments[flow]}/create_flow_run"
    run = ask(prefect_server, path, parameters=parameters, state={"type": "SCHEDULED"})["id"]

    def has_begun() -> bool:
        said = said_by(prefect_server, run)
        assert state_of(prefect_server, run) not in ("FAILED", "CRASHED", "COMPLETED"), said
        return begun in said and len(processes_of(run)) >= processes

    wait_for(has_begun, 300)
    ask(prefect_server, f"flow_runs/{run}/set_state", state={"type": "CANCELLING", "name": "Cancelling"})
    cancelled = time.monotonic()
    wait_for(lambda: not processes_of(run), CANCELLED)
    print(f"{work} ended after {time.monotonic() - cancelled:.1f} s")
    wait_for(lambda: state_of(prefect_server, run) == "CANCELLED")
    assert not (out / result).exists()


def state_of(api: str, run: str) -> str:
    with urllib.request.urlopen(f"{api}/flow_runs/{run}", timeout=30) as answer:
        return str(json.load(answer)["state_type"])


def said_by(api: str, run: str) -> str:
    return "\n".join(line["message"] for line in ask(api, "logs/filter", logs={"flow_run_id": {"any_": [run]}}))


def processes_of(run: str) -> list[str]:
    """The numbers of the processes of a flow's run: they inherit its name in their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"PREFECT__FLOW_RUN_ID={run}".encode() in (process / "environ").read_bytes():
                found.append(process.name)
        except OSError:  # it ended while we looked
            continue
    return found


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
