"""Distillation: what the pupil's targets become, and that a kill in the teacher's training changes nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cnn.checkpoint import best_model
from cnn.predict import load_model, probabilities
from cnn.store import load_faces
from cnn.teacher import taught
from cnn.train import CnnTrainParams, _teachers, _training, train_cnn
from runs.progress import Progress, silent

WriteStore = Callable[..., Path]
QUICK: dict[str, Any] = {"batch_size": 10, "warm_up_epochs": 0.0, "teacher": "mini_xception", "seed": 3}


class KilledError(Exception):
    pass


@pytest.mark.slow
@pytest.mark.parametrize(("share", "teachers"), [(0.0, 1), (0.25, 2), (1.0, 1)])
def test_the_answers_have_their_share_of_the_targets(
    write_store: WriteStore, tmp_path: Path, share: float, teachers: int
) -> None:
    faces = write_store()
    params = _teachers(CnnTrainParams(epochs=1, teacher_share=share, teachers=teachers, **QUICK))
    assert [(one.model, one.teacher, one.seed) for one in params] == [
        ("mini_xception", "none", 4),
        ("mini_xception", "none", 5),
    ][:teachers]
    before, said = _training(load_faces(faces), params[0], faces), list[Progress]()
    after, states = taught(before, params, tmp_path, said.append)
    networks = [load_model(best_model(tmp_path / str(n) / "checkpoint", state)) for n, state in enumerate(states, 1)]
    answers = sum(probabilities(one, before.faces.images, 7, mirror=True) for one in networks) / teachers
    np.testing.assert_allclose(after.faces.targets, (1 - share) * before.faces.targets + share * answers, atol=1e-5)
    np.testing.assert_allclose(after.faces.targets.sum(axis=1), 1, atol=1e-5)
    assert replace(after, faces=before.faces) == before
    assert all(one.message.startswith("teacher ") and one.table is None for one in said)


@pytest.mark.slow
def test_a_training_killed_in_either_half_ends_as_if_it_had_not_been(write_store: WriteStore, tmp_path: Path) -> None:
    faces, params = write_store(train=40), CnnTrainParams(epochs=2, **QUICK)
    whole = train_cnn(faces, tmp_path / "whole", params)
    for halves in ("teacher 1/1: epoch 1/2:", "epoch 1/2:"):
        with pytest.raises(KilledError):
            train_cnn(faces, tmp_path / "killed", params, report=stopping_at(halves))
    resumed = train_cnn(faces, tmp_path / "killed", params)
    one, other = (pd.read_csv(run.folder / "history.csv") for run in (whole, resumed))
    same = ["epoch", "loss", "accuracy", "val_loss"]
    pd.testing.assert_frame_equal(one[same], other[same], rtol=1e-4)
    names = ["curves.png", "history.csv", "model.keras", "run.json", "training.json"]
    assert sorted(file.name for file in resumed.folder.iterdir()) == names
    told = json.loads((resumed.folder / "training.json").read_text())
    assert [one["epoch"] in (1, 2) and 0 <= one["val_accuracy"] <= 1 for one in told["teachers"]] == [True]


@pytest.mark.slow
def test_the_answers_are_worked_out_once(write_store: WriteStore, tmp_path: Path) -> None:
    faces, folder = write_store(), tmp_path / "teacher"
    params = _teachers(CnnTrainParams(epochs=1, **QUICK))
    training = _training(load_faces(faces), params[0], faces)
    first, _ = taught(training, params, folder, silent)
    written = (folder / "1" / "answers.npy").stat().st_mtime_ns
    time.sleep(0.02)
    second, _ = taught(training, params, folder, silent)
    assert (folder / "1" / "answers.npy").stat().st_mtime_ns == written
    np.testing.assert_array_equal(first.faces.targets, second.faces.targets)


def stopping_at(message: str) -> Callable[[Progress], None]:
    def report(progress: Progress) -> None:
        if progress.message.startswith(message):
            raise KilledError

    return report
