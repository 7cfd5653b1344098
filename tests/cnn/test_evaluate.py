from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cnn.errors import InputError
from cnn.evaluate import CnnScore, EvaluateCnnParams, calibration_error, evaluate_cnn, score_answers
from cnn.labels import EXPRESSIONS
from runs.errors import RunMismatchError
from runs.progress import Progress
from runs.record import digest

LABELS = np.array([0, 0, 0, 1, 2, 2])
SAID = np.array([0, 0, 1, 1, 2, 0])
SOURCES = np.array(["ferplus", "ferplus", "affectnet", "affectnet", "ferplus", "ferplus"])


def answers(said: np.ndarray, confidence: float = 0.8) -> np.ndarray:
    """Probabilities with `confidence` for the class said and the rest shared evenly."""
    rest = np.full((len(said), 5), (1 - confidence) / 4, np.float32)
    rest[np.arange(len(said)), said] = confidence
    return rest


@pytest.fixture
def score() -> CnnScore:
    return score_answers(answers(SAID), LABELS, SOURCES)


def test_accuracy_recall_and_precision_by_hand(score: CnnScore) -> None:
    assert score.faces == 6
    assert score.accuracy == pytest.approx(4 / 6)
    assert score.recall == pytest.approx({"Happy": 2 / 3, "Sad": 1, "Surprise": 1 / 2, "Angry": 0, "Neutral": 0})
    assert score.precision == pytest.approx({"Happy": 2 / 3, "Sad": 1 / 2, "Surprise": 1, "Angry": 0, "Neutral": 0})


def test_means_are_over_the_classes_that_occur(score: CnnScore) -> None:
    assert score.balanced_accuracy == pytest.approx((2 / 3 + 1 + 1 / 2) / 3)
    assert score.macro_f1 == pytest.approx((2 / 3 + 2 / 3 + 2 / 3) / 3)


def test_by_source(score: CnnScore) -> None:
    assert score.by_source == pytest.approx({"affectnet": 1 / 2, "ferplus": 3 / 4})


def test_log_loss_and_calibration_by_hand(score: CnnScore) -> None:
    assert score.log_loss == pytest.approx(-(4 * math.log(0.8) + 2 * math.log(0.05)) / 6, rel=1e-5)
    assert score.calibration_error == pytest.approx(0.8 - 4 / 6, rel=1e-5)


def test_a_perfect_answer_has_perfect_figures() -> None:
    best = score_answers(answers(LABELS, 1.0), LABELS, SOURCES)
    figures = (best.accuracy, best.balanced_accuracy, best.macro_f1, best.log_loss, best.calibration_error)
    assert figures == pytest.approx((1, 1, 1, 0, 0), abs=1e-6)


def test_calibration_weighs_its_bins_and_takes_both_ends() -> None:
    confidence = np.array([0.0, 0.95, 0.95, 0.95, 1.0])
    right = np.array([False, True, True, False, True])
    assert calibration_error(confidence, right, bins=1) == pytest.approx(abs(3.85 - 3) / 5)
    assert calibration_error(confidence, right, bins=10) == pytest.approx(abs(3.85 - 3) / 5)
    assert calibration_error(np.array([0.25, 0.75]), np.array([True, False]), bins=2) == pytest.approx(0.75)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from cnn.models import build, with_preprocessing

    path = tmp_path_factory.mktemp("model") / "model.keras"
    with_preprocessing(build("reference")).save(path)
    return path


def test_every_output_is_written_and_says_the_same(
    model: Path, write_store: Callable[..., Path], tmp_path: Path
) -> None:
    said: list[Progress] = []
    faces, out = write_store(test=30), tmp_path / "score"
    score = evaluate_cnn(model, faces, out, report=said.append)
    wanted = ["confusion.csv", "confusion.png", "metrics.json", "montage.png", "predictions.csv"]
    assert sorted(file.name for file in out.iterdir()) == wanted
    predictions = pd.read_csv(out / "predictions.csv")
    assert (predictions["expression"] == predictions["predicted"]).mean() == pytest.approx(score.accuracy)
    assert len(predictions) == score.faces == 30
    confusion = pd.read_csv(out / "confusion.csv", index_col="true")
    assert list(confusion.columns) == list(confusion.index) == list(EXPRESSIONS)
    assert np.trace(confusion) / 30 == pytest.approx(score.accuracy)
    assert (said[-1].done, said[-1].total) == (30, 30)


def test_metrics_are_flat_numbers_and_name_the_model(
    model: Path, write_store: Callable[..., Path], tmp_path: Path
) -> None:
    score = evaluate_cnn(model, write_store(test=30), tmp_path / "score")
    metrics = json.loads((tmp_path / "score" / "metrics.json").read_text())
    assert metrics.pop("model_sha256") == digest(model)
    assert all(isinstance(value, (int, float)) for value in metrics.values())
    assert metrics["accuracy"] == pytest.approx(score.accuracy, abs=1e-6)
    assert metrics["recall_sad"] == pytest.approx(score.recall["Sad"], abs=1e-6)
    assert metrics["faces_affectnet"] + metrics["faces_ferplus"] == 30


def test_mirroring_gives_mirrored_faces_the_same_answers(
    model: Path, write_store: Callable[..., Path], tmp_path: Path
) -> None:
    faces = write_store(test=10)
    images = np.load(faces / "images.npy")
    tables = []
    for name in ("as it is", "mirrored"):
        evaluate_cnn(model, faces, tmp_path / name, EvaluateCnnParams(mirror=True))
        tables.append(pd.read_csv(tmp_path / name / "predictions.csv").filter(like="p_"))
        np.save(faces / "images.npy", images[:, :, ::-1].copy())
    np.testing.assert_allclose(tables[0], tables[1], atol=2e-5)


def test_an_empty_split_is_named(model: Path, write_store: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="`split` 'test' has no faces"):
        evaluate_cnn(model, write_store(test=0), tmp_path / "score")
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


def test_an_older_evaluation_is_replaced(model: Path, write_store: Callable[..., Path], tmp_path: Path) -> None:
    faces = write_store(test=10)
    evaluate_cnn(model, faces, tmp_path / "score", EvaluateCnnParams(split="train"))
    assert evaluate_cnn(model, faces, tmp_path / "score").faces == 10
    assert len(pd.read_csv(tmp_path / "score" / "predictions.csv")) == 10
