from __future__ import annotations

from itertools import pairwise
from math import log10
from xml.etree import ElementTree

import pytest

from cascade.score.charts import Curve, Mark, alarms_chart, legend, precision_chart

LEFT, RIGHT, TOP, BOTTOM = 46, 506, 12, 296
"""The frame of a chart, in its own units."""


def parse(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(str(text))


def points(chart: ElementTree.Element, number: int = 0) -> list[tuple[float, float]]:
    lines = chart.findall("polyline")
    pairs = [pair.split(",") for pair in lines[number].get("points", "").split()]
    return [(float(x), float(y)) for x, y in pairs]


def ticks(chart: ElementTree.Element) -> dict[str, float]:
    return {
        one.text or "": float(one.get("x", "")) for one in chart.findall("text[@text-anchor='middle'][@class='tick']")
    }


def test_precision_over_recall_is_linear() -> None:
    chart = parse(precision_chart([Curve("a", ((0, 0), (0.5, 0.25), (1, 1)))], [Mark("best", 0.5, 0.25)]))
    assert points(chart) == [(LEFT, BOTTOM), (276, 225), (RIGHT, TOP)]
    assert ticks(chart) == {"0": 46, "0.2": 138, "0.4": 230, "0.6": 322, "0.8": 414, "1": 506}
    mark = chart.find("circle[@class='mark']")
    assert mark is not None
    assert (mark.get("cx"), mark.get("cy")) == ("276.0", "225.0")


def test_the_axis_of_false_alarms_has_its_zero_and_is_logarithmic_beyond() -> None:
    chart = parse(alarms_chart([Curve("a", ((0, 1), (0.45, 0.5), (4.95, 0)))], budget=0.45))
    (zero, _), (middle, _), (end, _) = points(chart)
    # 0.45 is 9 and 4.95 is 99 times the 0.05 up to which it is linear: log10 of 10 and of 100.
    assert (zero, middle, end) == (LEFT, (LEFT + RIGHT) / 2, RIGHT)
    band = chart.find("rect[@class='band']")
    assert band is not None
    assert [float(band.get(name, "")) for name in ("x", "y", "width", "height")] == [46, 12, 230, 284]
    assert ticks(chart)["2"] == pytest.approx(LEFT + (RIGHT - LEFT) * log10(41) / 2, abs=0.06)


@pytest.mark.parametrize("highest", [0, 0.3, 1, 7.5, 40_000, 1e12])
def test_the_numbers_of_the_axis_begin_at_zero_fit_and_keep_apart(highest: float) -> None:
    places = list(ticks(parse(alarms_chart([Curve("a", ((highest, 1),))]))).values())
    assert places[0] == LEFT
    assert 3 <= len(places) <= 14
    assert all(later - earlier > 34 for earlier, later in pairwise(places))
    assert places[-1] <= RIGHT


def test_no_curve_no_point_and_no_budget() -> None:
    for chart in (alarms_chart([]), precision_chart([Curve("a", ())]), alarms_chart([Curve("a", ())], budget=0)):
        assert [one.get("points") for one in parse(chart).findall("polyline")] in ([], [""])
        assert len(ticks(parse(chart))) >= 3
        assert "nan" not in str(chart)


def test_every_point_has_its_tip_and_nothing_writes_markup() -> None:
    evil = "</title><script>\"'&"
    chart = parse(alarms_chart([Curve(evil, ((0, 1), (1, 1)), (evil, "two"))], [Mark(evil, 1, 1)]))
    assert [one.text for one in chart.findall("circle[@class='dot c0']/title")] == [evil, "two"]
    assert chart.findtext("polyline/title") == evil
    assert chart.findtext("text[@class='marked']") == evil
    assert "<script" not in legend([evil, "b"])


def test_the_legend_is_for_several_and_colours_come_again() -> None:
    assert legend(["alone"]) == ""
    chart = parse(precision_chart([Curve(str(n), ((0, 0),)) for n in range(10)]))
    classes = [one.get("class") for one in chart.findall("polyline")]
    assert (classes[0], classes[7], classes[8]) == ("curve c0", "curve c7", "curve c0")
    assert legend([str(n) for n in range(9)]).count('class="key c0"') == 2
