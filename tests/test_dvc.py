"""`dvc repro` with the real dvc, on small sample data: everything once, then nothing, then only what changed.

And what else a team does with DVC: a clone with a remote, experiments and sweeps, kills, and the same as a flow.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
pytestmark = [pytest.mark.dvc, pytest.mark.opencv, pytest.mark.slow, pytest.mark.timeout(1800)]
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
STEPS = list(STAGES)
REGISTRATIONS = [step for step in STEPS if step.startswith("register_")]
NAME = {f"GIT_{who}_{what}": "dvc@test" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
ENVIRONMENT = {**os.environ, **NAME, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}


def run(project: Path, *command: str | Path, **more: str) -> str:
    environment = {**ENVIRONMENT, **more}
    done = subprocess.run([str(part) for part in command], cwd=project, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def repro(project: Path, *targets: str) -> list[str]:
    """The steps that `dvc repro` runs."""
    return ran(run(project, BIN / "dvc", "repro", *targets))


def due(project: Path) -> list[str]:
    """The steps that `dvc repro` would run first: what only follows from those is not due yet."""
    return ran(run(project, BIN / "dvc", "repro", "--dry"))


def ran(output: str) -> list[str]:
    return [step for step in STEPS if f"Running stage '{step}'" in output]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, small_sample_data: Path) -> Iterator[Path]:
    """A fresh project: the tracked files of DVC, small data, and parameters that train in seconds."""
    project = tmp_path_factory.mktemp("project")
    for name in ("dvc.yaml", ".dvcignore", ".gitignore"):
        shutil.copy(ROOT / name, project)
    (project / ".dvc").mkdir()
    for name in ("config", ".gitignore"):
        shutil.copy(ROOT / ".dvc" / name, project / ".dvc")
    shutil.copytree(small_sample_data, project / "data")
    write_params(project)
    run(project, "git", "init", "--quiet")
    run(project, BIN / "dvc", "add", "--quiet", "data")
    run(project, BIN / "dvc", "repro")
    run(project, "git", "add", "--all")
    run(project, "git", "commit", "--quiet", "--message", "first")
    yield project
    shutil.rmtree(project)


def write_params(project: Path, **changes: dict[str, object]) -> None:
    sections = {name for stage in STAGES.values() for name in stage.get("params", [])}
    params: dict[str, dict[str, object]] = {
        **{section: {} for section in sections},
        "create_samples": {"width": 20, "height": 20},
        "train_cascade": {"feature_type": "LBP", "num_stages": 7, "num_neg": 200},
        "train_cnn": {"epochs": 1},
    }
    for section, values in changes.items():
        params[section] = {**params.get(section, {}), **values}
    (project / "params.yaml").write_text(yaml.safe_dump(params))


def test_the_first_time_makes_both_models(project: Path) -> None:
    assert (project / "work/cascade/cascade.xml").is_file()
    assert (project / "work/cnn/model.keras").is_file()
    metrics = json.loads(run(project, BIN / "dvc", "metrics", "show", "--json"))
    assert {Path(name).parent.name for name in metrics[""]["data"]} == {"cascade_score", "cnn_score", "pair_score"}


def test_the_second_time_nothing_is_due_but_the_idempotent_registration(project: Path) -> None:
    assert due(project) == REGISTRATIONS == ["register_cascade", "register_cnn", "register_pair"]


def test_a_changed_parameter_reruns_its_step_and_what_follows(project: Path) -> None:
    write_params(project, evaluate_cascade={"min_neighbors": 2})
    assert repro(project, "evaluate_cascade") == ["evaluate_cascade"]
    readers = {step for step in STEPS if "work/cascade_score" in STAGES[step]["deps"]}
    assert set(due(project)) == {*readers, *REGISTRATIONS}


def test_changed_data_reruns_only_the_line_that_reads_it(project: Path) -> None:
    min((project / "data/negatives").iterdir()).unlink()
    assert {"check", "collect"} < set(due(project)) <= {"check", "collect", "evaluate_pair", *REGISTRATIONS}
    assert repro(project, "train_cascade") == ["collect", "describe", "create_samples", "train_cascade"]


def test_the_graph_and_the_plots_are_there_offline(project: Path) -> None:
    dag = run(project, BIN / "dvc", "dag")
    assert all(step in dag for step in STEPS)
    run(project, BIN / "dvc", "plots", "show", "--out", "plots")
    assert list((project / "plots").rglob("*.png"))


def test_a_clone_with_a_remote_has_nothing_to_run(project: Path, tmp_path: Path) -> None:
    add = (BIN / "dvc", "remote", "add", "--local", "--default", "store", tmp_path / "store")
    run(project, "git", "stash", "--quiet")  # what earlier tests have changed
    run(project, BIN / "dvc", "checkout", "--force")
    run(project, *add)
    run(project, BIN / "dvc", "push")
    run(project, "git", "clone", "--quiet", project, tmp_path / "clone")
    run(tmp_path / "clone", *add)
    run(tmp_path / "clone", BIN / "dvc", "pull")
    assert due(tmp_path / "clone") == REGISTRATIONS
    assert "store" not in (project / ".dvc/config").read_text()
    for model in ("work/cascade/cascade.xml", "work/cnn/model.keras"):
        assert (tmp_path / "clone" / model).read_bytes() == (project / model).read_bytes()


def test_an_experiment_reruns_its_line_alone_and_is_shown_beside_the_others(project: Path) -> None:
    write_params(project)
    repro(project, "evaluate_cascade", "train_cnn")
    run(project, "git", "add", "--all")
    run(project, "git", "commit", "--quiet", "--allow-empty", "--message", "before the experiments")
    experiment = (BIN / "dvc", "exp", "run")
    said = run(project, *experiment, "--name", "longer", "--set-param", "train_cnn.epochs=2", "train_cnn")
    assert ran(said) == ["train_cnn"]
    assert len((project / "work/cnn/history.csv").read_text().splitlines()) == 1 + 2

    sweep = "++evaluate_cascade.min_neighbors=4,5"  # ++ where params.yaml may not tell it yet
    run(project, *experiment, "--queue", "--set-param", sweep, "evaluate_cascade")
    run(project, *experiment, "--run-all")
    shown = experiments(project)
    assert shown["longer"]["params"]["train_cnn"]["epochs"] == 2
    swept = [one for name, one in shown.items() if name not in ("longer", None)]
    assert sorted(one["min_neighbors"] for one in swept) == [4, 5]
    assert len({one["false_alarms"] for one in (*swept, shown["longer"])}) == 3


def experiments(project: Path) -> dict[str | None, dict[str, Any]]:
    """The experiments that `dvc exp show` tells of by name, with their parameters and figures of the cascade."""
    (head,) = [one for one in json.loads(run(project, BIN / "dvc", "exp", "show", "--json")) if one.get("experiments")]
    found: dict[str | None, dict[str, Any]] = {}
    for experiment in head["experiments"]:
        data = experiment["revs"][0]["data"]
        metrics = data["metrics"]["work/cascade_score/metrics.json"]["data"]
        found[experiment["name"]] = {**metrics, "params": data["params"]["params.yaml"]["data"]}
    return found


def test_a_killed_stage_leaves_no_process_and_resumes_and_ends_as_the_flow_does(
    project: Path, prefect_server: str
) -> None:
    slow = {"feature_type": "HAAR", "mode": "ALL", "num_stages": 8, "num_neg": 1500, "split": "exact"}
    write_params(project, train_cascade=slow)
    first = project / "work/cascade/stage0.xml"

    def begun() -> bool:
        told = json.loads((project / "work/cascade/run.json").read_text())["parameters"]
        return told["num_stages"] == 8 and first.exists()

    status = kill_in_training(project, begun, "dvc")
    assert status == -signal.SIGKILL
    kept = first.stat().st_mtime_ns, first.stat().st_ino
    stages = len(list(first.parent.glob("stage*.xml")))
    status = kill_in_training(project, lambda: len(list(first.parent.glob("stage*.xml"))) > stages, "facefoundry")
    assert status > 0  # dvc says that the stage failed
    assert repro(project, "evaluate_cascade")[0] == "train_cascade"
    assert (first.stat().st_mtime_ns, first.stat().st_ino) == kept
    run(project, BIN / "facefoundry", "run", "cascade", "--out", "work/flow", PREFECT_API_URL=prefect_server)
    for file in ("cascade/cascade.xml", "cascade_score/metrics.json"):
        assert (project / "work/flow" / file).read_bytes() == (project / "work" / file).read_bytes()


def kill_in_training(project: Path, ready: Callable[[], bool], name: str) -> int:
    """Start `dvc repro`, kill `name` in it once `ready`, see that nothing of it lives on; returns dvc's status."""
    with (project / "killed.log").open("wb") as log:
        dvc = subprocess.Popen([BIN / "dvc", "repro", "train_cascade"], cwd=project, env=ENVIRONMENT, stdout=log)
    wait_for(lambda: dvc.poll() is not None or _holds(ready))
    for pid in [dvc.pid] if name == "dvc" else processes_of(project, name):
        os.kill(pid, signal.SIGKILL)
    status = dvc.wait(timeout=120)
    wait_for(lambda: not processes_of(project, ""))
    return status


def _holds(ready: Callable[[], bool]) -> bool:
    try:
        return ready()
    except (OSError, ValueError):  # the folder is just being emptied, or the record written
        return False


def processes_of(project: Path, name: str) -> list[int]:
    """The processes that run in a folder, started with `name` in their words; no shell."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
            if (
                (process / "cwd").readlink() == project
                and b"-c" not in words
                and any(name.encode() in w for w in words)
            ):
                found.append(int(process.name))
        except OSError:  # it has just ended, or is not ours
            continue
    return found


def wait_for(condition: Callable[[], bool], seconds: float = 500) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)
