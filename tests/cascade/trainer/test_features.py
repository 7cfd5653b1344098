"""The pool of features: their number and order, and what they are worth on samples."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from cascade.model import Rectangle
from cascade.plans.counts import count_features
from cascade.trainer.features import FeaturePool, enumerate_features
from cascade.trainer.integrals import prepare
from cascade.trainer.values import COARSE, all_pair_steps, haar_values, lbp_codes, scales


@pytest.mark.parametrize(("width", "height"), [(6, 6), (9, 5), (5, 11)])
@pytest.mark.parametrize("mode", ["BASIC", "CORE", "ALL"])
def test_as_many_features_as_the_program_counts(width: int, height: int, mode: str) -> None:
    pool = enumerate_features(width, height, "HAAR", mode)
    assert len(pool) == count_features(width, height, "HAAR", mode)
    assert len(enumerate_features(width, height, "LBP")) == count_features(width, height, "LBP")


def test_the_order_is_the_programs() -> None:
    pool = enumerate_features(6, 6, "HAAR", "BASIC")
    assert pool.feature(0).rectangles == (Rectangle(0, 0, 2, 1, -1), Rectangle(1, 0, 1, 1, 2))
    assert pool.feature(4).rectangles[1:] == (Rectangle(0, 0, 1, 1, 2), Rectangle(1, 1, 1, 1, 2))
    places = [(f.x, f.y) for f in (pool.feature(number).rectangles[0] for number in range(len(pool)))]
    assert places == sorted(places)


@pytest.mark.parametrize("mode", ["BASIC", "ALL"])
def test_values_are_weighted_sums_of_pixels_over_the_contrast(mode: str) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (1, 8, 7)).astype(np.uint8)
    pool = enumerate_features(7, 8, "HAAR", mode)
    samples = prepare(picture, tilted=True)
    inner = picture[0, 1:-1, 1:-1].astype(float)
    contrast = np.sqrt(inner.size * (inner**2).sum() - inner.sum() ** 2)
    for number in range(0, len(pool), 7):
        expected = _sum_of_pixels(pool, number, picture[0]) / contrast
        assert haar_values(pool, number, samples)[0] == pytest.approx(expected, rel=1e-6, abs=1e-7)


def test_integral_images_are_those_of_cv2() -> None:
    pictures = np.random.default_rng(2).integers(0, 256, (3, 9, 6)).astype(np.uint8)
    samples = prepare(pictures, tilted=True)
    for number, picture in enumerate(pictures):
        upright, _, tilted = cv2.integral3(picture)
        np.testing.assert_array_equal(samples.integral[:, number], np.concatenate([upright.ravel(), tilted.ravel()]))


def test_a_sample_without_contrast_has_zero_features() -> None:
    samples = prepare(np.full((1, 6, 6), 200, np.uint8))
    pool = enumerate_features(6, 6, "HAAR")
    assert not any(haar_values(pool, number, samples)[0] for number in range(len(pool)))


def test_lbp_compares_eight_neighbours_clockwise() -> None:
    picture = np.array([[9, 1, 1], [1, 5, 5], [1, 1, 1]], np.uint8)[None]
    assert lbp_codes(enumerate_features(3, 3, "LBP"), prepare(picture)).tolist() == [[0b10010000]]


def test_steps_rise_with_values() -> None:
    pictures = np.random.default_rng(3).integers(0, 256, (300, 6, 6)).astype(np.uint8)
    samples, pool = prepare(pictures), enumerate_features(6, 6, "HAAR")
    out = np.empty(((len(pool) + 1) // 2, 300), np.uint8)
    tables = (pool.points, pool.factors, pool.corners, scales(pool, samples), samples.integral, samples.sigma)
    all_pair_steps(*tables, out)
    for number in range(0, len(pool), 11):
        steps = (out[number // 2] >> (4 if number % 2 else 0)) % COARSE
        by_value = steps[np.argsort(haar_values(pool, number, samples))].astype(int)
        assert (np.diff(by_value) >= 0).all()
        assert len(set(by_value)) > COARSE // 2


def _sum_of_pixels(pool: FeaturePool, number: int, picture: np.ndarray) -> float:
    feature, total = pool.feature(number), 0.0
    for one in feature.rectangles:
        for down in range(one.height):
            for across in range(one.width):
                if not feature.tilted:
                    total += one.weight * picture[one.y + down, one.x + across]
                    continue
                # Each step along the sides of a tilted rectangle covers two pixels, one below the other.
                x, y = one.x + across - down, one.y + across + down
                total += one.weight * float(picture[y : y + 2, x - 1].astype(int).sum())
    return total
