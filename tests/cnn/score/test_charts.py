from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from cnn.score.charts import Curve, epochs_chart, legend, reliability_chart
from cnn.score.reliability import reliability

LEFT, RIGHT, TOP, BOTTOM = 50, 506, 12, 296


def places(svg: str, number: int = 0) -> list[list[float]]:
    drawn = [line.get("points", "") for line in ElementTree.fromstring(svg).iter("polyline")]
    return [[float(part) for part in pair.split(",")] for pair in drawn[number].split()]


def ticks(svg: str) -> list[str]:
    return [text.text or "" for text in ElementTree.fromstring(svg).iter("text") if text.get("class") == "tick"]


def test_epochs_reach_from_side_to_side_and_values_stay_inside() -> None:
    svg = epochs_chart([Curve("training", [(1, 0.4), (2, 0.9), (11, 0.5)])], "accuracy", best=2)
    drawn = places(svg)
    assert (drawn[0][0], drawn[-1][0]) == (LEFT, RIGHT)
    assert drawn[1][0] == pytest.approx(LEFT + (RIGHT - LEFT) / 10, abs=0.1)
    assert TOP <= drawn[1][1] < drawn[2][1] < drawn[0][1] <= BOTTOM
    assert f'<line class="saved" x1="{drawn[1][0]}"' in svg
    assert "accuracy by epoch: training ends at 0.5" in svg


@pytest.mark.parametrize("value", [0.0, 1.0, 1e-9, 123456.0, -3.0, 1e9, -1e9])
def test_one_epoch_of_any_value_is_drawn(value: float) -> None:
    svg = epochs_chart([Curve("loss", [(1, value)])], "loss", best=1)
    assert all(np.isfinite(place).all() for place in places(svg))
    assert 'class="dot c0"' in svg


@pytest.mark.parametrize("epochs", [2, 3, 18, 40, 300])
def test_epochs_are_counted_in_whole_numbers_and_not_too_many(epochs: int) -> None:
    svg = epochs_chart([Curve("loss", [(epoch + 1, 1 / (epoch + 1)) for epoch in range(epochs)])], "loss")
    across = [tick for tick in ticks(svg) if re.fullmatch(r"\d+", tick) and int(tick) >= 1]
    assert 1 <= len(across) <= 9
    assert max(map(int, across)) <= epochs


def test_the_diagram_has_a_dot_a_bin_and_whiskers_for_the_last() -> None:
    rng = np.random.default_rng(0)
    answers, labels = rng.dirichlet(np.ones(5), 200), rng.integers(0, 5, 200)
    before = reliability(answers, labels)
    filled = sum(one.faces > 0 for one in before)
    alone, both = reliability_chart(before, None), reliability_chart(before, before)
    assert (alone.count("<circle"), both.count("<circle")) == (filled, 2 * filled)
    assert alone.count("whisker") == both.count("whisker") == filled
    sides = [rect for rect in ElementTree.fromstring(both).iter("rect") if rect.get("class") == "share"]
    assert sum(float(one.get("height", 0)) for one in sides) == pytest.approx(BOTTOM - TOP, abs=1)


def test_names_are_escaped() -> None:
    assert "<script>" not in epochs_chart([Curve("<script>", [(1, 1), (2, 2)])], "<script>")
    assert "<script>" not in legend(["<script>"])
    assert 'class="key c1"' in legend(["without"], first=1)
