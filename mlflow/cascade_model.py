"""A cascade as an MLflow model: a greyscale picture in, boxes with scores out.

MLflow copies this file into the model and executes it at loading ("models from code"), so it stands alone:
it needs `mlflow`, `numpy` and `cv2`, and nothing of the factory.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Any

import cv2
import mlflow
import numpy as np
from mlflow.pyfunc import PythonModel, PythonModelContext


class CascadeModel(PythonModel):
    """Finds objects with ``cv2.CascadeClassifier``.

    The operating point (`scale_factor`, `min_neighbors`, `min_size`, `max_size`) comes with each call; what is
    not given, MLflow takes from the model's signature. Threads may share a model, as MLflow's server makes them do:
    their searches wait for one another, since OpenCV's classifier keeps the picture that it searches.
    """

    def load_context(self, context: PythonModelContext) -> None:
        """Load the cascade; called once by MLflow.

        Raises
        ------
        RuntimeError
            The artifact is no cascade that this OpenCV reads, or this OpenCV has no `CascadeClassifier`.
        """
        if not hasattr(cv2, "CascadeClassifier"):
            raise RuntimeError(
                f"OpenCV {cv2.__version__} as installed here has no `CascadeClassifier`: since OpenCV 5 only the "
                "contrib wheels hold it. Uninstall every opencv-* package, then "
                "`pip install opencv-contrib-python-headless`."
            )
        path = context.artifacts["cascade"]
        self._classifier, self._lock = cv2.CascadeClassifier(), threading.Lock()
        with suppress(cv2.error):  # what OpenCV says of a damaged file names no remedy
            self._classifier.load(path)
        if self._classifier.empty():
            raise RuntimeError(f"{path} is no cascade that OpenCV {cv2.__version__} reads. Is it damaged?")

    def predict(self, model_input: np.ndarray, params: Any = None) -> np.ndarray:
        """Find the objects in one picture.

        Parameters
        ----------
        model_input
            One greyscale picture, (height, width), uint8, as ``cv2.imread(path, cv2.IMREAD_GRAYSCALE)`` gives it.
        params
            `scale_factor` (above 1: each search window is so many times the one before), `min_neighbors` (0 or
            more: more windows than this must agree), `min_size` and `max_size` (pixels: the least and the
            greatest side of a window; 0 sets no limit).

        Returns
        -------
        (N, 5) float64, one row a box, the best first: x, y, width, height in pixels, and the score: how many
        windows agreed on the box.

        Raises
        ------
        ValueError
            The picture is not (height, width) uint8, or `params` lack a part of the operating point or break a rule.
        """
        image, point = _checked(model_input), _operating_point(params)
        least, most = (point["min_size"],) * 2, (point["max_size"],) * 2
        settings = (point["scale_factor"], point["min_neighbors"], 0, least, most)
        with self._lock:
            found = self._classifier.detectMultiScale2(image, *settings)
        # Without a find, OpenCV gives empty tuples; with several threads, the finds come in any order.
        rows = np.column_stack([np.reshape(found[0], (-1, 4)), np.reshape(found[1], -1)]).astype(np.float64)
        return rows[np.lexsort((*rows[:, 3::-1].T, -rows[:, 4]))]


def _checked(image: Any) -> np.ndarray:
    array = np.asarray(image)
    if array.ndim != 2 or array.dtype != np.uint8 or array.size == 0:
        raise ValueError(
            f"The picture must be greyscale uint8 of shape (height, width). Got {array.dtype} {array.shape}."
        )
    return np.ascontiguousarray(array)


def _operating_point(params: Any) -> dict[str, Any]:
    given = dict(params or {})
    missing = {"scale_factor", "min_neighbors", "min_size", "max_size"} - given.keys()
    if missing:
        raise ValueError(f"`params` must give {', '.join(sorted(missing))}.")
    point = {name: int(given[name]) for name in ("min_neighbors", "min_size", "max_size")}
    for name, value in point.items():
        if value < 0:
            raise ValueError(f"`{name}` must be at least 0. Got {value}.")
    if not given["scale_factor"] > 1:
        raise ValueError(f"`scale_factor` must be greater than 1. Got {given['scale_factor']}.")
    return {"scale_factor": float(given["scale_factor"]), **point}


mlflow.models.set_model(CascadeModel())
