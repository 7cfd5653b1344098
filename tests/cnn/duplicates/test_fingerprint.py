"""Fingerprints of generated pictures: what must not change them, and what must."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from cnn.duplicates.fingerprint import VIEWS, View, fingerprints, thumbnails


def pictures(count: int, seed: int = 0) -> np.ndarray:
    """(count, 80, 80) uint8: smooth noise, with coarse and fine structure."""
    noise = np.random.default_rng(seed).normal(size=(count, 80, 80)).astype(np.float32)
    smooth = [cv2.GaussianBlur(each, (0, 0), 1.5) + 6 * cv2.GaussianBlur(each, (0, 0), 7) for each in noise]
    return np.stack([cv2.normalize(each, None, 20, 235, cv2.NORM_MINMAX).astype(np.uint8) for each in smooth])


def likeness(first: np.ndarray, second: np.ndarray, view: View = VIEWS[0]) -> np.ndarray:
    return (fingerprints(thumbnails(first), view) * fingerprints(thumbnails(second), VIEWS[0])).sum(axis=1)


FACES = pictures(20)[:, 16:64, 16:64]


def test_length_is_one_and_blank_faces_are_like_nothing() -> None:
    found = fingerprints(thumbnails(np.concatenate([FACES, np.full((1, 48, 48), 77, np.uint8)])), VIEWS[0])
    assert found.shape == (21, 57)
    assert found.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), [1] * 20 + [0], atol=1e-5)


def test_brightness_and_contrast_do_not_matter() -> None:
    other = (FACES * 0.6 + 40).round().astype(np.uint8)
    assert likeness(FACES, other).min() > 0.999


def test_other_faces_are_less_like() -> None:
    assert likeness(FACES, np.roll(FACES, 1, axis=0)).max() < 0.8


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_shows_what_opencv_draws(view: View) -> None:
    side = -view.zoom if view.mirrored else view.zoom
    move = np.array([[side, 0, 23.5 - side * 23.5 + view.right], [0, view.zoom, 23.5 - view.zoom * 23.5 + view.down]])
    drawn = np.stack([cv2.warpAffine(face, move, (48, 48), borderMode=cv2.BORDER_REFLECT) for face in FACES])
    assert likeness(FACES, drawn, view).min() > 0.85
    assert len(set(VIEWS)) == len(VIEWS)


def test_there_is_a_view_for_every_small_movement() -> None:
    for right, down, zoom, mirrored in ((2, -1, 1.0, False), (1, 2, 1.1, True), (-2, 2, 1.05, False)):
        size = round(48 / zoom)
        begin = (48 - size) // 2 + 16
        moved = [
            each[begin - down : begin - down + size, begin - right : begin - right + size] for each in pictures(20)
        ]
        other = np.stack([cv2.resize(each, (48, 48), interpolation=cv2.INTER_LINEAR) for each in moved])
        other = other[:, :, ::-1] if mirrored else other
        best = np.max(
            [np.maximum(likeness(FACES, other, view), likeness(other, FACES, view)) for view in VIEWS], axis=0
        )
        assert best.min() > 0.86
