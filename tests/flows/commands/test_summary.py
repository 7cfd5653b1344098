from __future__ import annotations

from pathlib import Path

import pytest

from flows.commands.summary import print_summary
from flows.pipeline import Layout
from flows.run_folder import new_run_folder
from runs.files import write_json
from tasks.publish_models import Registered, RegisterParams


def registered(created: bool) -> Registered:
    return Registered(
        "face-cascade", 3, "challenger", created, "ab" * 32, "run", "models:/face-cascade/3", "sqlite:///x.db"
    )


def test_a_line_that_did_not_run_is_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    layout = Layout(tmp_path, tmp_path)
    write_json(
        layout.output("evaluate_cascade") / "metrics.json",
        {"faces": 4, "recommended_recall": 0.75, "recommended_precision": None},
    )
    print_summary(layout, [registered(True)], RegisterParams())
    shown = capsys.readouterr().out
    assert "0.75" in shown
    assert "precision" not in shown
    assert "evaluate_cnn" not in shown
    assert "face-cascade version 3 @challenger, registered" in shown
    assert "sqlite:///work/mlflow/mlflow.db" in shown


def test_a_version_that_was_there_is_not_called_new(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    print_summary(Layout(tmp_path, tmp_path), [registered(False)], RegisterParams())
    assert "version 3 @challenger, was there already" in capsys.readouterr().out


def test_each_run_gets_a_folder_of_its_own_that_sorts_by_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folders = [new_run_folder() for _ in range(4)]
    assert len(set(folders)) == 4
    assert {folder.parent for folder in folders} == {Path("work/runs")}
    assert all(folder.is_dir() and folder.name[:2] == "20" for folder in folders)
