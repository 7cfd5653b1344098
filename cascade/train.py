"""The fourth step: train a cascade, watched, resumed, and believed only where its files are whole.

A folder belongs to one set of inputs and parameters (``run.json``). Half-written stages are thrown away before a
training resumes: opencv_traincascade itself resumes silently, with old parameters.
"""

from __future__ import annotations

import time
from pathlib import Path

from cascade import train_files, training
from cascade.opencv.train import train_with_opencv
from cascade.train_output import StopReason
from cascade.train_params import CascadeTrainParams
from cascade.train_progress import StageRow, table
from cascade.training import TrainedCascade, Training
from runs.progress import Progress, Report, silent

__all__ = ["CascadeTrainParams", "StopReason", "TrainedCascade", "train_cascade"]


def train_cascade(
    vec: Path,
    background: Path,
    out: Path,
    params: CascadeTrainParams = CascadeTrainParams(),
    *,
    restart: bool = False,
    report: Report = silent,
) -> TrainedCascade:
    """Train a cascade, or go on with one that was interrupted, or return at once when it is finished.

    Parameters
    ----------
    vec
        Positives, from `create_samples`, with the window of `params`.
    background
        Background file; its pictures' paths are relative to its folder. The pictures count as input too.
    out
        The training's own folder: ``run.json params.xml stage*.xml cascade.xml history.csv training.json``.
    restart
        Empty `out` first when it holds a training of other inputs or parameters, which is an error otherwise.
        Buffer sizes, threads and the time limit do not count: they may change between resumptions.

    Raises
    ------
    InputError
        The .vec or the background file is missing or broken, the window is not the samples', `num_pos` is too large.
    TrainingError
        No cascade came out; the message says why and what to do. Whole stages are kept for the next call.
    RunMismatchError
        `out` holds another training, see `restart`; or another process trains in it.
    ToolMissingError
        opencv_traincascade is not here.
    """
    checked = training.check(vec, background, out, params)
    with training.begin(checked, restart):
        return _train(checked, out, report)


def _train(checked: Training, out: Path, report: Report) -> TrainedCascade:
    finished = training.finished(checked, out)
    if finished is not None:
        report(Progress("finished already", finished.stages, finished.stages, table=table(finished.rows)))
        return finished
    started = time.monotonic()
    rows = train_files.read_history(checked.out, train_files.repair(checked.out))
    reason = _TRAINERS[checked.params.trainer](checked, rows, report)
    trained = training.finish(checked, out, reason, time.monotonic() - started)
    report(Progress(trained.explanation, trained.stages, trained.stages, table=table(trained.rows)))
    return trained


def _train_natively(training: Training, rows: list[StageRow], report: Report) -> StopReason:
    from cascade.trainer.train import train_natively  # now, not above: Numba takes a second to import

    return train_natively(training, rows, report)


_TRAINERS = {"native": _train_natively, "opencv": train_with_opencv}
