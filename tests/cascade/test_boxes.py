"""Intersection over union against closed-form answers and a plain loop."""

import numpy as np
import pytest

from cascade.boxes import iou, is_inside


def test_known_overlaps():
    found = iou([(0, 0, 10, 10), (100, 100, 4, 4)], [(0, 0, 10, 10), (5, 0, 10, 10), (5, 5, 10, 10), (10, 0, 5, 5)])
    assert found == pytest.approx(np.array([[1, 50 / 150, 25 / 175, 0], [0, 0, 0, 0]]))


def test_agrees_with_counting_pixels():
    generator = np.random.default_rng(3)
    boxes = np.concatenate([generator.integers(0, 12, (20, 2)), generator.integers(1, 9, (20, 2))], axis=1)
    masks = np.zeros((20, 24, 24), bool)
    for mask, (x, y, width, height) in zip(masks, boxes, strict=True):
        mask[y : y + height, x : x + width] = True
    counted = [[(a & b).sum() / (a | b).sum() for b in masks] for a in masks]
    assert iou(boxes, boxes) == pytest.approx(np.array(counted))


@pytest.mark.parametrize(("a", "b", "shape"), [(0, 3, (0, 3)), (2, 0, (2, 0)), (0, 0, (0, 0))])
def test_empty_sets(a, b, shape):
    assert iou([(0, 0, 1, 1)] * a, [(0, 0, 1, 1)] * b).shape == shape


def test_boxes_without_area_agree_with_nothing():
    assert iou([(3, 3, 0, 0)], [(3, 3, 0, 0), (0, 0, 9, 9)]).tolist() == [[0, 0]]


def test_other_shapes_are_refused():
    with pytest.raises(ValueError, match=r"`boxes_b` must be of shape \(N, 4\)\. Got \(1, 3\)"):
        iou([(0, 0, 1, 1)], [(0, 0, 1)])


@pytest.mark.parametrize("box", [(-1, 0, 5, 5), (0, -1, 5, 5), (6, 0, 5, 5), (0, 16, 5, 5)])
def test_a_box_that_reaches_out_is_not_inside(box):
    assert not is_inside(box, 10, 20)


def test_a_box_may_fill_its_picture():
    assert is_inside((0, 0, 10, 20), 10, 20)
