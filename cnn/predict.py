"""From faces to expressions with a saved model.

What `train_cnn` saves answers with calibrated probabilities by itself: see `cnn.calibrate`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from cnn.batches import as_input
from cnn.errors import InputError
from cnn.labels import EXPRESSIONS
from cnn.logits import network_of, temperature_of, with_network
from cnn.views import views_of

if TYPE_CHECKING:
    import keras


class Expressions:
    """A saved expression model, ready to be asked.

    Its `temperature` is what calibration stored in it; 1 where it was never calibrated.

    Parameters
    ----------
    model
        A ``.keras`` file that takes grey pixels of 0 to 255, (batch, height, width, 1), as `train_cnn` saves it.
    batch_size
        Faces in one call of the network: bounds the memory, does not change the answers.

    Raises
    ------
    InputError
        The file is missing, is no Keras model, or has another number of classes than `EXPRESSIONS`.
    """

    def __init__(self, model: Path, *, batch_size: int = 256) -> None:
        self.model = load_model(model)
        self.temperature = temperature_of(self.model)
        self._batch_size = batch_size

    def predict(self, faces: Sequence[np.ndarray], *, calibrated: bool = True) -> np.ndarray:
        """The probabilities of the five expressions.

        Parameters
        ----------
        faces
            Faces of any size and of different sizes: uint8, (height, width) grey or (height, width, 3) in
            OpenCV's order blue, green, red.
        calibrated
            With the model's own temperature; else as if it had none.

        Returns
        -------
        np.ndarray
            (len(faces), 5), float32, in the order of `EXPRESSIONS`; each row sums to 1.

        Raises
        ------
        InputError
            A face has another type or shape.
        """
        grey = [_grey(face, number) for number, face in enumerate(faces)]
        answers = np.zeros((len(grey), len(EXPRESSIONS)), np.float32)
        for shape in {face.shape for face in grey}:
            chosen = [number for number, face in enumerate(grey) if face.shape == shape]
            answers[chosen] = probabilities(self.model, np.stack([grey[n] for n in chosen]), self._batch_size)
        return answers if calibrated else with_temperature(answers, 1 / self.temperature)


def load_model(path: Path) -> keras.Model:
    """Load a ``.keras`` file and check that it makes of grey faces one probability for each of `EXPRESSIONS`.

    Raises
    ------
    InputError
        The file is missing, is no Keras model, or has another kind of input or number of classes.
    """
    import keras

    if not path.is_file():
        raise InputError(f"{path}: no such file. Give the `model.keras` of a training.")
    try:
        model = keras.saving.load_model(path, compile=False)
    except Exception as error:  # zipfile, json, h5py and Keras raise a dozen kinds for a damaged file
        raise InputError(f"{path}: not a model that Keras can load: {error}. Train it again.") from error
    network = network_of(model)
    if isinstance(network, keras.Sequential):
        # One that was loaded was put together layer by layer, and its layers know the tensors of unfinished graphs.
        whole = keras.models.clone_model(network)
        whole.set_weights(network.get_weights())
        model = with_network(model, whole)
    if len(model.inputs) != 1 or model.inputs[0].shape[-1] != 1:
        raise InputError(
            f"{path}: the model must take grey faces, (batch, height, width, 1). "
            f"Got the input shapes {', '.join(str(tuple(one.shape)) for one in model.inputs)}."
        )
    if model.output_shape[1:] != (len(EXPRESSIONS),):
        raise InputError(
            f"{path}: the model must have {len(EXPRESSIONS)} outputs, {', '.join(EXPRESSIONS)}. "
            f"Got the shape {model.output_shape[1:]}."
        )
    return model


def probabilities(model: keras.Model, images: np.ndarray, batch_size: int) -> np.ndarray:
    """Ask `model` about grey faces of one size, a batch at a time.

    Parameters
    ----------
    model
        From (batch, height, width, 1) of 0 to 255 to probabilities.
    images
        (n, height, width), uint8; may be a mapped file.
    batch_size
        Faces in one call, each view counted as one.

    Returns
    -------
    np.ndarray
        (n, classes), float32.
    """
    answers = [np.zeros((0, model.output_shape[-1]), np.float32)]
    size = max(batch_size // views_of(model), 1)
    for start in range(0, len(images), size):
        answers.append(model.predict_on_batch(as_input(images[start : start + size])))
    return np.concatenate(answers)


def with_temperature(answers: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities (n, classes) as they would be with their logits divided by `temperature`; each row sums to 1.

    The inverse undoes it. See `cnn.calibrate`.

    >>> with_temperature(np.array([[0.8, 0.2]]), 0.5).round(3)
    array([[0.941, 0.059]])
    """
    if temperature == 1:
        return answers
    logits = np.log(np.maximum(answers, np.finfo(np.float32).tiny)) / temperature
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def _grey(face: np.ndarray, number: int) -> np.ndarray:
    shaped = face.ndim == 2 or (face.ndim == 3 and face.shape[2] == 3)
    if face.dtype != np.uint8 or not shaped or 0 in face.shape:
        raise InputError(
            f"`faces[{number}]` must be uint8 of shape (height, width) or (height, width, 3). "
            f"Got {face.dtype} of shape {face.shape}."
        )
    return face if face.ndim == 2 else cv2.cvtColor(face, cv2.COLOR_BGR2GRAY)
