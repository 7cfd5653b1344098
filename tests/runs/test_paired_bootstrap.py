from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest
from numpy.typing import NDArray

from runs.paired_bootstrap import Estimate, paired_bootstrap

Floats = NDArray[np.float64]


def shares(sums: Floats) -> tuple[Floats, Floats]:
    """Hits of the first, hits of the second, objects."""
    with np.errstate(invalid="ignore"):
        return sums[:, 0] / sums[:, 2], sums[:, 1] / sums[:, 2]


def faces(both: int, first: int, second: int, none: int) -> Floats:
    """One row a face: found by both, by the first alone, by the second alone, by none."""
    rows = [[1, 1, 1]] * both + [[1, 0, 1]] * first + [[0, 1, 1]] * second + [[0, 0, 1]] * none
    return np.array(rows, dtype=np.float64)


def test_the_interval_is_that_of_the_normal_distribution_where_there_are_many() -> None:
    both, first, second, none = 3000, 200, 300, 500
    found = paired_bootstrap(faces(both, first, second, none), shares, draws=20_000, confidence=0.9)
    n = both + first + second + none
    assert found.first.value == pytest.approx((both + first) / n)
    assert found.second.value == pytest.approx((both + second) / n)
    by = (second - first) / n
    deviation = (((first + second) / n - by**2) / n) ** 0.5
    reach = NormalDist().inv_cdf(0.95) * deviation
    assert found.difference.value == pytest.approx(by)
    assert (found.difference.low, found.difference.high) == pytest.approx((by - reach, by + reach), abs=0.05 * reach)
    alone = NormalDist().inv_cdf(0.95) * (found.first.value * (1 - found.first.value) / n) ** 0.5
    assert found.first.high - found.first.low == pytest.approx(2 * alone, rel=0.05)
    assert found.units == n


def test_what_is_hard_for_both_does_not_widen_the_difference() -> None:
    found = paired_bootstrap(faces(50, 0, 5, 45), shares)
    assert found.difference.low > 0
    assert found.first.high > found.second.low


def test_equals_differ_by_nothing() -> None:
    found = paired_bootstrap(faces(30, 0, 0, 20), shares)
    assert found.difference == Estimate(0.0, 0.0, 0.0)
    assert found.first == found.second


def test_drawing_kinds_is_drawing_units() -> None:
    """Each unit drawn by its number, and no two alike thanks to a column that no figure looks at."""
    rng = np.random.default_rng(3)
    rows = np.column_stack([faces(20, 6, 12, 12), np.arange(50)])
    sums = np.stack([rows[rng.integers(0, 50, 50)].sum(axis=0) for _ in range(20_000)])
    first, second = shares(sums)
    found = paired_bootstrap(rows[:, :3], shares, draws=20_000)
    apart = paired_bootstrap(rows, shares, draws=20_000)
    for one in (found, apart):
        bounds = np.percentile(second - first, (2.5, 97.5))
        assert (one.difference.low, one.difference.high) == pytest.approx(tuple(bounds), abs=0.021)


def test_the_same_data_give_the_same_interval_and_another_seed_another() -> None:
    rows = faces(40, 5, 11, 20)
    assert paired_bootstrap(rows, shares) == paired_bootstrap(rows, shares)
    assert paired_bootstrap(rows, shares, seed=1) != paired_bootstrap(rows, shares)


def test_more_confidence_is_a_wider_interval() -> None:
    rows = faces(40, 5, 11, 20)
    narrow, wide = (paired_bootstrap(rows, shares, confidence=c).difference for c in (0.8, 0.99))
    assert wide.low < narrow.low < narrow.value < narrow.high < wide.high


def test_draws_with_nothing_to_divide_by_are_left_out() -> None:
    """Of two scenes one holds no face: a quarter of the draws hold none."""
    found = paired_bootstrap([[1, 1, 1], [0, 0, 0]], shares)
    assert found.first == Estimate(1.0, 1.0, 1.0)


def test_many_units_are_drawn_in_parts() -> None:
    rows = np.column_stack([faces(6_000, 800, 1_000, 2_200), np.arange(10_000)])
    found = paired_bootstrap(rows, shares, draws=500)
    assert found.difference.low < 0.02 < found.difference.high


@pytest.mark.parametrize("units", [[], [1, 2, 3], np.zeros((0, 3))])
def test_there_must_be_units(units: object) -> None:
    with pytest.raises(ValueError, match=r"`units` must be of shape \(n, columns\) with n at least 1"):
        paired_bootstrap(units, shares)  # type: ignore[arg-type]


def test_figures_must_be_numbers() -> None:
    with pytest.raises(ValueError, match="the figures of all units must be numbers"):
        paired_bootstrap([[0, 0, 0]], shares)
