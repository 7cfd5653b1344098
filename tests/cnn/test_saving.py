"""The same network is the same file, whenever it is saved, and Keras reads it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cnn.saving import save_model

keras = pytest.importorskip("keras")


def network() -> Any:
    keras.utils.set_random_seed(3)
    layers = [keras.Input((6, 6, 1)), keras.layers.Flatten(), keras.layers.Dense(5, activation="softmax")]
    return keras.Sequential(layers, name="small")


def test_the_same_network_saved_at_two_times_is_the_same_file(tmp_path: Path) -> None:
    model, plain, ours = network(), [], []
    for number in (1, 2):
        model.save(tmp_path / f"plain{number}.keras")
        plain.append((tmp_path / f"plain{number}.keras").read_bytes())
        save_model(model, tmp_path / f"ours{number}.keras")
        ours.append((tmp_path / f"ours{number}.keras").read_bytes())
        time.sleep(2.1)  # a zip archive counts in steps of two seconds
    assert ours[0] == ours[1]
    assert plain[0] != plain[1]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"{n}{i}.keras" for n in ("ours", "plain") for i in (1, 2)
    ]


def test_keras_reads_it_and_it_answers_alike(tmp_path: Path) -> None:
    model, faces = network(), np.random.default_rng(1).random((3, 6, 6, 1)).astype(np.float32)
    save_model(model, tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    assert np.array_equal(again.predict_on_batch(faces), model.predict_on_batch(faces))


def test_another_network_is_another_file(tmp_path: Path) -> None:
    first, second = network(), network()
    second.layers[-1].bias.assign(np.ones(5, np.float32))
    for number, model in enumerate((first, second)):
        save_model(model, tmp_path / f"{number}.keras")
    assert (tmp_path / "0.keras").read_bytes() != (tmp_path / "1.keras").read_bytes()
