"""Train the expression network: `train_cnn`, a step that goes on where it was killed."""

from __future__ import annotations

import json
import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from cnn.augment import Augmentation
from cnn.batches import TrainingFaces, targets_of, weights_of
from cnn.calibrate import save_calibrated
from cnn.checkpoint import best_model
from cnn.epochs import VALIDATION_BATCH, Training, train_epochs, validate
from cnn.errors import InputError
from cnn.labels import EXPRESSIONS
from cnn.mixing import Mixing
from cnn.predict import load_model, probabilities
from cnn.report import draw_curves, write_history
from cnn.store import IMAGES, TABLE, FaceStore, load_faces
from cnn.team import Team, team_of
from cnn.train_params import CnnTrainParams
from runs.files import write_json
from runs.progress import Report, silent
from runs.record import begin

_OUTPUTS = ("model.keras", "history.csv", "curves.png", "training.json")
_FEWEST_FACES = 10

__all__ = ["CnnTrainParams", "TrainedCnn", "train_cnn"]


@dataclass(frozen=True)
class TrainedCnn:
    """What a training gave: `accuracy` and the others are the saved model's on the validation faces."""

    folder: Path
    model: Path
    epochs: int
    best_epoch: int
    accuracy: float
    balanced_accuracy: float
    loss: float
    parameters: int
    seconds: float


def train_cnn(
    faces: Path,
    out: Path,
    params: CnnTrainParams = CnnTrainParams(),
    *,
    restart: bool = False,
    report: Report = silent,
) -> TrainedCnn:
    """Train the expression network on the train split, and choose the best epoch by the validation split.

    Where the environment variable ``TF_CONFIG`` names several workers, all must be called with the same arguments, and
    see the same files; see `cnn.team`.

    A killed training goes on after its last finished epoch when called again with the same arguments, and
    ends as an uninterrupted one would have, as far as the backend computes the same twice. A finished one
    returns at once.

    Parameters
    ----------
    faces
        A store written by `cnn.merge.merge`.
    out
        The run's folder. At the end it holds ``model.keras`` (the best epoch's averaged weights, calibrated on the
        validation faces where there are 100; it takes float32 pixels of 0 to 255, (batch, height, width, 1), of any
        size, and holds all preprocessing), ``history.csv`` (one row an epoch), ``curves.png``, ``training.json`` and
        ``run.json``.
    params
        See `CnnTrainParams`.
    restart
        Empty `out` when it holds a run of other faces or parameters.
    report
        Called each epoch and about every 5 s: batches done of all, with loss, accuracy, samples_per_second,
        seconds_left and after an epoch val_loss, val_accuracy, val_balanced_accuracy.

    Raises
    ------
    InputError
        The store is damaged, a class is missing among its train faces, there are fewer than 10 of them, or
        there are none to validate.
    TrainingError
        The loss is no longer a number, or the checkpoint is damaged.
    RunMismatchError
        `out` holds another run and `restart` is not given; or another process trains in it.
    """
    team, training = team_of(), _training(load_faces(faces), params, faces)
    params = with_suggestions(params)
    team.check(min(params.batch_size, len(training.faces)))
    inputs = {"images": faces / IMAGES, "table": faces / TABLE}
    # The chief alone writes: the others need no lock, and it takes a used folder over before they look into it.
    holding = begin(out, "train_cnn", params, inputs, restart=restart) if team.is_chief else nullcontext()
    with _exit_on_sigterm(), holding, team:
        _train(out, params, training, team, report)
        if team.is_chief:
            shutil.rmtree(out / "checkpoint", ignore_errors=True)
        return _result(out)


def _train(out: Path, params: CnnTrainParams, training: Training, team: Team, report: Report) -> None:
    """Train, unless the folder holds a whole run; the workers of a team leave together."""
    is_whole = all((out / name).is_file() for name in _OUTPUTS)
    if not team.sum(team.is_chief and is_whole):
        trained = train_epochs(training, params, out / "checkpoint", report, team)
        if team.is_chief:
            _finish(out, params, training, trained)
    team.sum(0)


def with_suggestions(params: CnnTrainParams) -> CnnTrainParams:
    """The same, and what is not given as the network suggests it: the run's record tells what was used."""
    from cnn.models import architecture

    own = architecture(params.model).suggestions()
    missing: dict[str, Any] = {name: value for name, value in own.items() if getattr(params, name) is None}
    return replace(params, **missing)


def _training(store: FaceStore, params: CnnTrainParams, faces: Path) -> Training:
    images, labels, table = store.split("train")
    _check_train(labels, faces)
    smoothing = params.label_smoothing
    targets = targets_of(table, vote_share=params.vote_share * params.soft_targets, label_smoothing=smoothing)
    chances = None if params.sampling == "shuffled" else weights_of(labels, params.sampling)
    learn = TrainingFaces(images, targets, weights_of(labels, params.class_weighting), chances)
    check_images, check_labels, _ = store.split("validation")
    mixing = Mixing(params.mixup, params.cutmix, params.mixing_share)
    return Training(learn, check_images, check_labels, _augmentation(params), mixing)


def _check_train(labels: np.ndarray, faces: Path) -> None:
    counts = np.bincount(labels, minlength=len(EXPRESSIONS))
    missing = [name for name, count in zip(EXPRESSIONS, counts, strict=True) if not count]
    if missing:
        raise InputError(
            f"{faces}: every expression needs faces in the train split. Got none of {', '.join(missing)}. "
            "Merge more data."
        )
    if len(labels) < _FEWEST_FACES:
        raise InputError(f"{faces}: the train split needs {_FEWEST_FACES} faces. Got {len(labels)}. Merge more data.")


def _augmentation(params: CnnTrainParams) -> Augmentation:
    return Augmentation(**{name: getattr(params, name) for name in Augmentation.__dataclass_fields__})


def _finish(out: Path, params: CnnTrainParams, training: Training, trained: dict[str, Any]) -> None:
    state = trained.pop("state")
    best_epoch = best_model(out / "checkpoint", state)
    images, labels = training.images, training.labels
    calibrated = save_calibrated(best_epoch, out / "model.keras", images, labels, params.views)
    write_history(out / "history.csv", state.history)
    draw_curves(out / "curves.png", state.history, state.best_epoch)
    figures = validate(probabilities(load_model(calibrated.model), images, VALIDATION_BATCH), labels)
    counts = {"epochs": state.epochs, "best_epoch": state.best_epoch, "seconds": round(state.seconds, 1)}
    figures["temperature"] = round(calibrated.temperature, 6)
    # The last file to appear: it says that the run is whole.
    write_json(out / "training.json", {**figures, **counts, **trained, "settings": params.as_dict()})


def _result(out: Path) -> TrainedCnn:
    said = json.loads((out / "training.json").read_text(encoding="utf-8"))
    return TrainedCnn(
        folder=out,
        model=out / "model.keras",
        epochs=said["epochs"],
        best_epoch=said["best_epoch"],
        accuracy=said["val_accuracy"],
        balanced_accuracy=said["val_balanced_accuracy"],
        loss=said["val_loss"],
        parameters=said["parameters"],
        seconds=said["seconds"],
    )


@contextmanager
def _exit_on_sigterm() -> Iterator[None]:
    """Turn SIGTERM into SystemExit, so that half-written files are removed; someone else's handler stays.

    Ctrl-C stays a KeyboardInterrupt.
    """
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        yield
    except RuntimeError as error:
        # TensorFlow makes this of a signal that comes while its C++ calls Python.
        if "REPLACED BY KeyboardInterrupt" in str(error):
            raise KeyboardInterrupt from error
        if "REPLACED BY SystemExit" in str(error):
            raise SystemExit(128 + signal.SIGTERM) from error
        raise
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
