from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cnn.augment import Augmentation
from cnn.batches import TrainingFaces, as_input, epoch_batches, prefetched, steps_per_epoch, targets_of, weights_of
from cnn.errors import InputError
from cnn.mixing import Mixing

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


def chances(*values: float) -> TrainingFaces:
    faces = numbered(len(values))
    return TrainingFaces(faces.images, faces.targets, np.ones(len(values), np.float32), np.array(values))


def test_a_face_is_met_as_often_as_its_chance_says() -> None:
    faces = chances(*[0.25] * 20, *[2.5] * 6)
    met = np.array([np.bincount(seen(faces, batch_size=13, epoch=epoch), minlength=26) for epoch in range(200)])
    assert set(np.unique(met[:, :20])) <= {0, 1, 2}
    wanted = faces.chances / faces.chances.mean()
    assert (met >= np.floor(wanted)).all()
    assert (met <= np.ceil(wanted)).all()
    np.testing.assert_allclose(met.mean(axis=0), wanted, atol=0.12)


def test_equal_chances_show_each_face_once() -> None:
    assert sorted(seen(chances(*[0.3] * 12))) == list(range(12))


def test_balanced_sampling_shows_all_classes_equally_often() -> None:
    labels = np.array([0] * 60 + [1] * 15 + [2] * 5)
    faces = chances(*weights_of(labels, "balanced"))
    met = labels[seen(faces, batch_size=80)]
    np.testing.assert_allclose(np.bincount(met), 80 / 3, atol=1)


def test_priors_count_targets_weights_and_chances() -> None:
    faces = numbered(4)
    targets = np.array([[1, 0], [1, 0], [0.5, 0.5], [0, 1]], np.float32)
    weights = np.array([1, 1, 2, 2], np.float32)
    np.testing.assert_allclose(TrainingFaces(faces.images, targets, weights).priors(), [0.5, 0.5])
    rare = np.array([1.0, 1.0, 1.0, 2.0])
    np.testing.assert_allclose(TrainingFaces(faces.images, targets, weights, rare).priors(), [3 / 8, 5 / 8])


def test_prefetched_batches_are_the_same_bit_by_bit() -> None:
    augmentation, mixing = Augmentation(mirror=True, rotation=9, light=0.5, erasing=0.5), Mixing(1.0, 1.0)
    for epoch in (0, 1):
        here, ahead = (epoch_batches(numbered(40), augmentation, mixing, **{**PLAIN, "epoch": epoch}) for _ in "ab")
        for one, other in zip(here, prefetched(ahead), strict=True):
            for array, same in zip(one, other, strict=True):
                np.testing.assert_array_equal(array, same)


def test_prefetching_is_ahead_by_so_many_and_no_more() -> None:
    made: list[int] = []
    taken = prefetched((made.append(number) or number for number in range(9)), ahead=3)
    assert next(taken) == 0
    deadline = time.monotonic() + 10
    while len(made) < 4 and time.monotonic() < deadline:
        time.sleep(0.001)
    time.sleep(0.05)
    assert made == [0, 1, 2, 3]
    assert list(taken) == list(range(1, 9))


def test_an_error_comes_where_it_was_made_and_the_thread_ends() -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise InputError("the disk is gone")

    taken = prefetched(failing())
    assert next(taken) == 1
    with pytest.raises(InputError, match="the disk is gone"):
        next(taken)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("prefetch")]


def test_a_consumer_that_stops_early_ends_the_thread() -> None:
    taken = prefetched(iter(range(100)))
    next(taken)
    taken.close()  # type: ignore[attr-defined]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("prefetch")]
