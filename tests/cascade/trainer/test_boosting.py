"""Weights, leaves and thresholds by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cascade.trainer.boosting import Booster, BoostType
from cascade.trainer.stages import measure

LABELS = np.array([True, True, False, False])
EVERYONE = np.arange(4)


def test_gentle_boosting_weighs_by_the_exponential_of_the_margin() -> None:
    booster = Booster("GAB", LABELS)
    assert booster.leaf(np.array([0, 1, 2])) == pytest.approx(1 / 3)
    assert booster.update(np.array([0.5, -0.5, -0.5, -0.5])) == 1
    heavy, light = math.exp(0.5), math.exp(-0.5)
    np.testing.assert_allclose(booster.weights, np.array([light, heavy, light, light]) / (heavy + 3 * light))


def test_discrete_boosting_scales_its_leaves_by_the_error() -> None:
    booster = Booster("DAB", LABELS)
    assert booster.leaf(np.array([0, 2, 3])) == -1
    assert booster.update(np.array([1.0, -1.0, -1.0, -1.0])) == pytest.approx(math.log(3))
    np.testing.assert_allclose(booster.weights, [1 / 6, 1 / 2, 1 / 6, 1 / 6])


def test_real_boosting_says_half_the_log_odds() -> None:
    assert Booster("RAB", LABELS).leaf(np.array([0, 1, 2])) == pytest.approx(0.5 * math.log(2))
    assert Booster("RAB", LABELS).leaf(np.array([0])) == pytest.approx(0.5 * math.log((1 - 1e-5) / 1e-5))


def test_logit_boosting_makes_new_responses() -> None:
    booster = Booster("LB", LABELS)
    assert booster.responses.tolist() == [2, 2, -2, -2]
    booster.update(np.array([2.0, 0.0, 0.0, -60.0]))
    share = 1 / (1 + math.exp(-2))
    np.testing.assert_allclose(booster.responses, [1 / share, 2, -2, -1], rtol=1e-6)


@pytest.mark.parametrize("boost_type", ["GAB", "DAB", "RAB", "LB"])
def test_weights_sum_to_one(boost_type: BoostType) -> None:
    booster = Booster(boost_type, LABELS)
    booster.update(np.array([1.0, -1.0, -1.0, -1.0]))
    assert booster.weights.sum() == pytest.approx(1)


def test_the_lightest_samples_are_left_out_down_to_the_rate() -> None:
    booster = Booster("GAB", np.arange(5) < 2)
    booster.weights = np.array([0.01, 0.02, 0.07, 0.4, 0.5])
    assert booster.heavy(0.95).tolist() == [3, 4]
    assert booster.heavy(0.975).tolist() == [2, 3, 4]
    assert booster.heavy(1.0).tolist() == [0, 1, 2, 3, 4]


def test_equal_weights_are_all_kept() -> None:
    assert len(Booster("GAB", np.arange(100) < 50).heavy(0.95)) == 100


def test_a_hit_rate_of_one_lets_every_positive_pass() -> None:
    sums = np.array([0.5, -2.0, 1.0, -2.00001, -2.1])
    threshold, rates = measure(sums, 3, np.float32(1))
    assert (float(threshold), rates.hit_rate, rates.false_alarm_rate) == (-2, 1, 0.5)
