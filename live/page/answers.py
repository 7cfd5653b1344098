"""From a visitor's picture to the page's answer: plain numbers and words."""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cascade.pictures import PictureError, decode_grey
from cnn.labels import EXPRESSIONS
from live.drawing import COLOURS
from live.engine import Engine, LiveParams, TrackedFace
from live.page.maps import Maps
from pair.crop import square
from pair.find import FaceExpressions, PairParams

MOST_BYTES = 4 * 1024 * 1024
"""A picture may have so many bytes..."""
MOST_PIXELS = 4_000_000
"""... and so many pixels; the page makes pictures smaller before it sends them."""
_LEAST_SIDE = 24
_FIRST_BYTES = b"\xff\xd8\xff"


class RequestError(Exception):
    """What came is no request of our page; the message says why."""


@dataclass(frozen=True)
class Request:
    """What is asked about the next picture: when a camera took it, in seconds, or None for a still; and maps or not."""

    seconds: float | None
    maps: bool

    @classmethod
    def read(cls, text: str) -> Request:
        """Read a request such as ``{"seconds": 1.25, "maps": false}``.

        Raises
        ------
        RequestError
            It is anything else.
        """
        try:
            told = json.loads(text) if len(text) <= 200 else None
        except (ValueError, RecursionError):
            told = None
        if not isinstance(told, dict) or set(told) != {"seconds", "maps"} or not isinstance(told["maps"], bool):
            raise RequestError("A request must be `seconds` and `maps`.")
        seconds = told["seconds"]
        if seconds is not None and (type(seconds) not in (int, float) or not math.isfinite(seconds)):
            raise RequestError("`seconds` must be a finite number or null.")
        return cls(None if seconds is None else float(seconds), told["maps"])


class Models:
    """What all visitors share: the networks. Engines are made of it.

    Parameters
    ----------
    cascade
        A ``cascade.xml``.
    network
        What reads faces: a ``.keras`` or an ``.onnx``.
    searching
        How the cascade searches, and how faces are cut out.
    params
        How faces are followed.
    keras_network
        The same network's ``.keras``, for class-activation maps; None: there are none.

    Raises
    ------
    pair.errors.InputError
        As `FaceExpressions`.
    """

    def __init__(
        self,
        cascade: Path,
        network: Path,
        searching: PairParams = PairParams(),
        params: LiveParams = LiveParams(),
        keras_network: Path | None = None,
    ) -> None:
        self.cascade, self.params, self.faces = cascade, params, FaceExpressions(cascade, network, searching)
        self.maps = None if keras_network is None else Maps(keras_network, searching)

    def new_engine(self) -> Engine:
        """An engine for one visitor."""
        return Engine(self.cascade, self.faces, self.params)

    def about(self) -> dict[str, Any]:
        """What the page must know beforehand."""
        shown = [{"name": name, "colour": "rgb({2} {1} {0})".format(*COLOURS[name])} for name in EXPRESSIONS]
        return {"expressions": shown, "maps": self.maps is not None}


def answer(models: Models, engine: Engine, request: Request, picture: bytes) -> dict[str, Any]:
    """Find and read the faces of a JPEG picture.

    Returns
    -------
    dict
        ``width``, ``height``, ``dark``, ``milliseconds`` and ``faces``; with maps asked for, ``maps`` too: "ready",
        "loading", or why there are none. Where the picture cannot be used, ``error`` alone, in words for the visitor.
    """
    began = time.perf_counter()
    try:
        grey = _decode(picture)
    except PictureError as error:
        return {"error": f"This picture cannot be read: {error}"}
    faces = engine.step(grey, request.seconds)
    told: dict[str, Any] = {"width": grey.shape[1], "height": grey.shape[0], "dark": engine.dark}
    told["faces"] = [_face(models, face) for face in faces]
    if request.maps and models.maps is not None:
        _add_maps(models.maps, grey, faces, told)
    return told | {"milliseconds": round(1000 * (time.perf_counter() - began), 1)}


def _decode(picture: bytes) -> NDArray[np.uint8]:
    if not picture.startswith(_FIRST_BYTES):
        raise PictureError("no JPEG", f"{len(picture)} bytes", "Choose another picture.")
    grey = decode_grey(picture, MOST_PIXELS)
    if min(grey.shape) < _LEAST_SIDE:
        size = f"{grey.shape[1]}x{grey.shape[0]} pixels"
        raise PictureError("too small", size, f"It takes {_LEAST_SIDE} pixels on both sides.")
    return grey


def _face(models: Models, face: TrackedFace) -> dict[str, Any]:
    params = models.faces.params
    return {
        "track": face.track,
        "box": face.box,
        "square": square(face.box, params.crop_scale, params.crop_down),
        "seen": face.seen,
        "expression": face.expression,
        "probabilities": [round(share, 4) for share in face.probabilities],
    }


def _add_maps(maps: Maps, grey: NDArray[np.uint8], faces: list[TrackedFace], told: dict[str, Any]) -> None:
    ready = maps.ready()
    found = maps.of(grey, [face for face in faces if face.seen]) if ready else {}
    told["maps"] = maps.failed or ("ready" if ready else "loading")
    for face in told["faces"]:
        face["map"] = found.get(face["track"])
