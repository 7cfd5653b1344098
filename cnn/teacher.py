"""Distillation: other networks are trained first, and their answers become part of what the network learns.

The teachers' answers tell how alike two expressions are on each face, and doubt labels that do not fit. They may be of
the same architecture as their pupil.

References
----------
Hinton, Vinyals, Dean, Distilling the knowledge in a neural network, 2015; Furlanello et al., Born-again neural
networks, ICML 2018.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from cnn.batches import TrainingFaces
from cnn.checkpoint import TrainingState, best_model
from cnn.epochs import Training, train_epochs
from cnn.predict import load_model, probabilities
from cnn.team import Team
from cnn.train_params import CnnTrainParams
from runs.files import replacing_file
from runs.progress import Report

_ANSWERS = "answers.npy"
_BATCH = 256


def taught(
    training: Training, teachers: Sequence[CnnTrainParams], folder: Path, report: Report, team: Team = Team()
) -> tuple[Training, list[TrainingState]]:
    """Train each teacher, and let the mean of their answers into the targets.

    Parameters
    ----------
    teachers
        The parameters of each; `teacher_share` of a target comes from their answers, for the face and for its mirror
        image.
    folder
        Keeps each teacher's checkpoint and answers, so that a killed training goes on.

    Returns
    -------
    The training with the new targets, and the teachers' states at their ends.
    """
    answers, states = [], []
    for number, params in enumerate(teachers, start=1):
        place, name = folder / str(number), f"teacher {number}/{len(teachers)}"
        states.append(train_epochs(training, params, place / "checkpoint", _named(name, report), team)["state"])
        answers.append(_answers(training.faces, place, states[-1], team))
    share = teachers[0].teacher_share
    targets = (1 - share) * training.faces.targets + share * np.mean(answers, axis=0)
    return replace(training, faces=replace(training.faces, targets=targets.astype(np.float32))), states


def _named(name: str, report: Report) -> Report:
    return lambda progress: report(replace(progress, message=f"{name}: {progress.message}", table=None))


def _answers(faces: TrainingFaces, place: Path, state: TrainingState, team: Team) -> np.ndarray:
    """The teacher's answers, (n, classes): worked out once by the chief, as two machines may round differently."""
    kept = place / _ANSWERS
    if team.is_chief and not kept.is_file():
        teacher = load_model(best_model(place / "checkpoint", state))
        answers = probabilities(teacher, faces.images, _BATCH, mirror=True)
        with replacing_file(kept) as beside, beside.open("wb") as stream:
            np.save(stream, answers)
    team.sum(0)
    return np.asarray(np.load(kept))
