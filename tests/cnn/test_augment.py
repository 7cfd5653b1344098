from __future__ import annotations

import numpy as np
import pytest

from cnn.augment import Augmentation, mirrored

STRONG = Augmentation(mirror=True, shift=0.2, rotation=30, scale=0.2, light=0.3, contrast=0.5, erasing=0.5)


@pytest.fixture
def faces() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (16, 48, 48)).astype(np.uint8)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_the_same_generator_gives_the_same_faces(faces: np.ndarray) -> None:
    np.testing.assert_array_equal(STRONG(faces, rng(1)), STRONG(faces, rng(1)))
    assert np.abs(STRONG(faces, rng(1)) - STRONG(faces, rng(2))).max() > 0


def test_pixels_stay_pixels_and_the_input_is_untouched(faces: np.ndarray) -> None:
    before = faces.copy()
    changed = STRONG(faces, rng())
    np.testing.assert_array_equal(faces, before)
    assert changed.shape == faces.shape
    assert changed.dtype == np.float32
    assert changed.min() >= 0
    assert changed.max() <= 255


def test_without_settings_nothing_changes(faces: np.ndarray) -> None:
    np.testing.assert_array_equal(Augmentation()(faces, rng()), faces.astype(np.float32))


def test_a_read_only_map_is_enough(faces: np.ndarray) -> None:
    faces.setflags(write=False)
    assert STRONG(faces, rng()).shape == faces.shape


def test_mirroring_is_an_involution_and_swaps_the_sides(faces: np.ndarray) -> None:
    np.testing.assert_array_equal(mirrored(mirrored(faces)), faces)
    np.testing.assert_array_equal(mirrored(faces)[:, :, 0], faces[:, :, -1])


def test_about_half_are_mirrored_and_the_others_left(faces: np.ndarray) -> None:
    many = np.repeat(faces[:1], 400, axis=0)
    changed = Augmentation(mirror=True)(many, rng())
    turned = (changed == mirrored(many)).all(axis=(1, 2))
    assert ((changed == many).all(axis=(1, 2)) ^ turned).all()
    assert 150 < turned.sum() < 250


def test_a_shift_stays_within_its_bound() -> None:
    point = np.zeros((200, 48, 48), np.uint8)
    point[:, 24, 24] = 255
    changed = Augmentation(shift=0.1)(point, rng())
    grid = np.arange(48)
    down = (changed.sum(axis=2) * grid).sum(axis=1) / changed.sum(axis=(1, 2)) - 24
    assert np.abs(down).max() <= 4.8 + 0.05
    assert np.abs(down).max() > 4


def test_a_turn_leaves_the_centre_and_moves_the_edge() -> None:
    line = np.zeros((50, 49, 49), np.uint8)
    line[:, 24, :] = 255
    changed = Augmentation(rotation=20)(line, rng())
    assert changed[:, 24, 24].min() > 200
    assert changed[:, 24, 0].min() < 50


def test_light_and_contrast_are_bounded() -> None:
    grey = np.full((300, 8, 8), 120, np.uint8)
    lit = Augmentation(light=0.1)(grey, rng())
    assert np.abs(lit - 120).max() <= 25.5 + 1e-3
    np.testing.assert_allclose(Augmentation(contrast=0.5)(grey, rng()), 120, atol=1e-3)


@pytest.mark.parametrize("share", [0.3, 1.0])
def test_erasing_hides_one_patch_in_a_share_of_the_faces(share: float) -> None:
    black = np.zeros((400, 48, 48), np.uint8)
    changed = Augmentation(erasing=share)(black, rng()) > 0
    hit = changed.any(axis=(1, 2))
    assert abs(hit.mean() - share) < 0.08
    areas = changed[hit].mean(axis=(1, 2))
    assert areas.min() > 0.015
    assert areas.max() <= 0.4**2
