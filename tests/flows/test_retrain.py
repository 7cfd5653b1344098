"""Retraining for real, small: the first run trains, the same again does nothing, a change trains a challenger."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

PROGRAM = str(Path(sys.executable).parent / "facefoundry")
PARAMS = {
    "train_cascade": {"feature_type": "LBP", "num_stages": 2, "num_neg": 100},
    "evaluate_cascade": {"traced_megapixels": 0},
}


def real(test: Callable[..., None]) -> Callable[..., None]:
    """Marks a test that trains, with every tool."""
    for mark in (pytest.mark.prefect, pytest.mark.opencv, pytest.mark.mlflow, pytest.mark.slow):
        test = mark(test)
    return test


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, small_sample_data: Path) -> Path:
    place = tmp_path_factory.mktemp("retrained")
    for name in ("positives", "negatives", "scenes"):
        shutil.copytree(small_sample_data / name, place / "data" / name)
    (place / "params.yaml").write_text(yaml.safe_dump(PARAMS))
    return place


def retrain(place: Path, *options: str, api: str = "http://127.0.0.1:1/api") -> str:
    environment = {**os.environ, "PREFECT_API_URL": api, "COLUMNS": "200"}
    command = [PROGRAM, "retrain", "cascade", *options]
    done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def first(place: Path, prefect_server: str) -> str:
    return retrain(place, api=prefect_server)


@real
def test_the_first_run_trains_and_the_next_asks_only(place: Path, first: str) -> None:
    assert first == "face-cascade: no version is the champion. Trained: face-cascade version 1 (champion).\n"
    assert "nothing has changed since the champion, version 1, was trained." in retrain(place, "--dry-run")
    (place / "data/positives/more.txt").write_text("no picture")
    assert "changed since the champion, version 1: data (positives)." in retrain(place, "--dry-run")
    (place / "data/positives/more.txt").unlink()


@real
def test_a_changed_parameter_trains_a_challenger_once(place: Path, first: str, prefect_server: str) -> None:
    changed = {**PARAMS, "train_cascade": {**PARAMS["train_cascade"], "num_stages": 1}}
    (place / "params.yaml").write_text(yaml.safe_dump(changed))
    second = retrain(place, api=prefect_server)
    assert second.startswith("face-cascade: changed since the champion, version 1: parameters (train_cascade). Trained")
    assert "version 2 (challenger)" in second
    assert "95% interval" in second
    assert len([path for path in (place / "work/retrain/cascade").iterdir() if path.is_dir()]) == 2
    again = retrain(place, "--dry-run")
    assert "version 2" in again
    assert "changed since" not in again


def test_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    command = [PROGRAM, "retrain", "--data", "nothing"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "`data` must be a folder. Got nothing." in done.stderr
