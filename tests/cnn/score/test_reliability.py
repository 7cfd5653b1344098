from __future__ import annotations

import numpy as np
import pytest

from cnn.score.reliability import calibration_error, compare, reliability


def test_calibration_weighs_its_bins_and_takes_both_ends() -> None:
    confidence = np.array([0.0, 0.95, 0.95, 0.95, 1.0])
    right = np.array([False, True, True, False, True])
    assert calibration_error(confidence, right, bins=1) == pytest.approx(abs(3.85 - 3) / 5)
    assert calibration_error(confidence, right, bins=10) == pytest.approx(abs(3.85 - 3) / 5)
    assert calibration_error(np.array([0.25, 0.75]), np.array([True, False]), bins=2) == pytest.approx(0.75)


def test_the_diagram_and_the_error_say_the_same() -> None:
    rng = np.random.default_rng(0)
    answers, labels = rng.dirichlet(np.ones(5), 500), rng.integers(0, 5, 500)
    bins = reliability(answers, labels)
    assert sum(one.faces for one in bins) == 500
    gaps = sum(one.faces * abs(one.confidence - one.accuracy) for one in bins) / 500
    error = calibration_error(answers.max(axis=1), answers.argmax(axis=1) == labels)
    assert gaps == pytest.approx(error)
    for one in bins:
        assert one.accuracy_low <= one.accuracy <= one.accuracy_high
        assert not one.faces or one.low < one.confidence <= one.high


def test_a_bin_by_hand() -> None:
    answers = np.array([[0.9, 0.1], [0.7, 0.3], [0.2, 0.8]])
    bins = reliability(answers, np.array([0, 1, 1]), bins=2)
    assert [one.faces for one in bins] == [0, 3]
    assert (bins[1].confidence, bins[1].accuracy) == pytest.approx((0.8, 2 / 3))
    assert (bins[0].confidence, bins[0].accuracy, bins[0].accuracy_low, bins[0].accuracy_high) == (0, 0, 0, 1)


def test_before_and_after_are_each_others_own_figures() -> None:
    sure, humble = np.array([[0.99, 0.01]] * 4), np.array([[0.75, 0.25]] * 4)
    found = compare(sure, humble, np.array([0, 0, 0, 1]), 3.0, stored=True)
    assert (found.error_before, found.error_after) == pytest.approx((0.24, 0))
    assert found.log_loss_after < found.log_loss_before
