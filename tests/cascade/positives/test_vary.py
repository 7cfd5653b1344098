"""Cutting samples: closed forms, the same by two ways, and draws that depend on nothing but box and copy."""

from operator import attrgetter

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cascade.positives.vary import Spread, Variation, cut, draw

EVERYTHING = Spread(
    mirror=0.5, shift=0.1, scale=0.2, rotation=10, light=0.1, contrast=0.3, blur=1.0, gamma=0.4, shade=0.8, grain=0.2
)


def smooth(height=90, width=110):
    y, x = np.mgrid[:height, :width]
    return np.rint(127 + 60 * np.sin(x / 9) + 60 * np.cos(y / 7)).astype(np.uint8)


def apart(a, b):
    return np.abs(a.astype(int) - b).max()


def test_the_same_box_and_copy_are_drawn_the_same():
    assert draw(EVERYTHING, 3, 7, 1) == draw(EVERYTHING, 3, 7, 1)
    others = {draw(EVERYTHING, *where) for where in [(3, 7, 1), (3, 7, 2), (3, 8, 1), (4, 7, 1), (3, 1, 7)]}
    assert len(others) == 5


def test_draws_fill_their_spread_on_both_sides():
    drawn = [draw(EVERYTHING, 0, box, 1) for box in range(2000)]
    for name, low, high in [
        ("shift_x", -0.1, 0.1),
        ("shift_y", -0.1, 0.1),
        ("scale", 1 / 1.2, 1.2),
        ("rotation", -10, 10),
        ("tone.light", -25.5, 25.5),
        ("tone.contrast", 1 / 1.3, 1.3),
        ("tone.blur", 0, 1),
        ("tone.gamma", 1 / 1.4, 1.4),
        ("tone.shade", 0, 0.8),
        ("tone.shade_direction", 0, 360),
        ("tone.grain", 0, 0.2),
    ]:
        values = list(map(attrgetter(name), drawn))
        assert low <= min(values) < low + 0.01 * (high - low), name
        assert high >= max(values) > high - 0.01 * (high - low), name
    assert abs(np.mean([variation.mirror for variation in drawn]) - 0.5) < 0.05


def test_one_kind_more_leaves_the_others_as_they_were():
    without = draw(Spread(shift=0.1), 0, 5, 1)
    both = draw(Spread(shift=0.1, rotation=30, mirror=1), 0, 5, 1)
    assert (both.shift_x, both.shift_y) == (without.shift_x, without.shift_y)
    assert draw(Spread(), 0, 5, 1) == Variation()


def test_a_shift_by_whole_pixels_is_another_box():
    image = smooth()
    moved = cut(image, (20, 20, 40, 30), 20, 15, Variation(shift_x=0.1, shift_y=-0.2))
    assert apart(moved, cut(image, (24, 14, 40, 30), 20, 15)) <= 1


@pytest.mark.parametrize("margin", [0.5, -0.5])
def test_a_margin_and_a_scale_are_a_larger_or_smaller_box(margin):
    image = smooth()
    wider = cut(image, (30, 30, 40, 32), 20, 16, margin=margin)
    by_hand = (20, 22, 60, 48) if margin > 0 else (40, 38, 20, 16)
    assert apart(wider, cut(image, by_hand, 20, 16)) <= 2
    assert np.array_equal(wider, cut(image, (30, 30, 40, 32), 20, 16, Variation(scale=1 + margin)))


def test_a_mirrored_sample_is_the_sample_mirrored():
    image = smooth()
    box = (10, 12, 40, 40)
    assert np.array_equal(cut(image, box, 20, 20, Variation(mirror=True)), cut(image, box, 20, 20)[:, ::-1])
    turned = cut(image, box, 20, 20, Variation(rotation=15))
    assert apart(cut(image, box, 20, 20, Variation(rotation=15, mirror=True)), turned[:, ::-1]) <= 1


def test_a_quarter_turn_is_clockwise():
    image = smooth()
    turned = cut(image, (20, 20, 40, 40), 20, 20, Variation(rotation=90))
    assert apart(turned, np.rot90(cut(image, (20, 20, 40, 40), 20, 20), -1)) <= 1


def test_what_lies_around_the_box_comes_in_and_beyond_the_picture_its_edge():
    image = np.full((60, 60), 50, np.uint8)
    image[:, 40:] = 200
    right = cut(image, (20, 20, 20, 20), 20, 20, Variation(shift_x=0.5))
    assert (right[:, :9] == 50).all()
    assert (right[:, 11:] == 200).all()
    assert (cut(image, (40, 40, 20, 20), 20, 20, Variation(shift_x=1, shift_y=1, rotation=30)) == 200).all()


@pytest.mark.parametrize("variation", [Variation(), Variation(rotation=5), Variation(shift_x=0.01)])
def test_stripes_finer_than_a_sample_pixel_become_grey_and_not_moire(variation):
    image = np.zeros((400, 400), np.uint8)
    image[:, ::2] = 254
    assert apart(cut(image, (50, 50, 240, 240), 24, 24, variation), np.full((24, 24), 127)) <= 6


def test_a_huge_box_is_cut_with_bounded_work():
    image = cv2.resize(smooth(), (40_000, 60))
    assert cut(image, (100, 5, 39_000, 50), 8, 8, Variation(rotation=1)).shape == (8, 8)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9), st.integers(1, 40), st.integers(1, 40), st.floats(-0.9, 4))
def test_any_box_and_any_variation_give_greys_of_the_picture(seed, width, height, margin):
    generator = np.random.default_rng(seed)
    image = generator.integers(50, 60, generator.integers(1, 90, 2)).astype(np.uint8)
    x, y = (int(generator.integers(0, side)) for side in image.shape[::-1])
    box = (x, y, int(generator.integers(1, image.shape[1] - x + 1)), int(generator.integers(1, image.shape[0] - y + 1)))
    variation = draw(Spread(mirror=0.5, shift=1, scale=1, rotation=180, blur=3), seed, 0, 0)
    sample = cut(image, box, width, height, variation, margin)
    assert sample.shape == (height, width)
    assert (sample.min() >= 50, sample.max() <= 59) == (True, True)
