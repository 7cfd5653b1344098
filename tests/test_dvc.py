"""`dvc repro` with the real dvc, on small sample data: everything once, then nothing, then only what changed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
pytestmark = [pytest.mark.dvc, pytest.mark.opencv, pytest.mark.slow]
STEPS = list(yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"])


def run(project: Path, *command: str | Path) -> str:
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run([str(part) for part in command], cwd=project, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


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
    yield project
    shutil.rmtree(project)


def write_params(project: Path, **changes: dict[str, object]) -> None:
    sections = yaml.safe_load((ROOT / "params.yaml").read_text())
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
    assert {Path(name).parent.name for name in metrics[""]["data"]} == {"cascade_score", "cnn_score"}


def test_the_second_time_runs_nothing_but_the_idempotent_registration(project: Path) -> None:
    assert ran(run(project, BIN / "dvc", "repro")) == ["register_cascade", "register_cnn"]


def test_a_changed_parameter_reruns_its_step_and_what_follows(project: Path) -> None:
    write_params(project, evaluate_cascade={"min_neighbors": 2})
    assert ran(run(project, BIN / "dvc", "repro")) == ["evaluate_cascade", "register_cascade", "register_cnn"]


def test_changed_data_reruns_only_the_line_that_reads_it(project: Path) -> None:
    min((project / "data/negatives").iterdir()).unlink()
    steps = ran(run(project, BIN / "dvc", "repro"))
    assert steps[:2] == ["check", "collect"]
    assert "train_cascade" in steps
    assert not {"merge", "train_cnn", "evaluate_cnn"} & set(steps)


def test_the_graph_and_the_plots_are_there_offline(project: Path) -> None:
    dag = run(project, BIN / "dvc", "dag")
    assert all(step in dag for step in STEPS)
    run(project, BIN / "dvc", "plots", "show", "--out", "plots")
    assert list((project / "plots").rglob("*.png"))
