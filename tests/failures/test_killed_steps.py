"""SIGKILL of the flow's process where each line writes: the next run in the folder ends as if nothing had been.

That run goes beside the uninterrupted one that it is held against, of the same data, and while it goes a second one in
its folder is refused.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tasks.publish_models import RegisterParams, list_models, pull

ROOT = Path(__file__).parent.parent.parent
DRIVER = '''
import json, os, signal, sys, time
from importlib import import_module
from pathlib import Path

asked = json.loads(sys.argv[1])
line, data = asked["line"], Path(asked["data"])
from flows.command_line import prepare
prepare(os.environ)
import cv2, mlflow, mlflow.pyfunc  # once, not in each run
flow = getattr(import_module(f"flows.train_{line}"), f"train_{line}")
from flows.commands.run_commands import flow_parameters
from flows.pipeline import CASCADE_LINE, CNN_LINE
from tasks.publish_models import RegisterParams
chosen = flow_parameters(Path(asked["params"]), CASCADE_LINE if line == "cascade" else CNN_LINE)

def start(out, number, store="store"):
    """Run the line in a process of its own, as `facefoundry run` does, without importing everything again."""
    log = Path(f"{out}.{number}.log")
    child = os.fork()
    if child == 0:
        descriptor = os.open(log, os.O_CREAT | os.O_WRONLY)
        os.dup2(descriptor, 1), os.dup2(descriptor, 2)
        try:
            chosen["registration"] = RegisterParams(tracking_uri=f"sqlite:///{store}/mlflow.db")
            flow(data=data, out=Path(out), **chosen)
            os._exit(0)
        finally:
            os._exit(1)
    return child, log

def said(log):
    return log.read_text(errors="replace") if log.exists() else ""

def wait_for(mark, child, log):
    while not (mark in said(log) or mark.startswith("file ") and next(Path().glob(mark[5:]), None)):
        if os.waitpid(child, os.WNOHANG)[0]:
            sys.exit(f"it ended before {mark!r}: {said(log)[-3000:]}")
        time.sleep(0.02)

def end(child, log, right):
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status != right:
        sys.exit(f"it ended with {status}: {said(log)[-3000:]}")

for number, mark in enumerate(asked["marks"]):
    child, log = start(asked["out"], number)
    wait_for(mark, child, log)
    os.kill(child, signal.SIGSTOP)
    print(mark, flush=True)
    sys.stdin.readline()  # the test looks who listens
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    print("killed", flush=True)
    sys.stdin.readline()  # the test looks who is left

last, whole = start(asked["out"], "last"), start(asked["whole"], "only", "another store")
wait_for("Task run ", *last)
os.kill(last[0], signal.SIGSTOP)  # or it may end before the second begins
second = start(asked["out"], "second")
end(*second, 1)
if f"in use: process {last[0]} is running in it" not in said(second[1]):
    sys.exit(f"a second run in the folder was not refused: {said(second[1])}")
os.kill(last[0], signal.SIGCONT)
end(*last, 0)
end(*whole, 0)
'''
MARKS = {
    "cascade": ["Task run 'collect-", "file killed/cascade/stage0.xml", "file store/artifacts/**/MLmodel"],
    "cnn": ["Task run 'merge-", "file killed/cnn/checkpoint/state.json"],
}
"""When a run is killed: as its log has these words, which come with a step's first progress, or as a file is there."""
PARAMS = (
    "create_samples: {}\ntrain_cascade: {feature_type: LBP, num_stages: 3, num_neg: 100, num_threads: 1}\n"
    "train_cnn: {epochs: 2}\n"
)
SAME = {
    "cascade": ["cascade/cascade.xml", "samples/positives.vec", "cascade_score/curve.csv"],
    "cnn": ["faces/images.npy", "faces/counts.csv", "cnn_score/confusion.csv"],
}

pytestmark = [pytest.mark.prefect, pytest.mark.mlflow, pytest.mark.slow]


@pytest.mark.parametrize("line", ["cascade", "cnn"])
def test_a_line_killed_where_it_writes_ends_as_an_uninterrupted_one(
    line: str,
    prefect_server: str,
    small_sample_data: Path,
    tmp_path: Path,
    processes_with: Callable[[str], list[int]],
    listening: Callable[[list[int]], list[str]],
) -> None:
    (tmp_path / "params.yaml").write_text(PARAMS)
    out, whole = tmp_path / "killed", tmp_path / "whole"
    asked = {"line": line, "data": str(small_sample_data), "params": str(tmp_path / "params.yaml")}
    asked |= {"out": str(out), "whole": str(whole), "marks": MARKS[line]}
    word = f"FAILURES={tmp_path}"
    environment = {**os.environ, "PREFECT_API_URL": prefect_server, "PYTHONPATH": str(ROOT), "FAILURES": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", DRIVER, json.dumps(asked)],
        cwd=tmp_path,
        env=environment,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as driver:
        try:
            for mark in MARKS[line]:
                expect(driver, mark.strip())
                assert listening(processes_with(word)) == []
                go_on(driver)
                expect(driver, "killed")
                assert wait_for_one(lambda: processes_with(word)) == [driver.pid], "the killed run left a process"
                go_on(driver)
            _, errors = driver.communicate()
        finally:
            with suppress(ProcessLookupError):
                os.killpg(driver.pid, signal.SIGKILL)
    assert driver.returncode == 0, errors
    for name in SAME[line]:
        assert (out / name).read_bytes() == (whole / name).read_bytes(), name
    assert figures(out, line) == figures(whole, line)
    assert [path for path in tmp_path.rglob(".*") if path.name.endswith((".writing", ".old", ".reading"))] == []
    (pulled,) = registered(f"sqlite:///{tmp_path}/store/mlflow.db", tmp_path)
    if line == "cascade":  # a network is stored in another form
        assert pulled == (out / "cascade/cascade.xml").read_bytes()


def expect(driver: subprocess.Popen[str], word: str) -> None:
    assert driver.stdout
    assert driver.stderr
    assert driver.stdout.readline().strip() == word, driver.stderr.read()


def go_on(driver: subprocess.Popen[str]) -> None:
    assert driver.stdin
    driver.stdin.write("\n")
    driver.stdin.flush()


def wait_for_one(find: Callable[[], list[int]]) -> list[int]:
    """What is found, once it is no more than one, or after ten seconds."""
    deadline = time.monotonic() + 10
    while len(found := find()) > 1 and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def figures(out: Path, line: str) -> Any:
    """What was measured; the model's own digest is not: Keras writes the time into its files."""
    told = json.loads((out / f"{line}_score" / "metrics.json").read_text())
    return {name: value for name, value in told.items() if name != "model_sha256" and "seconds" not in name}


def registered(store: str, folder: Path) -> list[bytes]:
    """The models of all versions in the store, pulled."""
    params = RegisterParams(tracking_uri=store)
    names = [f"{one['name']}/{one['version']}" for one in list_models(store)]
    return [pull(name, folder / "pulled" / name, params).file.read_bytes() for name in names]
