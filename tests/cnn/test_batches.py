from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from cnn.augment import Augmentation
from cnn.batches import TrainingFaces, as_input, epoch_batches, steps_per_epoch, targets_of, weights_of

PLAIN: dict[str, Any] = {"batch_size": 4, "seed": 1, "epoch": 0}


def numbered(count: int) -> TrainingFaces:
    """Faces whose every pixel is their number, and whose weight is too."""
    images = np.repeat(np.arange(count, dtype=np.uint8), 9).reshape(count, 3, 3)
    return TrainingFaces(images, np.eye(5, dtype=np.float32)[np.arange(count) % 5], np.arange(count, dtype=np.float32))


def seen(faces: TrainingFaces, **settings: Any) -> list[int]:
    batches = epoch_batches(faces, Augmentation(), **{**PLAIN, **settings})
    return [int(pixel) for pictures, _, _ in batches for pixel in pictures[:, 0, 0, 0]]


def test_an_epoch_shows_each_face_once_and_leaves_out_what_fills_no_batch() -> None:
    order = seen(numbered(10))
    assert len(order) == len(set(order)) == 8


def test_pictures_targets_and_weights_stay_together() -> None:
    for pictures, targets, weights in epoch_batches(numbered(10), Augmentation(), **PLAIN):
        assert pictures.shape == (4, 3, 3, 1)
        assert pictures.dtype == np.float32
        numbers = pictures[:, 0, 0, 0]
        np.testing.assert_array_equal(weights, numbers)
        np.testing.assert_array_equal(targets.argmax(axis=1), numbers % 5)


def test_the_order_follows_from_seed_and_epoch_alone() -> None:
    faces = numbered(40)
    assert seen(faces) == seen(faces)
    assert seen(faces) != seen(faces, epoch=1)
    assert seen(faces) != seen(faces, seed=2)


def test_the_augmentation_follows_from_seed_epoch_and_batch() -> None:
    faces, shaken = numbered(16), Augmentation(light=0.5)
    first, again, later = (
        np.concatenate([p for p, _, _ in epoch_batches(faces, shaken, **{**PLAIN, "epoch": epoch})])
        for epoch in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - later).max() > 1


@pytest.mark.parametrize(("faces", "steps"), [(3, 1), (4, 1), (7, 1), (8, 2)])
def test_steps(faces: int, steps: int) -> None:
    assert steps_per_epoch(faces, 4) == steps
    assert len(list(epoch_batches(numbered(faces), Augmentation(), **PLAIN))) == steps


def test_input_keeps_the_range_and_gets_a_channel() -> None:
    given = np.array([[[0, 255]]], np.uint8)
    np.testing.assert_array_equal(as_input(given), np.array([[[[0.0], [255.0]]]], np.float32))


def votes(*rows: tuple[int, list[float]]) -> pd.DataFrame:
    names = [f"vote_{name}" for name in ("happy", "sad", "surprise", "angry", "neutral")]
    table = pd.DataFrame([counts for _, counts in rows], columns=names)
    return table.assign(label=[label for label, _ in rows])


NAN = float("nan")


def test_targets_without_votes_are_the_labels() -> None:
    table = pd.DataFrame({"label": [0, 4]})
    np.testing.assert_array_equal(targets_of(table, vote_share=1, label_smoothing=0), np.eye(5)[[0, 4]])


def test_votes_become_probabilities_and_faces_without_votes_keep_their_label() -> None:
    table = votes((0, [6, 0, 2, 0, 0]), (1, [NAN] * 5), (2, [0, 0, 0, 0, 0]))
    wanted = [[0.75, 0, 0.25, 0, 0], [0, 1, 0, 0, 0], [0, 0, 1, 0, 0]]
    np.testing.assert_allclose(targets_of(table, vote_share=1, label_smoothing=0), wanted)


def test_mixture_and_smoothing_in_closed_form() -> None:
    table = votes((0, [6, 0, 2, 0, 0]))
    half = targets_of(table, vote_share=0.5, label_smoothing=0)
    np.testing.assert_allclose(half, [[0.875, 0, 0.125, 0, 0]])
    smooth = targets_of(table, vote_share=0, label_smoothing=0.1)
    np.testing.assert_allclose(smooth, [[0.92, 0.02, 0.02, 0.02, 0.02]], rtol=1e-6)


@pytest.mark.parametrize(("weighting", "ratio"), [("none", 1), ("sqrt", 2), ("balanced", 4)])
def test_class_weights(weighting: str, ratio: float) -> None:
    weights = weights_of(np.array([0] * 8 + [1] * 2), weighting)
    assert weights.mean() == pytest.approx(1)
    assert weights[-1] / weights[0] == pytest.approx(ratio)
