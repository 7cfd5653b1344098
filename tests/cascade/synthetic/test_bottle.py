"""Drawn bottles: repeatable, all different, in a box of the right shape, on places with things like them."""

import numpy as np
import pytest

from cascade.errors import InputError
from cascade.synthetic.bottle import ASPECT, draw_bottle, paint_decoys


@pytest.mark.parametrize("height", [60, 160, 301])
def test_the_box_holds_the_bottle_and_has_the_aspect(height):
    patch = draw_bottle(np.random.default_rng(3), height)
    x, y, w, h = patch.box
    assert patch.image.shape == (height, round(0.6 * height), 3)
    assert patch.alpha.shape == patch.image.shape[:2]
    assert w / h == pytest.approx(ASPECT, abs=0.02)
    inside = patch.alpha[y : y + h, x : x + w].astype(float).sum()
    assert inside > 0.97 * patch.alpha.astype(float).sum()


def test_a_bottle_fills_its_box_from_top_to_bottom_and_is_slimmer_above():
    for seed in range(40):
        patch = draw_bottle(np.random.default_rng(seed), 200)
        x, y, w, h = patch.box
        seen = patch.alpha[y : y + h, x : x + w] > 127
        rows = np.flatnonzero(seen.any(axis=1))
        assert rows[0] < 0.1 * h
        assert rows[-1] > 0.85 * h
        assert seen[int(0.15 * h) : int(0.2 * h)].sum(axis=1).mean() < 0.7 * seen.sum(axis=1).max()


def test_the_same_seed_draws_the_same_and_another_another():
    first, again, other = (draw_bottle(np.random.default_rng(seed), 100) for seed in (1, 1, 2))
    assert np.array_equal(first.image, again.image)
    assert np.array_equal(first.alpha, again.alpha)
    assert not np.array_equal(first.image, other.image)


def test_bottles_are_both_dark_and_bright():
    drawn = [draw_bottle(np.random.default_rng(seed), 100) for seed in range(60)]
    greys = [patch.image[patch.alpha > 200].mean() for patch in drawn]
    assert min(greys) < 60
    assert max(greys) > 150


def test_too_small_a_bottle_is_refused():
    with pytest.raises(InputError, match=r"`height` must be at least 60\. Got 59"):
        draw_bottle(np.random.default_rng(0), 59)


def test_decoys_change_a_place():
    place = np.full((120, 160, 3), 90, np.uint8)
    paint_decoys(np.random.default_rng(1), place)
    assert (place != 90).any()
