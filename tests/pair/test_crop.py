"""The square that the network sees: closed-form places, borders repeated, and nothing monstrous."""

from __future__ import annotations

import numpy as np
import pytest

from cnn.preprocess import to_face
from pair.crop import crop_face, square
from pair.errors import InputError

NOISE = np.random.default_rng(1).integers(0, 256, (200, 300), dtype=np.uint8)


@pytest.mark.parametrize(
    ("box", "scale", "down", "expected"),
    [
        ((100, 100, 40, 40), 1.0, 0.0, (100, 100, 40)),
        ((100, 100, 40, 40), 1.5, 0.0, (90, 90, 60)),
        ((100, 100, 40, 40), 0.5, 0.0, (110, 110, 20)),
        ((100, 100, 40, 40), 1.0, -0.25, (100, 90, 40)),
        ((100, 100, 30, 50), 1.0, 0.0, (95, 105, 40)),
    ],
)
def test_squares_keep_their_centre_and_move_down(box, scale, down, expected):
    assert square(box, scale, down) == expected


def test_a_box_that_is_the_square_is_cut_out_as_the_datasets_are():
    assert np.array_equal(crop_face(NOISE, (37, 21, 96, 96), 1.0, 0.0), to_face(NOISE, (37, 21, 96, 96)))


@pytest.mark.parametrize("box", [(-10, -20, 40, 40), (280, 180, 60, 60), (0, 0, 300, 200), (-50, 50, 60, 60)])
def test_outside_the_picture_the_border_is_repeated(box):
    padded = np.pad(NOISE, 500, mode="edge")
    x, y, width, height = box
    assert np.array_equal(
        crop_face(NOISE, box, 1.4, 0.1), crop_face(padded, (x + 500, y + 500, width, height), 1.4, 0.1)
    )


@pytest.mark.parametrize(
    ("box", "words"),
    [
        ((300, 0, 20, 20), "must touch its picture of 300x200"),
        ((0, -20, 20, 20), "must touch its picture of 300x200"),
        ((0, 0, 0, 20), "width and height above 0"),
        ((0, 0, float("nan"), 20), "must be finite"),
        ((0, 0, 1e9, 1e9), "must not be far larger than its picture"),
    ],
)
def test_boxes_without_sense_are_refused(box, words):
    with pytest.raises(InputError, match=words):
        crop_face(NOISE, box, 1.2, 0.0)
