"""Folders of training and evaluation, read for registration."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from runs.record import digest
from tasks.publish_record import (
    CASCADE,
    CNN,
    Line,
    PublishError,
    content_digest,
    environment,
    operating_point,
    read_record,
    source_digest,
)


def test_parameters_figures_history_and_files(cascade: Path, run: Path, score: Path) -> None:
    record = read_record(cascade, run, score, CASCADE)
    assert record.params == {
        "num_stages": "2",
        "mode": "ALL",
        "maximum": "null",
        "inputs.vec": "12ab",
        "training.reason": "goal reached",
        "recommended_within_budget": "true",
        "model_sha256": digest(cascade),
    }
    assert record.metrics == {
        "training.seconds": 3.5,
        "recall": 0.75,
        "recommended_recall": 0.5,
        "recommended_min_neighbors": 2.0,
        "scale_factor": 1.2,
        "min_size": 24.0,
        "by_source.ferplus": 0.5,
        "accuracy": 0.9,
    }
    assert record.history == [("stage.hit_rate", 0.99, 0), ("stage.false_alarm", 0.5, 0), ("stage.hit_rate", 0.98, 1)]
    assert [path.name for path in record.files["training"]] == ["history.csv", "run.json", "training.json"]
    assert score / "montage.png" in record.files["evaluation"]


def test_the_headline_is_of_the_operating_point_that_is_recommended(cascade: Path, run: Path, score: Path) -> None:
    assert read_record(cascade, run, score, CASCADE).headline() == {"recall": 0.5, "accuracy": 0.9}


def test_nan_is_neither_figure_nor_parameter(cascade: Path, run: Path, score: Path) -> None:
    figures = {"recall": float("nan"), "loss": float("inf"), "precision": 0.5, "model_sha256": digest(cascade)}
    (score / "metrics.json").write_text(json.dumps(figures))
    record = read_record(cascade, run, score, CNN)
    assert set(record.metrics) == {"training.seconds", "precision"}
    assert "recall" not in record.params


@pytest.mark.parametrize(
    ("folder", "name", "step"),
    [
        ("run", "run.json", "train_cascade"),
        ("run", "training.json", "train_cascade"),
        ("run", "history.csv", "train_cascade"),
        ("score", "metrics.json", "evaluate_cascade"),
        ("score", "montage.png", "evaluate_cascade"),
    ],
)
def test_a_missing_file_names_itself_and_its_step(
    cascade: Path, run: Path, score: Path, folder: str, name: str, step: str
) -> None:
    ({"run": run, "score": score}[folder] / name).unlink()
    with pytest.raises(PublishError, match=rf"{name} does not exist\. The step `{step}` makes it"):
        read_record(cascade, run, score, CASCADE)


def test_an_empty_file_and_a_missing_folder(cascade: Path, run: Path, score: Path) -> None:
    (run / "history.csv").write_text("")
    with pytest.raises(PublishError, match=r"history\.csv is empty\. The step `train_cnn`"):
        read_record(cascade, run, score, CNN)
    shutil.rmtree(run)
    with pytest.raises(PublishError, match=r"run\.json does not exist"):
        read_record(cascade, run, score, CNN)


@pytest.mark.parametrize(("text", "rule"), [("{", "is no JSON"), ("[1]", "must hold a JSON object, not list")])
def test_broken_json_names_itself_and_its_step(cascade: Path, run: Path, score: Path, text: str, rule: str) -> None:
    (score / "metrics.json").write_text(text)
    with pytest.raises(PublishError, match=rf"metrics\.json {rule}.*`evaluate_cnn`"):
        read_record(cascade, run, score, CNN)


@pytest.mark.parametrize(
    ("line", "told", "words"),
    [
        (
            CASCADE,
            {"model_sha256": "ab" * 32},
            r"are of another model \(SHA-256 abababababab, not .*`evaluate_cascade`",
        ),
        (
            CNN,
            {"model_sha256": "ab" * 32},
            r"are of another model .*Run the step `evaluate_cnn` again on .*trained\.xml",
        ),
        (CASCADE, {}, "do not say of which model, and would be registered as those of"),
    ],
)
def test_figures_must_be_of_the_models_own_file(
    cascade: Path, run: Path, score: Path, line: Line, told: dict[str, str], words: str
) -> None:
    (score / "metrics.json").write_text(json.dumps({"recall": 0.5, **told}))
    with pytest.raises(PublishError, match=rf"score/metrics\.json {words}"):
        read_record(cascade, run, score, line)


def test_the_operating_point_is_the_recommended_one() -> None:
    figures = {
        "min_neighbors": 3,
        "recommended_min_neighbors": 7,
        "scale_factor": 1.2,
        "min_size": 24,
        "max_size": None,
    }
    point = operating_point(figures, Path("metrics.json"))
    assert point == {"scale_factor": 1.2, "min_neighbors": 7, "min_size": 24, "max_size": 0}


@pytest.mark.parametrize("figures", [{}, {"recommended_min_neighbors": None}, {"recommended_min_neighbors": "many"}])
def test_an_evaluation_without_a_recommendation_is_refused(figures: dict[str, object]) -> None:
    with pytest.raises(PublishError, match=r"score/metrics\.json must give `recommended_min_neighbors`"):
        operating_point(figures, Path("score/metrics.json"))


def test_content_is_model_facts_parameters_and_inputs_but_no_times(run: Path, cascade: Path) -> None:
    def content(facts: dict[str, int] | None = None) -> str:
        return content_digest(cascade, run, facts or {"min_neighbors": 3})

    first = content()
    (run / "training.json").write_text('{"seconds": 99}')
    assert content() == first
    assert content({"min_neighbors": 4}) != first
    record = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(record | {"inputs": {"vec": "other"}}))
    second = content()
    cascade.write_text(cascade.read_text() + "\n")
    assert len({first, second, content()}) == 3


def test_source_and_environment() -> None:
    assert source_digest(["runs"]) == source_digest(["runs"]) != source_digest(["runs", "cascade"])
    assert {"mlflow", "numpy", "keras"} <= environment()["packages"].keys()
