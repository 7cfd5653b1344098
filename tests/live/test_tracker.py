from __future__ import annotations

import numpy as np
import pytest

from live.tracker import Tracker


def numbers(tracker: Tracker, seconds: float, *boxes: tuple[float, float, float, float]) -> list[int]:
    tracker.predict(seconds)
    return [one.number for one in tracker.update(np.array(boxes, float).reshape(-1, 4), [1.0] * len(boxes))]


def test_two_faces_that_change_places_in_the_list_keep_their_numbers() -> None:
    tracker = Tracker(memory=1.0, confirm=1)
    assert numbers(tracker, 0.0, (0, 0, 50, 50), (200, 0, 50, 50)) == [1, 2]
    assert numbers(tracker, 0.04, (204, 0, 50, 50), (4, 0, 50, 50)) == [2, 1]


def test_two_faces_that_cross_keep_their_numbers_by_their_speed() -> None:
    tracker = Tracker(memory=1.0, confirm=1)
    for number in range(21):
        # their boxes meet in the middle, 20 pixels apart in height
        found = numbers(tracker, number / 25, (10 * number, 0, 50, 50), (200 - 10 * number, 20, 50, 50))
        assert found == [1, 2]


def test_a_fast_face_that_overlaps_nothing_any_more_is_taken_by_nearness() -> None:
    tracker = Tracker(memory=1.0, confirm=1)
    assert numbers(tracker, 0.0, (100, 100, 40, 40)) == [1]
    assert numbers(tracker, 0.1, (128, 100, 40, 40)) == [1]


@pytest.mark.parametrize("box", [(160, 100, 40, 40), (100, 100, 90, 90)])
def test_too_far_or_too_different_is_another_face(box: tuple[int, int, int, int]) -> None:
    tracker = Tracker(memory=1.0, confirm=1)
    assert numbers(tracker, 0.0, (100, 100, 40, 40)) == [1]
    assert numbers(tracker, 0.1, box) == [2]


def test_numbers_are_given_to_those_who_are_believed() -> None:
    tracker = Tracker(memory=1.0, confirm=3)
    assert numbers(tracker, 0.0, (0, 0, 40, 40), (300, 300, 40, 40)) == [0, 0]
    assert numbers(tracker, 0.1, (0, 0, 40, 40)) == [0]
    assert numbers(tracker, 0.2, (0, 0, 40, 40)) == [1]


def test_who_is_not_believed_is_soon_forgotten() -> None:
    tracker = Tracker(memory=5.0, confirm=2)
    numbers(tracker, 0.0, (0, 0, 40, 40))
    numbers(tracker, 0.1)
    assert numbers(tracker, 0.3, (0, 0, 40, 40)) == [0]
    assert len(tracker.tracks) == 1


def test_memory_has_an_end() -> None:
    tracker = Tracker(memory=1.0, confirm=1)
    numbers(tracker, 0.0, (0, 0, 40, 40))
    assert numbers(tracker, 1.0, (0, 0, 40, 40)) == [1]
    assert numbers(tracker, 2.1, (0, 0, 40, 40)) == [2]


def test_a_hundred_faces_are_no_trouble() -> None:
    tracker = Tracker(memory=1.0, confirm=1)
    boxes = [(60.0 * (n % 10), 60.0 * (n // 10), 40.0, 40.0) for n in range(100)]
    assert numbers(tracker, 0.0, *boxes) == list(range(1, 101))
    assert numbers(tracker, 0.04, *reversed(boxes)) == list(range(100, 0, -1))


def test_a_gap_of_any_length_is_no_trouble() -> None:
    tracker = Tracker(2.0, 1)
    tracker.predict(0.0)
    tracker.update(np.array([[10.0, 10, 40, 40]]), [5.0])
    tracker.predict(1e308)
    assert tracker.tracks == []


def test_who_turns_back_while_unseen_keeps_the_number() -> None:
    """As somebody who leans far to one side, too far to be found, and comes back: measured in a real film."""
    tracker, numbers = Tracker(2.0, 1), set()
    lefts = [100.0 - 10 * n for n in range(8)] + [None] * 10 + [30.0 + 10 * n for n in range(5)]
    for number, left in enumerate(lefts):
        tracker.predict(number / 20)
        if left is not None:
            numbers |= {track.number for track in tracker.update(np.array([[left, 30, 40, 40]]), [5.0])}
    assert numbers == {1}


@pytest.mark.parametrize("gap", [0.04, 0.5, 1.9])
def test_however_slowly_frames_come_a_face_found_twice_running_is_believed(gap: float) -> None:
    tracker = Tracker(2.0, 2)
    for number in range(2):
        tracker.predict(number * gap)
        (track,) = tracker.update(np.array([[10.0, 10, 40, 40]]), [5.0])
    assert track.number == 1
