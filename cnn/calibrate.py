"""Calibrated probabilities: of the faces answered with 0.8, eight of ten should be answered rightly.

One number does it, the temperature: the logits are divided by it before the softmax. It is fitted on the validation
faces, changes no answer's order, and so no accuracy. Source: Guo et al., "On Calibration of Modern Neural Networks",
2017.

Where the number lives
    Inside ``model.keras``, as a layer named ``temperature`` between the logits and the softmax. A file beside it
    would be forgotten by whoever copies, registers or exports the model; weights divided by it would hide it. The
    layer is Keras's own `Rescaling`, without weights: the file loads in any Keras without custom objects, `predict`,
    MLflow's pyfunc and every export compute it like any other layer, and `temperature_of` reads it back, so that the
    answers before calibration can be had again (`with_temperature`).
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cnn.errors import InputError
from cnn.logits import TEMPERATURE, logits_of, network_of, temperature_of, with_network
from cnn.predict import load_model, probabilities, with_temperature
from cnn.saving import save_model
from cnn.store import load_faces
from cnn.views import Views, views_of
from runs.files import replacing_file

if TYPE_CHECKING:
    import keras

FEWEST_FACES = 100
"""With fewer validation faces the temperature is chance: a model is then left as it is."""

LOWEST, HIGHEST = 0.2, 5.0
"""The temperatures that are looked at; what validates without a fault would otherwise get 0."""

_HALVINGS = 60
_BATCH = 256

__all__ = ["Calibrated", "calibrate_cnn", "fit_temperature", "save_calibrated", "temperature_of", "with_temperature"]


@dataclass(frozen=True)
class Calibrated:
    """A calibrated model: its file, its `temperature`, and the validation faces' log loss (nats) before and after.

    A `temperature` above 1 made the answers humbler, below 1 surer.
    """

    model: Path
    temperature: float
    faces: int
    log_loss_before: float
    log_loss_after: float


def calibrate_cnn(model: Path, faces: Path, out: Path, views: Views | None = None) -> Calibrated:
    """Fit the temperature of a saved model on the validation split of a store, and save the model with it.

    `train_cnn` does the same at its end; this is for models of old, or for other faces.

    Parameters
    ----------
    model
        A ``.keras`` file written by `train_cnn`. A temperature that is in it already is replaced.
    faces
        A store written by `cnn.merge.merge`.
    out
        The file to write; it may be `model`.
    views
        How many views of a face the model then averages, see `cnn.views`; unless given as many as before.

    Raises
    ------
    InputError
        The model or the store is missing or damaged, the network does not end in a softmax, `out` is no ``.keras``
        file, or there are fewer than 100 validation faces.
    """
    images, labels, _ = load_faces(faces).split("validation")
    if out.suffix != ".keras":
        raise InputError(f"`out` must be a file whose name ends in .keras. Got {out}.")
    if len(labels) < FEWEST_FACES:
        raise InputError(
            f"{faces}: {FEWEST_FACES} validation faces are needed to calibrate. Got {len(labels)}. Merge more."
        )
    return save_calibrated(model, out, images, labels, views)


def save_calibrated(
    model: Path, out: Path, images: np.ndarray, labels: np.ndarray, views: Views | None = None
) -> Calibrated:
    """Save a model with the temperature that suits some faces best; with fewer than 100 of them, as it is.

    Parameters
    ----------
    images, labels
        (n, height, width) uint8, which must not be what the model learned from, and (n,) positions in `EXPRESSIONS`.
    views
        As in `calibrate_cnn`.

    Raises
    ------
    InputError
        The model is missing or damaged, or its network does not end in a softmax.
    """
    old = load_model(model)
    seeing = with_network(old, network_of(old), views)
    stored, few = temperature_of(old), len(labels) < FEWEST_FACES
    answers = with_temperature(probabilities(seeing, images, _BATCH), 1 / stored)
    temperature = stored if few else fit_temperature(answers, labels)
    with replacing_file(out) as beside:
        if few and views_of(seeing) == views_of(old):
            shutil.copyfile(model, beside)
        else:
            save_model(_calibrated(seeing, temperature), beside)
    after = with_temperature(answers, temperature)
    return Calibrated(out, temperature, len(labels), log_loss(answers, labels), log_loss(after, labels))


def fit_temperature(answers: np.ndarray, labels: np.ndarray) -> float:
    """The temperature from 0.2 to 5 at which the log loss of probabilities (n, classes) for labels (n,) is lowest.

    The loss is convex in the inverse of the temperature; its slope there, the logits' mean under the answers less
    those of the labels, is brought to zero by bisection. 1 where there are no faces.
    """
    if not len(labels):
        return 1.0
    logits = np.log(np.maximum(answers.astype(np.float64), np.finfo(np.float32).tiny))
    wanted = logits[np.arange(len(labels)), labels].mean()
    low, high = 1 / HIGHEST, 1 / LOWEST
    for _ in range(_HALVINGS):
        inverse = (low + high) / 2
        slope = (with_temperature(answers, 1 / inverse) * logits).sum(axis=1).mean() - wanted
        low, high = (inverse, high) if slope < 0 else (low, inverse)
    return float(2 / (low + high))


def log_loss(answers: np.ndarray, labels: np.ndarray) -> float:
    """The mean of -log(probability of the true class), in nats; an answer of 0 counts as the least float."""
    own = answers[np.arange(len(labels)), labels].astype(np.float64)
    return float(-np.log(np.maximum(own, np.finfo(np.float32).tiny)).mean()) if len(labels) else 0.0


def _calibrated(model: keras.Model, temperature: float) -> keras.Model:
    import keras

    network = network_of(model)
    logits = logits_of(network)
    # In float32 under any policy: half precision would round the probabilities.
    scaled = keras.layers.Rescaling(1 / temperature, name=TEMPERATURE, dtype="float32")(logits)
    answers = keras.layers.Softmax(name="probabilities", dtype="float32")(scaled)
    return with_network(model, keras.Model(network.inputs[0], answers, name=network.name))
