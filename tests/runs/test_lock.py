"""Two runs never work in one folder; a killed one, its children alive or not, keeps nobody out."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runs.errors import RunMismatchError
from runs.lock import RUNNING, RunLock
from runs.parameters import Parameters
from runs.record import begin

HOLDER = """
import subprocess, sys
from pathlib import Path
from runs.lock import RunLock
with RunLock(Path(sys.argv[1])):
    child = subprocess.Popen(["sleep", "60"], close_fds=False)
    print(child.pid, flush=True)
    child.wait()
"""


@contextmanager
def holder(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A process that holds `folder` and waits for a program that it started, whose number comes with it."""
    command = [sys.executable, "-c", HOLDER, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        try:
            yield process, child
        finally:
            process.kill()
            os.kill(child, signal.SIGKILL)


def lock(folder: Path) -> None:
    with RunLock(folder):
        pass


def test_a_second_run_is_refused_in_one_line_that_names_the_first(tmp_path: Path) -> None:
    with holder(tmp_path) as (process, _):
        with pytest.raises(RunMismatchError, match=rf"is in use: process {process.pid} is running in it.*folder\.$"):
            lock(tmp_path)
        assert (tmp_path / RUNNING).read_text() == str(process.pid)


def test_a_killed_runs_child_does_not_hold_the_folder(tmp_path: Path) -> None:
    with holder(tmp_path) as (process, child):
        process.kill()
        process.wait()
        os.kill(child, 0)
        assert (tmp_path / RUNNING).exists()
        lock(tmp_path)
    assert not (tmp_path / RUNNING).exists()


def test_another_thread_or_call_of_the_same_process_is_refused_too(tmp_path: Path) -> None:
    with RunLock(tmp_path), pytest.raises(RunMismatchError, match=f"process {os.getpid()} "):
        lock(tmp_path)
    assert list(tmp_path.iterdir()) == []
    lock(tmp_path)


def test_an_error_lets_the_next_run_in(tmp_path: Path) -> None:
    def fail() -> None:
        with RunLock(tmp_path):
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail()
    lock(tmp_path)


def test_restart_does_not_empty_a_folder_in_use(tmp_path: Path) -> None:
    out, data = tmp_path / "out", tmp_path / "data"
    data.touch()
    with begin(out, "train", Parameters(), {"data": data}):
        (out / "model").touch()
        with pytest.raises(RunMismatchError, match="is in use"):
            begin(out, "another", Parameters(), {"data": data}, restart=True)
        assert (out / "model").exists()
    begin(out, "another", Parameters(), {"data": data}, restart=True)
    assert [entry.name for entry in out.iterdir()] == ["run.json"]


def test_letting_go_does_not_let_go_of_a_successors_lock(tmp_path: Path) -> None:
    first = RunLock(tmp_path)
    (tmp_path / RUNNING).unlink()  # as emptying the folder does
    with RunLock(tmp_path):
        first.release()
        with pytest.raises(RunMismatchError, match="is in use"):
            lock(tmp_path)


def test_a_folder_that_is_not_there_is_not_taken_for_one_without_locks(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="gone"):
        lock(tmp_path / "gone")
