from __future__ import annotations

import numpy as np
import pytest

from cnn.mixing import Batch, Mixing


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def numbered(count: int = 200, size: int = 24) -> Batch:
    """Faces whose every pixel is their number; a class each; weights from 1 to 2."""
    numbers = np.arange(count, dtype=np.float32)
    pictures = np.broadcast_to(numbers[:, np.newaxis, np.newaxis], (count, size, size)).copy()
    return pictures, np.eye(count, dtype=np.float32), 1 + numbers / count


def partner(target: np.ndarray, own: int) -> int:
    return next((int(number) for number in np.flatnonzero(target) if number != own), own)


def test_off_draws_nothing_and_gives_the_same_objects() -> None:
    batch, random = numbered(4), rng()
    assert Mixing()(batch, random) is batch
    assert random.random() == rng().random()


@pytest.mark.parametrize("mixing", [Mixing(mixup=0.4), Mixing(cutmix=1.0), Mixing(mixup=1.0, cutmix=1.0, share=0.5)])
def test_the_same_generator_mixes_alike_and_leaves_the_input(mixing: Mixing) -> None:
    batch = numbered()
    once, twice, other = mixing(batch, rng(1)), mixing(batch, rng(1)), mixing(batch, rng(2))
    for a, b, given, untouched in zip(once, twice, batch, numbered(), strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(given, untouched)
        assert a.dtype == given.dtype
    assert np.abs(once[0] - other[0]).max() > 0
    np.testing.assert_allclose(once[1].sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("mixing", [Mixing(mixup=1.0), Mixing(cutmix=1.0), Mixing(mixup=1.0, cutmix=1.0)])
def test_pixels_targets_and_weights_have_the_same_shares(mixing: Mixing) -> None:
    numbers, weights = np.arange(200), numbered()[2]
    pictures, targets, mixed_weights = mixing(numbered(), rng(3))
    others = np.array([partner(target, own) for own, target in enumerate(targets)])
    assert (others != numbers).mean() > 0.9
    known = others != numbers
    share = (pictures.mean(axis=(1, 2)) - others)[known] / (numbers - others)[known]
    own, foreign = share * weights[known], (1 - share) * weights[others[known]]
    np.testing.assert_allclose(mixed_weights[known], own + foreign, rtol=1e-3)
    np.testing.assert_allclose(targets[known, numbers[known]], own / (own + foreign), atol=2e-3)


def test_cutmix_takes_one_rectangle_of_the_other_face_and_mixup_blends() -> None:
    pictures, targets, _ = Mixing(cutmix=1.0)(numbered(), rng(5))
    for own, (picture, target) in enumerate(zip(pictures, targets, strict=True)):
        foreign = picture != own
        if foreign.any():
            assert set(np.unique(picture[foreign])) == {partner(target, own)}
            rows, columns = np.flatnonzero(foreign.any(axis=1)), np.flatnonzero(foreign.any(axis=0))
            assert foreign.sum() == (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
    assert np.ptp(Mixing(mixup=1.0)(numbered(), rng(5))[0], axis=(1, 2)).max() < 1e-3


@pytest.mark.parametrize("share", [0.3, 1.0])
def test_a_share_of_the_faces_is_mixed_and_both_ways_about_equally(share: float) -> None:
    pictures = Mixing(mixup=5.0, cutmix=5.0, share=share)(numbered(1000, 12), rng())[0]
    mixed = (pictures != numbered(1000, 12)[0]).any(axis=(1, 2))
    assert mixed.mean() == pytest.approx(share, abs=0.05)
    assert (np.ptp(pictures[mixed], axis=(1, 2)) > 0.5).mean() == pytest.approx(0.5, abs=0.05)


def test_a_face_alone_stays_itself() -> None:
    pictures, targets, weights = numbered(1)
    mixed = Mixing(mixup=1.0)((pictures + 7, targets, weights), rng())
    np.testing.assert_allclose(mixed[0], pictures + 7, rtol=1e-6)
    np.testing.assert_allclose(mixed[1], targets)
