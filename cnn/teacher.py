"""Distillation: another network is trained first, and its answers become part of what the network learns.

The teacher's answers tell how alike two expressions are on each face, and doubt labels that do not fit. It may be of
the same architecture as its pupil.

References
----------
Hinton, Vinyals, Dean, Distilling the knowledge in a neural network, 2015; Furlanello et al., Born-again neural
networks, ICML 2018.
"""

from __future__ import annotations

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
from runs.progress import Progress, Report

_ANSWERS = "answers.npy"
_BATCH = 256


def taught(
    training: Training, params: CnnTrainParams, folder: Path, report: Report, team: Team = Team()
) -> tuple[Training, TrainingState]:
    """Train the teacher, `params` being the teacher's, and let its answers into the targets.

    Parameters
    ----------
    params
        The teacher's; `teacher_share` of each target comes from its answers, the mean of those for the face and for its
        mirror image.
    folder
        Keeps the teacher's checkpoint and answers, so that a killed training goes on.

    Returns
    -------
    The training with the new targets, and the teacher's state at its end.
    """

    def tell(progress: Progress) -> None:
        report(replace(progress, message=f"teacher: {progress.message}", table=None))

    state: TrainingState = train_epochs(training, params, folder / "checkpoint", tell, team)["state"]
    answers = _answers(training.faces, best_model(folder / "checkpoint", state), folder / _ANSWERS, team)
    own, share = training.faces.targets, params.teacher_share
    targets = ((1 - share) * own + share * answers).astype(np.float32)
    return replace(training, faces=replace(training.faces, targets=targets)), state


def _answers(faces: TrainingFaces, teacher: Path, kept: Path, team: Team) -> np.ndarray:
    """The teacher's answers, (n, classes): worked out once by the chief, as two machines may round differently."""
    if team.is_chief and not kept.is_file():
        answers = probabilities(load_model(teacher), faces.images, _BATCH, mirror=True)
        with replacing_file(kept) as beside, beside.open("wb") as stream:
            np.save(stream, answers)
    team.sum(0)
    return np.asarray(np.load(kept))
