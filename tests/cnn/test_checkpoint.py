from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cnn.checkpoint import TrainingState, best_model, load_checkpoint, save_checkpoint
from cnn.errors import TrainingError

ARRAYS = {"weights": [np.full(2, number, np.float32) for number in range(12)], "average": [np.zeros((2, 3))]}


def state(epochs: int, best: int) -> TrainingState:
    return TrainingState(epochs=epochs, best_epoch=best, best_score=0.5, history=[{"epoch": 1, "loss": 0.1}])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    best_model(tmp_path, state(3, 2)).touch()
    save_checkpoint(tmp_path, state(3, 2), ARRAYS)
    return tmp_path


def test_what_was_saved_comes_back(folder: Path) -> None:
    loaded = load_checkpoint(folder)
    assert loaded is not None
    assert loaded[0] == state(3, 2)
    assert set(loaded[1]) == {"weights", "average"}
    for name, arrays in ARRAYS.items():
        for got, wanted in zip(loaded[1][name], arrays, strict=True):
            np.testing.assert_array_equal(got, wanted)


def test_nothing_there_is_no_checkpoint(tmp_path: Path) -> None:
    assert load_checkpoint(tmp_path) is None


def test_older_epochs_and_leftovers_of_a_kill_are_removed(folder: Path) -> None:
    (folder / ".epoch-0004.deadbeef.npz").touch()
    best_model(folder, state(4, 4)).touch()
    save_checkpoint(folder, state(4, 4), ARRAYS)
    assert sorted(file.name for file in folder.iterdir()) == ["best-0004.keras", "epoch-0004.npz", "state.json"]


def test_a_kill_before_the_commit_leaves_the_old_epoch(folder: Path) -> None:
    with (folder / "epoch-0004.npz").open("wb") as stream:
        stream.write(b"half")
    loaded = load_checkpoint(folder)
    assert loaded is not None
    assert loaded[0].epochs == 3


@pytest.mark.parametrize("damage", ["{", '{"epochs": 9}', '{"unknown": 1}'])
def test_a_damaged_state_is_named(folder: Path, damage: str) -> None:
    (folder / "state.json").write_text(damage)
    with pytest.raises(TrainingError, match=r"checkpoint is damaged.*restart"):
        load_checkpoint(folder)


def test_damaged_arrays_are_named(folder: Path) -> None:
    (folder / "epoch-0003.npz").write_bytes(b"half")
    with pytest.raises(TrainingError, match="checkpoint is damaged"):
        load_checkpoint(folder)
