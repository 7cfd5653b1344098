"""The main job for real, small: sample data in, two registered models out, and the same again resumes."""

from __future__ import annotations

import csv
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import yaml

from flows.pipeline import CASCADE_LINE, CNN_LINE, PAIR_LINE

PROGRAM = str(Path(sys.executable).parent / "facefoundry")
PARAMS = {
    "train_cascade": {"feature_type": "LBP", "num_stages": 7, "num_neg": 200},
    "train_cnn": {"epochs": 1},
}
pytestmark = [
    pytest.mark.prefect,
    pytest.mark.opencv,
    pytest.mark.mlflow,
    pytest.mark.slow,
    pytest.mark.timeout(1800),
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, small_sample_data: Path) -> Path:
    """A stranger's folder: data and parameters, and nothing of this repository."""
    place = tmp_path_factory.mktemp("stranger")
    (place / "data").symlink_to(small_sample_data)
    (place / "params.yaml").write_text(yaml.safe_dump(PARAMS))
    return place


@pytest.fixture(scope="module")
def first_run(place: Path, prefect_server: str) -> str:
    return run_both(place, prefect_server)


def run_both(place: Path, api: str, *options: str) -> str:
    command = [PROGRAM, "run", "both", "--out", "work/demo", *options]
    environment = {**os.environ, "PREFECT_API_URL": api, "COLUMNS": "120"}
    done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def ask(api: str, path: str, **body: Any) -> Any:
    request = urllib.request.Request(f"{api}/{path}", json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def test_a_run_ends_with_files_figures_models_and_next_commands(place: Path, first_run: str) -> None:
    for name in (
        "cascade/cascade.xml",
        "cascade_score/montage.png",
        "cnn/model.keras",
        "cnn_score/confusion.png",
        "pair_score/report.html",
    ):
        assert (place / "work/demo" / name).stat().st_size > 0
    for words in (
        "face-cascade version 1 @champion",
        "expression-cnn version 1 @champion",
        "face-expression version 1 @champion",
    ):
        assert words in first_run


def test_the_server_saw_every_step_in_the_pipelines_order(first_run: str, prefect_server: str) -> None:
    runs = ask(prefect_server, "task_runs/filter", sort="EXPECTED_START_TIME_ASC")
    tasks = [run for run in runs if not run["name"].startswith(("train-cascade", "train-cnn"))]
    tasks.sort(key=lambda run: run["start_time"])
    names = [run["name"].rsplit("-", 1)[0] for run in tasks if run["state_type"] == "COMPLETED"]
    steps = [step.name for step in CASCADE_LINE + CNN_LINE + PAIR_LINE]
    assert names[: len(steps)] == steps


def test_the_servers_page_has_pictures_tables_and_progress(first_run: str, prefect_server: str) -> None:
    keys = {artifact["key"] for artifact in ask(prefect_server, "artifacts/filter")}
    assert {"cascade-montage", "cascade-figures", "cnn-confusion", "merge-counts", "pair-montage"} <= keys
    assert "progress-train-cnn" in keys
    assert {"table-train-cascade", "table-train-cnn"} <= keys


def test_the_table_of_stages_is_the_trainings_own(place: Path, first_run: str, prefect_server: str) -> None:
    tables = ask(prefect_server, "artifacts/latest/filter", artifacts={"key": {"any_": ["table-train-cascade"]}})
    shown = [row["false alarm"] for row in json.loads(tables[0]["data"])]
    with (place / "work/demo/cascade/history.csv").open(newline="") as stream:
        assert shown == pytest.approx([float(row["false_alarm_rate"]) for row in csv.DictReader(stream)], rel=1e-3)


def test_the_same_again_trains_nothing_and_registers_nothing(place: Path, first_run: str, prefect_server: str) -> None:
    cascade, network = (place / "work/demo" / name for name in ("cascade/cascade.xml", "cnn/model.keras"))
    before = (cascade.stat().st_mtime_ns, network.stat().st_mtime_ns)
    again = run_both(place, prefect_server)
    assert (cascade.stat().st_mtime_ns, network.stat().st_mtime_ns) == before
    assert again.count("was there already") == 3


def test_other_parameters_are_refused_in_the_same_folder(place: Path, first_run: str, prefect_server: str) -> None:
    params = place / "other.yaml"
    params.write_text(yaml.safe_dump({**PARAMS, "train_cascade": {**PARAMS["train_cascade"], "num_stages": 2}}))
    command = [PROGRAM, "run", "cascade", "--out", "work/demo", "--params", str(params)]
    environment = {**os.environ, "PREFECT_API_URL": prefect_server}
    done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert "train_cascade.num_stages was 7, now 2" in done.stderr
    assert (place / "work/demo/cascade/cascade.xml").is_file()


def test_the_registered_models_answer_in_a_process_that_never_saw_this_project(place: Path, first_run: str) -> None:
    script = (
        "import sys, mlflow, numpy as np\n"
        "mlflow.set_tracking_uri('sqlite:///work/mlflow/mlflow.db')\n"
        "boxes = mlflow.pyfunc.load_model('models:/face-cascade@champion').predict(np.zeros((60, 80), np.uint8))\n"
        "network = mlflow.pyfunc.load_model('models:/expression-cnn@champion')\n"
        "rows = network.predict(np.zeros((2, 64, 64, 1), np.float32))\n"
        "assert boxes.shape[1:] == (5,) or len(boxes) == 0, boxes\n"
        "assert np.asarray(rows).shape == (2, 5) and np.allclose(np.sum(rows, axis=1), 1, atol=1e-5)\n"
        "assert not {'cascade', 'cnn', 'tasks', 'flows', 'runs'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-I", "-c", script], cwd=place, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_pair_put_together_from_the_registry_is_the_same_model(
    place: Path, first_run: str, prefect_server: str
) -> None:
    """`run both` searches as the cascade's evaluation recommends, `build-pair` as the cascade was registered to."""
    environment = {**os.environ, "PREFECT_API_URL": prefect_server}
    command = [sys.executable, "-m", "flows.build_pair"]
    done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "face-expression version 1 was there before, with the same content" in done.stdout + done.stderr
    (built,) = place.glob("work/runs/*/pair_score/metrics.json")
    of_run = json.loads((place / "work/demo/pair_score/metrics.json").read_text())
    assert {**json.loads(built.read_text()), "network_sha256": ""} == {**of_run, "network_sha256": ""}


def test_a_run_without_a_folder_says_how_to_resume_it_and_resumes(place: Path, prefect_server: str) -> None:
    slow = {"trainer": "opencv", "num_stages": 2, "num_neg": 200, "mode": "ALL", "max_false_alarm_rate": 0.1}
    (place / "slow.yaml").write_text(yaml.safe_dump({**PARAMS, "train_cascade": slow}))
    interrupted = start(place, prefect_server, "facefoundry run cascade --params slow.yaml")
    said = iter(interrupted.stderr or ())
    again = next(line for line in said if line.startswith("resume with: ")).strip().removeprefix("resume with: ")
    told = re.fullmatch(r"facefoundry run cascade --out (work/runs/20\S+) --params slow\.yaml", again)
    assert told, again
    folder = place / told[1]
    stop(interrupted, signal.SIGINT, folder)
    assert interrupted.returncode == 130
    with interrupted.stderr or nullcontext():
        assert list(said)[-1].strip() == f"facefoundry: interrupted; resume with: {again}"

    first = (folder / "cascade" / "stage0.xml").stat()
    killed = start(place, prefect_server, again)
    stop(killed, signal.SIGKILL, folder)
    assert not (folder / "cascade" / "cascade.xml").exists()
    resumed = start(place, prefect_server, again)
    _, errors = resumed.communicate(timeout=600)
    assert resumed.returncode == 0, errors
    assert (folder / "cascade" / "cascade.xml").is_file()
    assert (folder / "cascade" / "stage0.xml").stat().st_mtime_ns == first.st_mtime_ns


def start(place: Path, api: str, command: str) -> subprocess.Popen[str]:
    words = [PROGRAM, *shlex.split(command)[1:]]
    environment = {**os.environ, "PREFECT_API_URL": api}
    streams: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(words, cwd=place, env=environment, **streams)


def stop(run: subprocess.Popen[str], number: signal.Signals, folder: Path) -> None:
    """Stop a run while it trains and has a whole stage; the trainer must end with it."""
    wait_for(lambda: (folder / "cascade" / "stage0.xml").is_file() and trainers_in(folder))
    run.send_signal(number)
    run.wait(timeout=120)
    wait_for(lambda: not trainers_in(folder), 60)
    if number == signal.SIGKILL and run.stderr:
        run.stderr.close()


def trainers_in(folder: Path) -> list[str]:
    """The command lines of the trainers that work in `folder`, as the kernel knows them."""
    lines = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = process.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:  # it ended while we looked
            continue
        if "opencv_traincascade" in line and folder.name in line:
            lines.append(line)
    return lines


def wait_for(holds: Any, seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
