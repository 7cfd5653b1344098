"""Real processes: two that promote at once, and some that are killed between any two writes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from runs.lock import RunLock
from tasks import publish_mlflow
from tasks.promotion import HeldOut, PromotionParams, decide, history, promote
from tasks.promotion_claim import claim
from tasks.publish_models import PublishError, RegisterParams
from tasks.publish_record import PROJECT

pytestmark = [pytest.mark.mlflow, pytest.mark.slow]

NAME = "face-cascade"

PROMOTE = """
import sys
from tasks.promotion import promote
from tasks.publish_models import PublishError, RegisterParams
store = RegisterParams(tracking_uri=sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
for number in range(2):
    for version in sys.argv[2:]:
        try:
            promote(f"face-cascade/{version}", store, reason=f"{sys.argv[2]} {number}")
            print("promoted", version, flush=True)
        except PublishError as error:
            print("refused", error, flush=True)
"""

KILLED = """
import os, signal, sys
from mlflow import MlflowClient
from tasks.promotion import promote
from tasks.publish_models import RegisterParams
tracking_uri, moment = sys.argv[1], int(sys.argv[2])

writes = ["log_batch", "log_artifact", "set_registered_model_alias", "delete_registered_model_alias"]
left = [moment]

def killing(name, whole):
    def call(*arguments, **named):
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1
        return whole(*arguments, **named)
    return call

for name in writes:
    setattr(MlflowClient, name, killing(name, getattr(MlflowClient, name)))
promote("face-cascade/4", RegisterParams(tracking_uri=tracking_uri), reason="killed")
print("alive", left[0])
"""


@pytest.fixture
def client(registered: RegisterParams) -> Any:
    with publish_mlflow.open_store(registered.tracking_uri) as opened:
        return opened


def start(program: str, *arguments: str) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.Popen(command, cwd=PROJECT, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def aliases(client: Any) -> dict[str, int]:
    return {name: int(version) for name, version in client.get_registered_model(NAME).aliases.items()}


def test_two_processes_promote_at_once(registered: RegisterParams, client: Any) -> None:
    """Whatever each is told, the history is one line: each promotion begins where the one before it ended."""
    both = [start(PROMOTE, registered.tracking_uri, *versions) for versions in (("2", "3"), ("3", "4"))]
    try:
        for process in both:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        said = [process.communicate("go\n", timeout=550) for process in both]
    finally:
        for process in both:
            process.kill()
    assert [process.returncode for process in both] == [0, 0], said
    told = "".join(out for out, _ in said)
    line = [one for one in reversed(history(NAME, registered)) if one.promoted]
    assert told.count("promoted") == len(line)
    assert told.count("promoted") + told.count("refused") == 8
    assert told.count("refused") == told.count("changed meanwhile") + told.count("is champion already")
    assert [one.champion for one in line] == [1, *(one.challenger for one in line[:-1])]
    assert aliases(client)["champion"] == line[-1].challenger
    runs = client.search_runs([client.get_experiment_by_name("facefoundry").experiment_id])
    assert {run.info.status for run in runs} == {"FINISHED"}


@pytest.mark.parametrize(("moment", "moved"), [(1, False), (3, True)])
def test_killed_between_two_writes_the_registry_is_whole_and_the_next_decision_completes(
    registered: RegisterParams, client: Any, two_squares: Path, moment: int, moved: bool
) -> None:
    process = start(KILLED, registered.tracking_uri, str(moment))
    out, err = process.communicate(timeout=550)
    assert (process.returncode, out) == (-signal.SIGKILL, ""), err
    assert aliases(client)["champion"] == (4 if moved else 1)
    assert [one.reason for one in history(NAME, registered)] == (["killed"] if moved else [])
    if moved:
        assert promote(f"{NAME}/3", registered).champion == 4
        assert aliases(client) == {"champion": 3, "previous": 4}
    else:
        decision = decide(NAME, HeldOut(scenes=two_squares), PromotionParams(), registered)
        assert decision.promoted
        assert aliases(client) == {"champion": 4, "previous": 1}
    assert len(history(NAME, registered)) == 1 + moved
    runs = client.search_runs([client.get_experiment_by_name("facefoundry").experiment_id])
    assert "RUNNING" not in {run.info.status for run in runs}


def test_one_that_does_not_let_go_is_not_waited_for_for_ever(registered: RegisterParams, tmp_path: Path) -> None:
    with claim(registered.tracking_uri):
        (folder,) = tmp_path.glob(".mlflow.db.promotion")
        with (
            pytest.raises(PublishError, match=f"Another promotion does not end: .*process {os.getpid()} is running"),
            claim(registered.tracking_uri, patience=0.3),
        ):
            pass
    with RunLock(folder):
        pass


def test_a_server_is_claimed_on_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with claim("http://127.0.0.1:5000"), claim("http://127.0.0.1:5001"):
        assert len(list(tmp_path.glob(f"facefoundry-{os.getuid()}/*/.running"))) == 2
        with pytest.raises(PublishError, match="does not end"), claim("http://127.0.0.1:5000", patience=0.1):
            pass
