from __future__ import annotations

import numpy as np
import pytest

from live.smoothing import Smoothed


def test_the_average_is_that_of_the_weights() -> None:
    face, times = Smoothed(0.5, 0.0), np.array([0.0, 0.1, 0.35, 0.4])
    answers = np.random.default_rng(0).dirichlet(np.ones(5), 4)
    for answer, seconds in zip(answers, times, strict=True):
        given = face.add(answer, seconds)
    weights = np.exp(-(times[-1] - times) / 0.5)
    assert given == pytest.approx((weights[:, None] * answers).sum(axis=0) / weights.sum())
    assert given.sum() == pytest.approx(1)


@pytest.mark.parametrize("rate", [5, 25, 100])
def test_the_frame_rate_does_not_matter(rate: int) -> None:
    face = Smoothed(0.4, 0.1)
    for number in range(5 * rate):
        face.add([1.0, 0.0], number / rate)
    for number in range(rate):
        shares = face.add([0.0, 1.0], 5 + number / rate)
    assert shares[0] == pytest.approx(np.exp(-1 / 0.4), abs=0.03)


def test_a_label_changes_only_by_a_margin() -> None:
    face = Smoothed(0.0, 0.1)
    labels = []
    for share in (0.6, 0.48, 0.46, 0.44, 0.52, 0.54, 0.56):
        face.add([share, 1 - share], 0.0)
        labels.append(face.label)
    assert labels == [0, 0, 0, 1, 1, 1, 0]


def test_without_a_constant_the_newest_answer_counts_alone() -> None:
    face = Smoothed(0.0, 0.0)
    face.add([1.0, 0.0], 0.0)
    assert face.add([0.25, 0.75], 0.0).tolist() == [0.25, 0.75]
    assert face.label == 1


def test_before_the_first_answer_nothing_is_known() -> None:
    with pytest.raises(ValueError, match="after the first"):
        _ = Smoothed(0.4, 0.1).probabilities
