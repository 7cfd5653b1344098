"""Figures and histories as MLflow takes them."""

from __future__ import annotations

from pathlib import Path

from tasks.publish_figures import flatten, read_history


def test_a_history_whose_first_column_repeats_counts_rows(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    path.write_text("stage,weak,hit_rate\n0,1,1\n0,2,0.5\n1,1,inf\n")
    assert read_history(path) == [
        ("stage.weak", 1, 1),
        ("stage.hit_rate", 1, 1),
        ("stage.weak", 2, 2),
        ("stage.hit_rate", 0.5, 2),
        ("stage.weak", 1, 3),
    ]


def test_a_history_of_a_header_alone_is_empty(tmp_path: Path) -> None:
    (tmp_path / "history.csv").write_text("epoch,loss\n")
    assert read_history(tmp_path / "history.csv") == []


def test_a_short_row_leaves_its_figures_out(tmp_path: Path) -> None:
    (tmp_path / "history.csv").write_text("epoch,loss\n1\n2,0.5\n")
    assert read_history(tmp_path / "history.csv") == [("epoch.loss", 0.5, 2)]


def test_names_that_mlflow_refuses_are_changed() -> None:
    assert flatten({"a": {"at 5% (best)": 1}}) == {"a.at 5_ _best_": 1}
