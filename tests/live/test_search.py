from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cascade.boxes import iou
from cascade.detect import Detector, DetectParams
from live.search import Search

STUMP = Path(__file__).parents[1] / "tasks" / "stump_cascade.xml"
PARAMS = DetectParams(min_neighbors=2, max_size=90)


@pytest.mark.parametrize(
    ("shape", "min_face", "least"), [((480, 640), None, 40), ((120, 160), None, 20), ((480, 640), 96, 96)]
)
def test_the_smallest_face(shape: tuple[int, int], min_face: int | None, least: int) -> None:
    assert Search(STUMP, PARAMS, min_face).least(np.zeros(shape, np.uint8)) == least


def test_at_the_reduced_scale_the_same_is_found_as_at_the_full_one(draw) -> None:
    grey = draw((60, 60, 60, "Happy"), (300, 80, 70, "Angry"), (200, 300, 55, "Sad"))[..., 0].copy()
    boxes, scores = Search(STUMP, PARAMS, 50).everywhere(grey)
    full, _ = Detector(STUMP, DetectParams(min_neighbors=2, min_size=50, max_size=90)).detect(grey)
    assert len(boxes) == 3
    assert (iou(boxes, full).max(axis=1) > 0.7).all()
    assert list(scores) == sorted(scores, reverse=True)


def test_around_a_place_only_its_own_face_is_found(draw) -> None:
    grey = draw((60, 60, 60, "Happy"), (300, 80, 70, "Angry"))[..., 0].copy()
    boxes, _ = Search(STUMP, PARAMS, None).around(grey, np.array([[70.0, 55.0, 58.0, 58.0]]))
    assert len(boxes) == 1
    assert iou(boxes, [(60, 60, 60, 60)])[0, 0] > 0.7


@pytest.mark.parametrize("place", [(-500, 0, 40, 40), (630, 470, 40, 40), (0, 0, 3, 3)])
def test_around_a_place_outside_nothing_is_found(place: tuple[int, int, int, int], draw) -> None:
    boxes, scores = Search(STUMP, PARAMS, None).around(draw()[..., 0].copy(), np.array([place], float))
    assert len(boxes) == len(scores)
    assert ((boxes[:, 0] >= 0) & (boxes[:, 1] >= 0)).all()


def test_one_face_is_not_found_twice(draw) -> None:
    grey = draw((60, 60, 60, "Happy"))[..., 0].copy()
    places = np.array([[60.0, 60, 60, 60], [66.0, 62, 55, 55]])
    boxes, _ = Search(STUMP, PARAMS, None).around(grey, places)
    assert len(boxes) == 1


@pytest.mark.parametrize("least", [500, 30_000, 10**9])
def test_faces_larger_than_the_picture_are_not_looked_for(draw, least: int) -> None:
    boxes, scores = Search(STUMP, DetectParams(), least).everywhere(draw()[..., 0])
    assert (boxes.shape, scores.shape) == ((0, 4), (0,))
