from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from cnn.labels import EXPRESSIONS
from cnn.score.intervals import by_name, matrix_figures, matrix_intervals, wilson


def test_wilson_has_published_values() -> None:
    # Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I, method 3.
    known = {
        (81, 263): (0.2553, 0.3662),
        (15, 148): (0.0624, 0.1605),
        (0, 20): (0.0, 0.1611),
        (1, 29): (0.0061, 0.1718),
    }
    for (hits, total), (low, high) in known.items():
        found = wilson("recall", hits, total)
        assert (found.low, found.high) == pytest.approx((low, high), abs=6e-5)


@given(st.integers(0, 500), st.integers(0, 500))
def test_wilson_holds_the_share_and_is_the_same_the_other_way_round(hits: int, misses: int) -> None:
    found, other = wilson("a", hits, hits + misses), wilson("a", misses, hits + misses)
    assert 0 <= found.low <= found.high <= 1
    assert (found.low, found.high) == pytest.approx((1 - other.high, 1 - other.low))
    if hits + misses:
        assert found.low - 1e-9 <= hits / (hits + misses) <= found.high + 1e-9


def test_figures_of_a_matrix_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 5, 300)
    said = np.where(rng.random(300) < 0.6, labels, rng.integers(0, 5, 300))
    found = matrix_figures(metrics.confusion_matrix(labels, said))
    assert found["accuracy"] == pytest.approx(metrics.accuracy_score(labels, said))
    assert found["balanced_accuracy"] == pytest.approx(metrics.balanced_accuracy_score(labels, said))
    assert found["macro_f1"] == pytest.approx(metrics.f1_score(labels, said, average="macro"))
    shares = metrics.precision_recall_fscore_support(labels, said)
    for figure, by_class in zip(("precision", "recall", "f1"), shares[:3], strict=True):
        assert [found[f"{figure}_{name.lower()}"] for name in EXPRESSIONS] == pytest.approx(list(by_class))


def test_every_figure_lies_in_its_interval_which_repeats() -> None:
    counts = np.diag([200, 150, 100, 50, 100]) + 20
    found, figures = matrix_intervals(counts), matrix_figures(counts)
    assert found == matrix_intervals(counts)
    assert sorted(one.name for one in found) == sorted(figures)
    for one in found:
        assert one.low < figures[one.name] < one.high


def test_the_interval_of_a_share_is_wilsons_and_that_of_f1_near_the_bootstraps() -> None:
    counts = np.diag([200, 150, 100, 50, 100]) + 20
    found = by_name(matrix_intervals(counts))
    assert found["accuracy"] == wilson("accuracy", int(np.trace(counts)), int(counts.sum()))
    draws = np.random.default_rng(3).multinomial(1100, counts.ravel() / 1100, 4000).reshape(-1, 5, 5)
    f1 = 2 * draws[:, 3, 3] / (draws[:, 3].sum(axis=1) + draws[:, :, 3].sum(axis=1))
    low, high = np.percentile(f1, (2.5, 97.5))
    assert (found["f1_angry"].low, found["f1_angry"].high) == pytest.approx((low, high), abs=0.01)


def test_the_bootstrap_over_the_matrix_is_the_bootstrap_over_faces() -> None:
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 5, 200)
    said = np.where(rng.random(200) < 0.7, labels, rng.integers(0, 5, 200))
    draws = rng.integers(0, 200, (2000, 200))
    counts = np.stack([np.bincount(labels[d] * 5 + said[d], minlength=25).reshape(5, 5) for d in draws])
    low, high = np.percentile([matrix_figures(each)["balanced_accuracy"] for each in counts], (2.5, 97.5))
    whole = np.bincount(labels * 5 + said, minlength=25).reshape(5, 5)
    found = by_name(matrix_intervals(whole))["balanced_accuracy"]
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.01)


def test_few_faces_leave_every_share_uncertain_and_none_all_open() -> None:
    counts = np.zeros((5, 5), int)
    counts[0, 0], counts[1, 2] = 10, 5
    found = by_name(matrix_intervals(counts))
    for name in ("recall_happy", "precision_happy", "f1_happy"):
        assert 0.7 < found[name].low < found[name].high == pytest.approx(1)
    assert (found["f1_sad"].low, found["recall_sad"].low) == (0, 0)
    assert 0.3 < found["recall_sad"].high < found["f1_sad"].high < 0.7
    assert (found["recall_angry"].low, found["recall_angry"].high) == (0, 1)
