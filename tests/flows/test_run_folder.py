"""A run folder belongs to one line of one data: another is refused before any step writes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cascade.collect import CollectParams
from flows.run_folder import hold, new_run_folder
from runs.record import RunMismatchError


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.png").write_bytes(b"one")
    return tmp_path / "data"


def take(out: Path, data: Path, params: CollectParams = CollectParams(), *, restart: bool = False) -> None:
    with hold(out, "line", {"collect": params}, {"positives": data}, restart):
        pass


def test_the_same_again_goes_on(tmp_path: Path, data: Path) -> None:
    take(tmp_path / "out", data)
    take(tmp_path / "out", data)


def test_other_data_are_refused_unless_it_starts_over(tmp_path: Path, data: Path) -> None:
    take(tmp_path / "out", data)
    (tmp_path / "out" / "kept").write_text("an earlier step's")
    (data / "a.png").write_bytes(b"two")
    with pytest.raises(RunMismatchError, match=r"inputs\.positives was"):
        take(tmp_path / "out", data)
    take(tmp_path / "out", data, restart=True)
    assert (tmp_path / "out" / "kept").is_file()


def test_other_parameters_are_refused_by_name(tmp_path: Path, data: Path) -> None:
    take(tmp_path / "out", data)
    with pytest.raises(RunMismatchError, match=r"collect\.seed was 0, now 1"):
        take(tmp_path / "out", data, CollectParams(seed=1))


def test_two_runs_at_once_are_refused(tmp_path: Path, data: Path) -> None:
    params = {"collect": CollectParams()}
    with hold(tmp_path / "out", "line", params, {"positives": data}, False), pytest.raises(RunMismatchError):
        hold(tmp_path / "out", "line", params, {"positives": data}, False)


def test_new_folders_are_never_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert len({new_run_folder() for _ in range(3)}) == 3


@pytest.mark.slow
def test_a_flows_module_is_the_command(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "flows.train_cnn", "--data", str(tmp_path / "none")]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True)
    assert done.returncode == 1
    assert "facefoundry: `data` must be a folder" in done.stderr
