from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cnn.errors import InputError
from cnn.evaluate import OUTPUTS, EvaluateCnnParams, evaluate_cnn
from cnn.labels import EXPRESSIONS
from runs.errors import RunMismatchError
from runs.progress import Progress
from runs.record import digest

QUICK = EvaluateCnnParams(explained_faces=0)


def test_every_output_is_written_and_says_the_same(
    small_model: Path, write_store: Callable[..., Path], tmp_path: Path
) -> None:
    said: list[Progress] = []
    faces, out = write_store(test=30), tmp_path / "score"
    score = evaluate_cnn(small_model, faces, out, report=said.append)
    assert {file.name for file in out.iterdir()} == set(OUTPUTS)
    predictions = pd.read_csv(out / "predictions.csv")
    assert (predictions["expression"] == predictions["predicted"]).mean() == pytest.approx(score.accuracy)
    assert len(predictions) == score.faces == 30
    confusion = pd.read_csv(out / "confusion.csv", index_col="true")
    assert list(confusion.columns) == list(confusion.index) == list(EXPRESSIONS)
    assert np.trace(confusion) / 30 == pytest.approx(score.accuracy)
    classes = pd.read_csv(out / "classes.csv", index_col="class")
    assert (classes["faces"] == confusion.sum(axis=1)).all()
    assert (classes["recall_low"] <= classes["recall"]).all()
    reliability = pd.read_csv(out / "reliability.csv")
    assert set(reliability["answers"]) == {"before"}
    assert reliability["faces"].sum() == 30
    assert (said[-1].done, said[-1].total) == (30, 30)


def test_metrics_are_flat_numbers_and_name_the_model(
    small_model: Path, write_store: Callable[..., Path], tmp_path: Path
) -> None:
    score = evaluate_cnn(small_model, write_store(test=30), tmp_path / "score", QUICK)
    metrics = json.loads((tmp_path / "score" / "metrics.json").read_text())
    assert metrics.pop("model_sha256") == digest(small_model)
    assert all(isinstance(value, (int, float)) for value in metrics.values())
    assert metrics["accuracy"] == pytest.approx(score.accuracy, abs=1e-6)
    assert metrics["recall_sad"] == pytest.approx(score.recall["Sad"], abs=1e-6)
    assert metrics["faces_affectnet"] + metrics["faces_ferplus"] == 30
    assert metrics["accuracy_low"] <= metrics["accuracy"] <= metrics["accuracy_high"]
    assert "temperature" not in metrics


def test_what_was_measured_and_how_is_written(
    small_model: Path, write_store: Callable[..., Path], tmp_path: Path
) -> None:
    faces = write_store(train=8, test=30)
    evaluate_cnn(small_model, faces, tmp_path / "score", QUICK)
    told = json.loads((tmp_path / "score" / "measured.json").read_text())
    assert told["parameters"] == QUICK.as_dict()
    assert told["faces"]["table_sha256"] == digest(faces / "faces.parquet")
    found = pd.read_parquet(faces / "faces.parquet")
    for source, splits in told["faces"]["counts"].items():
        for split, classes in splits.items():
            chosen = found[(found["source"] == source) & (found["split"] == split)]
            assert classes == chosen["expression"].value_counts().to_dict()
    assert {split for splits in told["faces"]["counts"].values() for split in splits} == {"train", "validation", "test"}


def test_what_a_temperature_would_bring_is_measured_and_what_it_brings_in_the_model(
    small_model: Path, write_store: Callable[..., Path], tmp_path: Path
) -> None:
    from cnn.calibrate import calibrate_cnn

    faces = write_store(test=40, validation=100)
    would = evaluate_cnn(small_model, faces, tmp_path / "before", QUICK)
    calibrated = calibrate_cnn(small_model, faces, tmp_path / "model.keras")
    does = evaluate_cnn(calibrated.model, faces, tmp_path / "after", QUICK)
    assert would.calibration is not None
    assert does.calibration is not None
    assert (would.calibration.stored, does.calibration.stored) == (False, True)
    assert does.calibration.temperature == pytest.approx(calibrated.temperature)
    for figure in ("temperature", "error_before", "error_after", "log_loss_before", "log_loss_after"):
        assert getattr(does.calibration, figure) == pytest.approx(getattr(would.calibration, figure), rel=1e-3)
    # A model answers with what it has: its main figures are without a temperature before, and with it after.
    assert would.log_loss == pytest.approx(would.calibration.log_loss_before, rel=1e-4)
    assert does.log_loss == pytest.approx(does.calibration.log_loss_after, rel=1e-4)
    assert does.accuracy == would.accuracy
    metrics = json.loads((tmp_path / "after" / "metrics.json").read_text())
    assert (metrics["temperature_stored"], metrics["calibration_error_after"]) == (1, metrics["calibration_error"])


def test_without_validation_faces_a_model_is_measured_as_it_is(
    small_model: Path, write_store: Callable[..., Path], tmp_path: Path
) -> None:
    score = evaluate_cnn(small_model, write_store(test=10, validation=0), tmp_path / "score", QUICK)
    assert score.calibration is None


def test_an_empty_split_is_named(small_model: Path, write_store: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="`split` 'test' has no faces"):
        evaluate_cnn(small_model, write_store(test=0), tmp_path / "score")
    assert not (tmp_path / "score").exists()


@pytest.mark.parametrize("name", ["thesis.txt", "run.json"])
def test_a_folder_with_other_files_is_refused_before_the_model_is_loaded(
    write_store: Callable[..., Path], tmp_path: Path, name: str
) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / name).write_text("precious")
    with pytest.raises(RunMismatchError, match=f"own holds files that no step wrote .{name}."):
        evaluate_cnn(tmp_path / "no model.keras", write_store(test=10), tmp_path / "own")
    assert (tmp_path / "own" / name).read_text() == "precious"


def test_an_older_evaluation_is_replaced(small_model: Path, write_store: Callable[..., Path], tmp_path: Path) -> None:
    faces = write_store(test=10)
    evaluate_cnn(small_model, faces, tmp_path / "score", EvaluateCnnParams(split="train", explained_faces=0))
    assert evaluate_cnn(small_model, faces, tmp_path / "score", QUICK).faces == 10
    assert len(pd.read_csv(tmp_path / "score" / "predictions.csv")) == 10
