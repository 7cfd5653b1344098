from __future__ import annotations

import math

import numpy as np
import pytest

from cnn.calibrate import log_loss
from cnn.score.figures import CnnScore, counts_of, score_answers
from cnn.score.reliability import Calibration

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


def test_the_matrix_its_bounds_and_its_metrics_agree(score: CnnScore) -> None:
    counts = np.array(score.counts)
    assert counts.tolist()[:3] == [[2, 1, 0, 0, 0], [0, 1, 0, 0, 0], [1, 0, 1, 0, 0]]
    assert np.trace(counts) / counts.sum() == pytest.approx(score.accuracy)
    metrics = score.metrics()
    assert metrics["f1_happy"] == pytest.approx(2 / 3, abs=1e-6)
    assert metrics["faces_surprise"] == 2
    for one in score.intervals:
        assert one.low <= metrics[one.name] <= one.high
        assert (metrics[f"{one.name}_low"], metrics[f"{one.name}_high"]) == (round(one.low, 6), round(one.high, 6))


def test_sources_have_their_own_matrix_and_bounds(score: CnnScore) -> None:
    affectnet, ferplus = score.sources
    assert (affectnet.name, affectnet.faces, ferplus.name, ferplus.faces) == ("affectnet", 2, "ferplus", 4)
    assert ferplus.balanced_accuracy == pytest.approx((1 + 1 / 2) / 2)
    metrics = score.metrics()
    assert metrics["accuracy_ferplus_low"] < metrics["accuracy_ferplus"] < metrics["accuracy_ferplus_high"]
    assert metrics["balanced_accuracy_ferplus"] == pytest.approx(3 / 4)


def test_with_one_source_its_figures_are_those_of_all() -> None:
    alone = score_answers(answers(SAID), LABELS, np.array(["ferplus"] * 6)).metrics()
    for figure in ("accuracy", "balanced_accuracy"):
        for end in ("", "_low", "_high"):
            assert alone[f"{figure}_ferplus{end}"] == alone[f"{figure}{end}"]


def test_a_certain_mistake_costs_the_same_in_every_log_loss() -> None:
    certain = np.eye(5, dtype=np.float32)[SAID]
    assert score_answers(certain, LABELS, SOURCES).log_loss == pytest.approx(log_loss(certain, LABELS))


def test_the_temperature_is_told_where_there_is_one() -> None:
    found = Calibration(0.5, True, 0.2, 0.1, 0.9, 0.8)
    metrics = score_answers(answers(SAID), LABELS, SOURCES, calibration=found).metrics()
    assert (metrics["temperature"], metrics["temperature_stored"]) == (0.5, 1)
    assert (metrics["calibration_error_before"], metrics["calibration_error_after"]) == (0.2, 0.1)
    assert (metrics["log_loss_before"], metrics["log_loss_after"]) == (0.9, 0.8)


def test_counts_of_a_choice() -> None:
    chosen = SOURCES == "affectnet"
    assert counts_of(LABELS, SAID, chosen).sum() == 2
    assert counts_of(LABELS, SAID, chosen)[0, 1] == counts_of(LABELS, SAID, chosen)[1, 1] == 1
