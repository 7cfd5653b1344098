"""Find faces and name their expressions: `FaceExpressions`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
from annotated_types import Ge, Le
from numpy.typing import ArrayLike

from cascade.boxes import Box
from cascade.detect import Detector, DetectParams
from cnn.export.runtimes import open_opencv
from cnn.labels import EXPRESSIONS
from cnn.preprocess import to_grey
from pair.crop import crop_face
from pair.errors import InputError

_BATCH = 256
"""Faces in one call of an ONNX network: bounds the memory, does not change the answers."""

Network = Callable[[np.ndarray], np.ndarray]
"""From faces (n, 48, 48) uint8 to probabilities (n, 5) float32."""


@dataclass(frozen=True)
class FoundFace:
    """A face in a picture.

    `box` is ``(x, y, width, height)`` in pixels, as the cascade found it; `score` says how many of its windows agreed;
    `probabilities` are in the order of `cnn.labels.EXPRESSIONS`, and `expression` is the likeliest.
    """

    box: Box
    score: float
    expression: str
    probabilities: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class PairParams(DetectParams):
    """How a picture is searched, and how a cascade's box becomes the square that the network sees."""

    crop_scale: Annotated[float, Ge(0.5), Le(3)] = 1.2
    """The side of the square that the network sees, in sides of the cascade's box."""
    crop_down: Annotated[float, Ge(-0.5), Le(0.5)] = 0.0
    """How far the square's centre lies below the box's centre, in sides of the box."""


class FaceExpressions:
    """A cascade and a network, ready to be asked about pictures.

    Threads may share one, but then they wait for one another; for speed give each its own.

    Parameters
    ----------
    cascade
        A ``cascade.xml``.
    network
        A ``model.keras``, or a ``model.onnx`` of `cnn.export`, which OpenCV runs without TensorFlow and with a
        fraction of its start. Both see the faces cut out alike.
    params
        See `PairParams`.

    Raises
    ------
    InputError
        `network` is missing, damaged, or no network of ours; of `cascade.errors` or `cnn.errors` where it is the
        cascade's or the Keras file's fault.
    """

    def __init__(self, cascade: Path, network: Path, params: PairParams = PairParams()) -> None:
        self.params = params
        self._detector = Detector(cascade, params)
        self._network = open_network(network)

    def find(self, image: np.ndarray) -> list[FoundFace]:
        """The faces in a picture, the best score first; all of them go through the network together.

        Parameters
        ----------
        image
            uint8, (height, width) grey or (height, width, 3) in OpenCV's order blue, green, red.

        Raises
        ------
        cascade.errors.InputError
            The image has another type or shape.
        """
        boxes, scores = self._detector.detect(image)
        answers = self.classify(image, boxes)
        return [found_face(*one) for one in zip(boxes, scores, answers, strict=True)]

    def classify(self, image: np.ndarray, boxes: ArrayLike) -> np.ndarray:
        """The network alone, on given boxes of a picture, all of them together.

        Parameters
        ----------
        image
            As for `find`.
        boxes
            (n, 4): ``x, y, width, height`` in pixels, as a cascade gives them; they need not be whole numbers.

        Returns
        -------
        np.ndarray
            (n, 5) float32, in the order of `cnn.labels.EXPRESSIONS`; each row sums to 1.

        Raises
        ------
        InputError
            A box has no area or does not touch the picture.
        """
        places = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
        if not len(places):
            return np.zeros((0, len(EXPRESSIONS)), np.float32)
        grey, params = as_grey(image), self.params
        return self._network(np.stack([crop_face(grey, b, params.crop_scale, params.crop_down) for b in places]))


def as_grey(image: np.ndarray) -> np.ndarray:
    """A picture as greyscale (height, width) uint8.

    Raises
    ------
    InputError
        It has another type or shape than `FaceExpressions.find` takes.
    """
    try:
        return to_grey(np.asarray(image))
    except ValueError as error:
        raise InputError(str(error)) from error


def found_face(box: ArrayLike, score: float, probabilities: np.ndarray) -> FoundFace:
    """One face, from its box (4,), its score and its probabilities (5,)."""
    x, y, width, height = (int(value) for value in np.asarray(box))
    likeliest = EXPRESSIONS[int(np.argmax(probabilities))]
    return FoundFace((x, y, width, height), float(score), likeliest, tuple(float(value) for value in probabilities))


def open_network(path: Path) -> Network:
    """A network that answers about faces of 48x48, from a ``.keras`` or an ``.onnx`` file.

    Raises
    ------
    InputError
        The file is missing, has another ending, is damaged, or gives other answers than five probabilities a face.
    cnn.errors.InputError
        It is no Keras model of ours.
    """
    if path.suffix not in (".keras", ".onnx"):
        raise InputError(f"`network` must be a .keras or an .onnx file. Got {path}.")
    if not path.is_file():
        raise InputError(f"{path}: no such file. Give the `model.keras` of a training, or an export of it.")
    return _open_onnx(path) if path.suffix == ".onnx" else _open_keras(path)


def _open_keras(path: Path) -> Network:
    from cnn.predict import Expressions

    expressions = Expressions(path, batch_size=_BATCH)
    return lambda faces: expressions.predict(list(faces))


def _open_onnx(path: Path) -> Network:
    try:
        ask, lock = open_opencv(path), threading.Lock()
        answer = ask(np.zeros((2, 48, 48), np.uint8))
    except cv2.error as error:
        reason = (error.err or str(error)).strip()
        raise InputError(f"{path}: no network for faces that OpenCV runs: {reason}. Export it again.") from error
    if answer.shape != (2, len(EXPRESSIONS)):
        raise InputError(
            f"{path}: the network must give {len(EXPRESSIONS)} probabilities a face. "
            f"Got the shape {answer.shape} for 2 faces. Export it with `facefoundry cnn export`."
        )

    def answers(faces: np.ndarray) -> np.ndarray:
        with lock:
            return np.concatenate([ask(faces[start : start + _BATCH]) for start in range(0, len(faces), _BATCH)])

    return answers
