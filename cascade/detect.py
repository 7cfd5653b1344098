"""Run a cascade on pictures: boxes with scores."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
from annotated_types import Ge, Le
from numpy.typing import NDArray

from cascade.errors import InputError
from cascade.model import read_cascade
from cascade.opencv.runtime import new_classifier
from runs.parameters import ParameterError, Parameters


@dataclass(frozen=True, kw_only=True)
class DetectParams(Parameters):
    """How a picture is searched."""

    scale_factor: Annotated[float, Ge(1.01), Le(4)] = 1.1
    """Each search window is so many times larger than the one before; smaller finds more and takes longer."""
    min_neighbors: Annotated[int, Ge(0), Le(10_000)] = 3
    """More windows than this must agree on an object; 0 gives every window as it is, without grouping."""
    min_size: Annotated[int, Ge(1)] = 20
    """Smaller windows are not searched: the least width and height in pixels."""
    max_size: Annotated[int, Ge(1)] | None = None
    """Larger windows are not searched: the greatest width and height in pixels; empty: the whole picture."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.max_size is not None and self.max_size < self.min_size:
            raise ParameterError(f"`max_size` must be at least `min_size` {self.min_size}. Got {self.max_size}.")


class Detector:
    """A loaded cascade that finds objects in pictures.

    Threads may share one, but their searches wait for one another: OpenCV's classifier keeps the picture that it
    searches. For speed give each its own.

    Parameters
    ----------
    cascade
        A ``cascade.xml``, Haar or LBP, in the new format or the old one.

    Raises
    ------
    InputError
        There is no such file, or it is no cascade that OpenCV can run.
    ToolMissingError
        The installed OpenCV has no `CascadeClassifier`.
    """

    def __init__(self, cascade: Path, params: DetectParams = DetectParams()) -> None:
        self.params = params
        self._classifier, self._lock = _load(cascade), threading.Lock()

    @property
    def window(self) -> tuple[int, int]:
        """Width and height, in pixels, of the window that the cascade was trained with."""
        width, height = self._classifier.getOriginalWindowSize()
        return int(width), int(height)

    def detect(self, image: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Find the objects in one picture.

        Parameters
        ----------
        image
            Grey, shape (height, width), or BGR, shape (height, width, 3); values 0 to 255. It is searched as it is,
            without equalisation: the cascade's features are normalised by each window's contrast.

        Returns
        -------
        boxes : array of shape (N, 4)
            ``(x, y, width, height)`` in pixels, inside the picture, the best score first.
        scores : array of shape (N,)
            How many windows agreed on the box (1 for all where `min_neighbors` is 0). The other candidate is the last
            stage's sum; on the CMU-MIT faces it ordered no better overall (average precision 0.875 against 0.876 with
            OpenCV's frontalface_alt2) and worse where few false alarms are allowed (0.78 of the faces against 0.86 at
            8 of them), and it cannot be set from outside as `min_neighbors` can.

        Raises
        ------
        InputError
            The image has another type or shape.
        """
        params = self.params
        least, most = (params.min_size,) * 2, (params.max_size or 0,) * 2
        grey = _as_grey(image)
        with self._lock:
            found = self._classifier.detectMultiScale2(grey, params.scale_factor, params.min_neighbors, 0, least, most)
        # Without a find, OpenCV gives empty tuples; with several threads, the finds come in any order.
        boxes = np.asarray(found[0], dtype=np.int64).reshape(-1, 4)
        scores = np.asarray(found[1], dtype=np.float64).reshape(-1)
        order = np.lexsort((*boxes.T[::-1], -scores))
        return boxes[order], scores[order]


def _load(path: Path) -> Any:
    classifier = new_classifier()
    read_cascade(path)
    if any("\ud800" <= letter <= "\udfff" for letter in str(path)):
        raise InputError(f"OpenCV cannot open a file whose path is not UTF-8: {str(path)!a}. Rename or copy it.")
    try:
        loaded = classifier.load(str(path))
    except cv2.error as error:
        raise InputError(f"OpenCV cannot load the cascade {path}: {error.err}. Train it again.") from error
    if not loaded or classifier.empty():
        raise InputError(f"OpenCV finds no cascade in {path}. Give the `cascade.xml` of a finished training.")
    return classifier


def _as_grey(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    shape, kind = np.shape(image), getattr(image, "dtype", type(image))
    if kind != np.uint8 or 0 in shape or not (len(shape) == 2 or (len(shape) == 3 and shape[2] == 3)):
        raise InputError(
            "`image` must be an array of type uint8 and shape (height, width) or (height, width, 3). "
            f"Got {kind} of shape {shape}."
        )
    return image if len(shape) == 2 else np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))
