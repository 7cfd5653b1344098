from __future__ import annotations

import pytest

from cascade.score.intervals import Interval, point_intervals, precision_interval
from cascade.score.matching import Matched, match

BOX, ELSEWHERE = (0, 0, 10, 10), (50, 50, 10, 10)


def scenes(found: int, missed: int) -> list[Matched]:
    hit, miss = match([BOX], [5.0], [BOX], 0.3), match([ELSEWHERE], [5.0], [BOX], 0.3)
    return [hit] * found + [miss] * missed


def test_the_interval_of_a_share_is_the_binomials() -> None:
    low, high = next((one.low, one.high) for one in point_intervals(scenes(60, 40), 3) if one.name == "recall")
    assert low == pytest.approx(0.6 - 1.96 * (0.24 / 100) ** 0.5, abs=0.015)
    assert high == pytest.approx(0.6 + 1.96 * (0.24 / 100) ** 0.5, abs=0.015)


def test_the_same_scenes_give_the_same_interval() -> None:
    assert point_intervals(scenes(6, 4), 3) == point_intervals(scenes(6, 4), 3)
    assert precision_interval(scenes(6, 4)) == precision_interval(scenes(6, 4))


def test_all_found_is_certain_and_nothing_to_find_has_no_interval() -> None:
    known = {one.name: one for one in point_intervals(scenes(5, 0), 3)}
    assert known["recall"] == Interval("recall", 1.0, 1.0)
    assert known["false_alarms_per_image"] == Interval("false_alarms_per_image", 0.0, 0.0)
    empty = [match([], [], [], 0.3)] * 3
    assert [one.name for one in point_intervals(empty, 3)] == ["false_alarms_per_image"]
    assert precision_interval(empty) == ()


def test_the_interval_of_the_average_precision_holds_it() -> None:
    one = precision_interval(scenes(30, 10))[0]
    assert one.low < 0.75 * 0.75 < one.high
