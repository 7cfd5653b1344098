from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.boxes import iou
from cascade.score.matching import Matched, OperatingPoint, average_precision, match, operating_point, recommend

Box = tuple[int, int, int, int]

boxes = st.tuples(st.integers(-20, 60), st.integers(-20, 60), st.integers(1, 40), st.integers(1, 40))
detections = st.lists(st.tuples(boxes, st.integers(2, 9)), max_size=12)
scenes = st.lists(st.tuples(detections, st.lists(boxes, max_size=6)), min_size=1, max_size=5)


def matched(found: list[tuple[Box, int]], truth: list[Box], threshold: float = 0.3) -> Matched:
    return match([box for box, _ in found], [score for _, score in found], truth, threshold)


def point(neighbours: int, hits: int, alarms: int) -> OperatingPoint:
    return OperatingPoint(neighbours, hits / 10, None, None, hits, 10 - hits, alarms, alarms / 10)


def test_exact_agreement_is_a_hit() -> None:
    one = match([(5, 5, 10, 10)], [4.0], [(5, 5, 10, 10)], 1.0)
    assert (one.hits, one.false_alarms, one.takes.tolist(), one.found.tolist()) == (1, 0, [0], [True])


@pytest.mark.parametrize(("threshold", "hits"), [(0.5, 1), (0.501, 0)])
def test_the_threshold_itself_is_a_hit(threshold: float, hits: int) -> None:
    assert match([(0, 0, 10, 20)], [4.0], [(0, 0, 10, 10)], threshold).hits == hits


def test_a_second_detection_of_one_object_is_a_false_alarm() -> None:
    one = match([(0, 0, 10, 10), (1, 0, 10, 10)], [4.0, 9.0], [(0, 0, 10, 10)], 0.3)
    assert one.boxes.tolist() == [[1, 0, 10, 10], [0, 0, 10, 10]]
    assert one.takes.tolist() == [0, -1]


def test_the_better_score_chooses_first_and_the_next_takes_what_is_left() -> None:
    near = [(0, 0, 10, 10), (4, 0, 10, 10)]
    one = match([(3, 0, 10, 10), (4, 0, 10, 10)], [5.0, 9.0], near, 0.3)
    assert one.takes.tolist() == [1, 0]


def test_equal_scores_keep_their_order() -> None:
    assert match([(0, 0, 9, 9), (50, 0, 9, 9)], [3.0, 3.0], [], 0.3).boxes[:, 0].tolist() == [0, 50]


def test_a_true_box_that_reaches_out_of_the_picture_is_not_cut() -> None:
    assert match([(0, 0, 10, 10)], [4.0], [(-10, 0, 20, 10)], 0.5).hits == 1
    assert match([(0, 0, 10, 10)], [4.0], [(-10, 0, 20, 10)], 0.6).hits == 0


def test_empty_sides() -> None:
    assert match([], [], [], 0.3).takes.shape == (0,)
    assert match([], [], [(0, 0, 5, 5)], 0.3).found.tolist() == [False]
    assert match([(0, 0, 5, 5)], [1.0], [], 0.3).false_alarms == 1


def test_operating_points_by_hand() -> None:
    truth: list[Box] = [(0, 0, 10, 10), (30, 0, 10, 10), (60, 0, 10, 10)]
    one = matched([((0, 0, 10, 10), 8), ((30, 0, 10, 10), 4), ((90, 0, 10, 10), 6)], truth)
    other = matched([((0, 0, 10, 10), 3)], [])
    assert operating_point([one, other], 1) == OperatingPoint(1, 2 / 3, 0.5, 4 / 7, 2, 1, 2, 1.0)
    assert operating_point([one, other], 5) == OperatingPoint(5, 1 / 3, 0.5, 0.4, 1, 2, 1, 0.5)
    assert operating_point([one, other], 8) == OperatingPoint(8, 0.0, None, 0.0, 0, 3, 0, 0.0)


def test_without_objects_recall_is_unknown_not_nan() -> None:
    assert operating_point([matched([((0, 0, 9, 9), 2)], [])], 1) == OperatingPoint(1, None, 0.0, 0.0, 0, 0, 1, 1.0)
    assert operating_point([matched([], [])], 1) == OperatingPoint(1, None, None, None, 0, 0, 0, 0.0)


def test_average_precision_by_hand() -> None:
    truth: list[Box] = [(0, 0, 10, 10), (30, 0, 10, 10)]
    right, also, wrong = (0, 0, 10, 10), (30, 0, 10, 10), (90, 0, 10, 10)
    assert average_precision([matched([(right, 9), (also, 8)], truth)]) == 1.0
    assert average_precision([matched([(right, 9), (wrong, 8), (also, 7)], truth)]) == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision([matched([(right, 9), (wrong, 9), (also, 7)], truth)]) == pytest.approx(2 / 3)
    assert average_precision([matched([], truth)]) == 0.0
    assert average_precision([matched([(wrong, 9)], [])]) is None


def test_the_recommended_point() -> None:
    curve = [point(1, 9, 20), point(2, 8, 9), point(3, 8, 5), point(4, 8, 5), point(5, 3, 0)]
    assert recommend(curve, 1.0) == (curve[2], True)
    assert recommend(curve, 2.0) == (curve[0], True)
    assert recommend(curve, 0.0) == (curve[4], True)
    assert recommend(curve[:2], 0.1) == (curve[1], False)


@given(detections, st.lists(boxes, max_size=6), st.floats(0.05, 1))
def test_every_true_box_is_taken_at_most_once_and_by_enough(
    found: list[tuple[Box, int]], truth: list[Box], threshold: float
) -> None:
    one = matched(found, truth, threshold)
    taken = one.takes[one.takes >= 0]
    assert len(set(taken.tolist())) == len(taken) == one.hits == one.found.sum()
    assert one.hits + one.false_alarms == len(found)
    agreement = iou(one.boxes, one.truth)
    assert all(agreement[n, take] >= threshold for n, take in enumerate(one.takes) if take >= 0)


@given(detections, st.lists(boxes, max_size=6))
def test_no_false_alarm_could_still_take_a_miss(found: list[tuple[Box, int]], truth: list[Box]) -> None:
    one = matched(found, truth)
    agreement = iou(one.boxes, one.truth)
    assert not (agreement[one.takes < 0][:, ~one.found] >= 0.3).any()


@given(detections, st.lists(boxes, max_size=6), st.integers(1, 9))
def test_stricter_matching_is_a_part_of_looser(found: list[tuple[Box, int]], truth: list[Box], least: int) -> None:
    whole = matched(found, truth).above(least)
    alone = matched([one for one in found if one[1] > least], truth)
    assert np.array_equal(whole.takes, alone.takes)
    assert np.array_equal(whole.boxes, alone.boxes)


@given(scenes)
def test_curves_fall_and_figures_stay_in_range(given_scenes: list[tuple[list[tuple[Box, int]], list[Box]]]) -> None:
    all_scenes = [matched(found, truth) for found, truth in given_scenes]
    points = [operating_point(all_scenes, least) for least in range(1, 11)]
    for looser, stricter in itertools.pairwise(points):
        assert looser.hits >= stricter.hits
        assert looser.false_alarms >= stricter.false_alarms
    rates = [rate for one in points for rate in (one.recall, one.precision, one.f1)] + [average_precision(all_scenes)]
    assert all(rate is None or 0 <= rate <= 1 for rate in rates)
    assert recommend(points, 0.0)[1]


def test_what_agrees_with_an_ignored_box_only_counts_for_nothing() -> None:
    one = match(
        [(0, 0, 10, 10), (40, 0, 10, 10), (41, 0, 10, 10), (80, 0, 10, 10)],
        [9.0, 8.0, 7.0, 6.0],
        [(0, 0, 10, 10)],
        0.5,
        [(40, 0, 10, 10), (120, 0, 10, 10), (0, 0, 10, 10)],
    )
    assert (one.hits, one.false_alarms, one.boxes[:, 0].tolist()) == (1, 1, [0, 80])
    assert average_precision([one]) == 1.0


def test_a_crowd_in_one_box_hides_all_that_lies_in_it_but_no_miss() -> None:
    crowd, seen = (0, 0, 400, 100), (10, 10, 20, 20)
    found = [seen, (50, 50, 20, 20), (385, 0, 30, 30), (396, 0, 30, 30), (0, 80, 900, 900)]
    one = match(found, [9.0, 8.0, 7.0, 6.0, 5.0], [seen, (200, 20, 20, 20)], 0.5, [crowd])
    # Of the third a half lies in the crowd; the last is no part of it, although it holds much of it.
    assert one.boxes[:, 0].tolist() == [10, 396, 0]
    assert (one.hits, one.false_alarms, one.found.tolist()) == (1, 2, [True, False])


@given(scenes, st.lists(boxes, max_size=4))
def test_ignored_boxes_take_no_hit_away(
    drawn: list[tuple[list[tuple[Box, int]], list[Box]]], ignored: list[Box]
) -> None:
    for found, truth in drawn:
        plain = matched(found, truth)
        given_boxes = match([box for box, _ in found], [score for _, score in found], truth, 0.3, ignored)
        assert np.array_equal(given_boxes.found, plain.found)
        assert given_boxes.false_alarms <= plain.false_alarms
