"""What a network looks at in a face, on request: class-activation maps, from a Keras file that is loaded when asked."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnn.errors import CnnError
from cnn.labels import EXPRESSIONS
from cnn.preprocess import IMAGE_SIZE
from live.engine import TrackedFace
from pair.crop import crop_face
from pair.find import PairParams

_MOST = 8
"""Faces of a picture that get a map, the largest first: all of them together take some hundredths of a second."""

_LOG = logging.getLogger(__name__)

Map = list[list[int]]
"""Rows of numbers from 0 to 255, over the square that the network sees."""


class Maps:
    """Makes maps. Keras starts in a thread of its own, at the first request: it takes seconds.

    Parameters
    ----------
    network
        A ``model.keras``.
    params
        How faces are cut out.
    """

    def __init__(self, network: Path, params: PairParams) -> None:
        self._network, self._params = network, params
        self._lock, self._loading = threading.Lock(), threading.Thread(target=self._load, daemon=True)
        self._maker: Any = None
        self.failed = ""

    def ready(self) -> bool:
        """Whether maps can be made now; the first call starts Keras. `failed` says why they never will."""
        with self._lock:
            if self._loading.ident is None:
                self._loading.start()
        return self._maker is not None

    def of(self, grey: NDArray[np.uint8], faces: list[TrackedFace]) -> dict[int, Map]:
        """A map for each face by its track, of the expression that it is labelled with: HiResCAM, each to its own peak.

        Parameters
        ----------
        grey
            The picture, (height, width).
        """
        largest = sorted(faces, key=lambda face: -face.box[2] * face.box[3])[:_MOST]
        if self._maker is None or not largest:
            return {}
        params = self._params
        cut = np.stack([crop_face(grey, face.box, params.crop_scale, params.crop_down) for face in largest])
        classes = np.array([EXPRESSIONS.index(face.expression) for face in largest])
        with self._lock:
            maps = self._maker.of(cut, classes)
        peaks = np.maximum(maps.max(axis=(1, 2), keepdims=True), 1e-12)
        whole = np.rint(255 * maps / peaks).astype(int)
        return {face.track: rows.tolist() for face, rows in zip(largest, whole, strict=True)}

    def _load(self) -> None:
        try:
            from cnn.explain import ActivationMaps
            from cnn.predict import load_model

            maker = ActivationMaps(load_model(self._network), "hires_cam")
            for faces in (1, 2):  # the first call takes as long as fifty, and so does the first of another number
                maker.of(np.zeros((faces, IMAGE_SIZE, IMAGE_SIZE), np.uint8), np.zeros(faces, int))
            self._maker = maker
        except Exception as error:  # whatever it is: visitors must not wait for ever
            self.failed = f"The network cannot show where it looks: {error}"
            _LOG.warning(self.failed, exc_info=not isinstance(error, CnnError))
