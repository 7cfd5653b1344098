from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from cnn.augment import Augmentation
from cnn.batches import TrainingFaces
from cnn.checkpoint import TrainingState
from cnn.epochs import Training, _Loop, validate
from cnn.train_params import CnnTrainParams
from runs.progress import silent


def test_validation_figures_by_hand() -> None:
    answers = np.array([[0.5, 0.5, 0, 0, 0], [0.1, 0.6, 0.3, 0, 0], [0, 1, 0, 0, 0]], np.float32)
    figures = validate(answers, np.array([0, 1, 0]))
    assert figures["val_accuracy"] == pytest.approx(2 / 3)
    assert figures["val_balanced_accuracy"] == pytest.approx((1 / 2 + 1) / 2)
    tiny = float(np.finfo(np.float32).tiny)
    assert figures["val_loss"] == pytest.approx(-(math.log(0.5) + math.log(0.6) + math.log(tiny)) / 3, rel=1e-5)


def loop(tmp_path: Path, params: CnnTrainParams, state: TrainingState) -> _Loop:
    faces = TrainingFaces(np.zeros((1, 48, 48), np.uint8), np.eye(5, dtype=np.float32)[:1], np.ones(1, np.float32))
    training = Training(faces, faces.images, np.zeros(1, np.int64), Augmentation())
    return _Loop(training, params, tmp_path, silent, state)


@pytest.mark.parametrize(
    ("params", "state", "wanted"),
    [
        (CnnTrainParams(epochs=5), TrainingState(), False),
        (CnnTrainParams(epochs=5), TrainingState(epochs=4, best_epoch=1), False),
        (CnnTrainParams(epochs=5), TrainingState(epochs=5, best_epoch=5), True),
        (CnnTrainParams(epochs=5, patience=2), TrainingState(epochs=3, best_epoch=2), False),
        (CnnTrainParams(epochs=5, patience=2), TrainingState(epochs=3, best_epoch=1), True),
        (CnnTrainParams(epochs=5, patience=2), TrainingState(), False),
        (CnnTrainParams(epochs=5, max_seconds=60.0), TrainingState(epochs=1, best_epoch=1, seconds=59), False),
        (CnnTrainParams(epochs=5, max_seconds=60.0), TrainingState(epochs=1, best_epoch=1, seconds=60), True),
    ],
)
def test_when_a_training_ends(tmp_path: Path, params: CnnTrainParams, state: TrainingState, wanted: bool) -> None:
    assert loop(tmp_path, params, state).finished() is wanted


@pytest.mark.parametrize(("select_by", "best"), [("accuracy", 2), ("balanced_accuracy", 3), ("loss", 1)])
def test_the_best_epoch_follows_the_chosen_figure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, select_by: str, best: int
) -> None:
    monkeypatch.setattr(_Loop, "_save_best", lambda _: None)
    one = loop(tmp_path, CnnTrainParams(select_by=select_by), TrainingState())
    for accuracy, balanced, loss in [(0.5, 0.4, 0.7), (0.7, 0.5, 0.9), (0.7, 0.6, 0.8)]:
        one._judge({"val_accuracy": accuracy, "val_balanced_accuracy": balanced, "val_loss": loss})
    assert one.state.best_epoch == best
    assert one.state.epochs == 3
