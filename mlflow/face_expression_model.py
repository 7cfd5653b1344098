"""A cascade and an expression network as one MLflow model: pictures in, a table of faces with expressions out.

MLflow copies this file into the model and executes it at loading ("models from code"), so it stands alone: it needs
`mlflow`, `numpy`, `pandas` and `cv2`, and nothing of the factory.

A picture is an array; or base64 text of a PNG or JPEG file; or, only where the model was loaded with
``model_config={"allow_paths": True}``, the path of such a file. A served model is asked by strangers, who must not read
the server's files: `mlflow models serve` takes no such setting, and no request can make it.
"""

from __future__ import annotations

import base64
import binascii
import struct
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import cv2
import mlflow
import numpy as np
import pandas as pd
from mlflow.pyfunc import PythonModel, PythonModelContext

EXPRESSIONS = ("Happy", "Sad", "Surprise", "Angry", "Neutral")
MAX_PICTURES, MAX_BYTES, MAX_PIXELS = 64, 20_000_000, 25_000_000
"""In one call; of one picture's file; of one picture. More is refused before it is decoded."""

_SIDE, _BATCH = 48, 256
_BOUNDS = {
    "scale_factor": (1.01, 4.0),
    "min_neighbors": (0, 10_000),
    "min_size": (1, 100_000),
    "max_size": (0, 100_000),
    "crop_scale": (0.5, 3.0),
    "crop_down": (-0.5, 0.5),
}
_JPEG_SIZES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}


class FaceExpressionModel(PythonModel):
    """Finds faces with ``cv2.CascadeClassifier`` and names their expressions with ``cv2.dnn``.

    Threads may share a model, as MLflow's server makes them do: they wait for one another.
    """

    def load_context(self, context: PythonModelContext) -> None:
        """Load both files; called once by MLflow.

        Raises
        ------
        RuntimeError
            A file is not what this OpenCV reads, or this OpenCV has no `CascadeClassifier`.
        """
        if not hasattr(cv2, "CascadeClassifier"):
            raise RuntimeError(
                f"OpenCV {cv2.__version__} as installed here has no `CascadeClassifier`: since OpenCV 5 only the "
                "contrib wheels hold it. Uninstall every opencv-* package, then "
                "`pip install opencv-contrib-python-headless`."
            )
        cascade, network = context.artifacts["cascade"], context.artifacts["network"]
        self._classifier, self._lock = cv2.CascadeClassifier(), threading.Lock()
        with suppress(cv2.error):  # what OpenCV says of a damaged file names no remedy
            self._classifier.load(cascade)
        if self._classifier.empty():
            raise RuntimeError(f"{cascade} is no cascade that OpenCV {cv2.__version__} reads. Is it damaged?")
        try:  # OpenCV 5's classic engine ends the process when the size of the batch changes
            self._network = cv2.dnn.readNetFromONNX(network, engine=cv2.dnn.ENGINE_NEW)
        except cv2.error as error:
            raise RuntimeError(
                f"{network} is no network that OpenCV {cv2.__version__} reads. Is it damaged?"
            ) from error
        self._allow_paths = bool((context.model_config or {}).get("allow_paths", False))

    # Said to be an array, of which MLflow checks nothing; another type it would read as a schema, or warn of.
    def predict(self, model_input: np.ndarray, params: Any = None) -> pd.DataFrame:
        """Find the faces of one or many pictures.

        Parameters
        ----------
        model_input
            One picture or many (at most 64): arrays of 0 to 255, (height, width) grey or (height, width, 3) blue,
            green, red, of one size stacked or in a list; base64 texts of PNG or JPEG files; or paths, where those are
            allowed. In a table they are the column `image`, or its only one.
        params
            `scale_factor`, `min_neighbors`, `min_size`, `max_size` (pixels; 0: the whole picture) of the search, and
            `crop_scale` and `crop_down`, how the network sees a face. MLflow takes what is not given from the model.

        Returns
        -------
        A row a face, the best of each picture first: `image` (its number from 0), `x`, `y`, `width`, `height` in
        pixels, `score` (how many windows agreed), `expression`, and the probability of each of the five.

        Raises
        ------
        ValueError
            A picture or a parameter breaks a rule.
        """
        point = _operating_point(params)
        rows = []
        for number, image in enumerate(_pictures(model_input, self._allow_paths)):
            rows += [(number, *face) for face in self._faces(image, point)]
        names = ("image", "x", "y", "width", "height", "score", "expression", *EXPRESSIONS)
        return pd.DataFrame(rows, columns=list(names))

    def _faces(self, image: np.ndarray, point: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
        least, most = (int(point["min_size"]),) * 2, (int(point["max_size"]),) * 2
        settings = (point["scale_factor"], int(point["min_neighbors"]), 0, least, most)
        with self._lock:
            found = self._classifier.detectMultiScale2(image, *settings)
            boxes, scores = np.reshape(found[0], (-1, 4)).astype(int), np.reshape(found[1], -1).astype(float)
            # With several threads, OpenCV's finds come in any order.
            order = np.lexsort((*boxes.T[::-1], -scores))
            faces = [_cut(image, box, point["crop_scale"], point["crop_down"]) for box in boxes[order]]
            answers = [self._ask(faces[start : start + _BATCH]) for start in range(0, len(faces), _BATCH)]
        for box, score, answer in zip(
            boxes[order], scores[order], (one for each in answers for one in each), strict=True
        ):
            yield (*box.tolist(), float(score), EXPRESSIONS[int(answer.argmax())], *answer.tolist())

    def _ask(self, faces: list[np.ndarray]) -> np.ndarray:
        self._network.setInput(np.stack(faces).astype(np.float32)[..., np.newaxis])
        return np.array(self._network.forward())


def _pictures(given: Any, allow_paths: bool) -> Iterator[np.ndarray]:
    """The pictures in grey, one by one."""
    if isinstance(given, pd.DataFrame):
        if "image" not in given.columns and given.shape[1] != 1:
            raise ValueError(f"The table must have the column `image`. Got {', '.join(map(str, given.columns))}.")
        given = list(given["image"] if "image" in given.columns else given.iloc[:, 0])
    elif isinstance(given, dict):
        if set(given) != {"image"}:
            raise ValueError(f"The inputs must be named `image`. Got {', '.join(map(str, given)) or 'nothing'}.")
        given = given["image"]
    several = _several(given)
    if len(several) > MAX_PICTURES:
        raise ValueError(f"At most {MAX_PICTURES} pictures in one call. Got {len(several)}.")
    return (_picture(one, number, allow_paths) for number, one in enumerate(several))


def _several(given: Any) -> list[Any]:
    """One or many pictures as a list."""
    if isinstance(given, (str, bytes, Path)):
        return [given]
    if isinstance(given, np.ndarray) and given.dtype.kind in "US":
        return [str(one) for one in given.ravel()]
    if isinstance(given, np.ndarray) and given.dtype != object:
        many = given.ndim == 4 or (given.ndim == 3 and given.shape[-1] != 3)
        return list(given) if many else [given]
    given = list(given)
    if given and isinstance(given[0], (list, tuple)):  # numbers in lists: a picture as JSON
        return _several(np.asarray(given))
    return given


def _picture(given: Any, number: int, allow_paths: bool) -> np.ndarray:
    if isinstance(given, np.ndarray):
        return _grey(given, number)
    if isinstance(given, Path) or (isinstance(given, str) and allow_paths and _is_file(given)):
        if not allow_paths:
            raise ValueError('Paths are not allowed: load the model with `model_config={"allow_paths": True}`.')
        return _decoded(_read(Path(given)), number)
    if not isinstance(given, (str, bytes)):
        raise ValueError(f"Picture {number} must be an array or base64 text. Got {type(given).__name__}.")
    if len(given) > MAX_BYTES * 4 // 3 + 4:
        raise ValueError(f"Picture {number} must have at most {MAX_BYTES:,} bytes. Got {len(given):,} of base64 text.")
    try:
        return _decoded(base64.b64decode(given, validate=True), number)
    except (binascii.Error, ValueError) as error:
        if isinstance(error, _PictureError):
            raise
        raise ValueError(f"Picture {number} must be base64 text of a PNG or JPEG file ({error}).") from None


class _PictureError(ValueError):
    """What was decoded is no picture that we take."""


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):  # base64 text is longer than a path may be
        return False


def _read(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(MAX_BYTES + 1)


def _grey(image: np.ndarray, number: int) -> np.ndarray:
    colour = image.ndim == 3 and image.shape[2] in (1, 3)
    if not (image.ndim == 2 or colour) or image.size == 0 or image.dtype.kind not in "iu":
        raise ValueError(
            f"Picture {number} must be whole numbers of 0 to 255, (height, width) or (height, width, 3). "
            f"Got {image.dtype} of {image.shape}."
        )
    if image.dtype != np.uint8 and (image.min() < 0 or image.max() > 255):
        raise ValueError(f"Picture {number} must have numbers of 0 to 255. Got {image.min()} to {image.max()}.")
    if image.shape[0] * image.shape[1] > MAX_PIXELS:
        raise ValueError(f"Picture {number} must have at most {MAX_PIXELS:,} pixels. Got {image.shape[:2]}.")
    whole = np.ascontiguousarray(image, dtype=np.uint8)
    if whole.ndim == 3:
        return cv2.cvtColor(whole, cv2.COLOR_BGR2GRAY) if whole.shape[2] == 3 else whole[:, :, 0].copy()
    return whole


def _decoded(data: bytes, number: int) -> np.ndarray:
    if len(data) > MAX_BYTES:
        raise _PictureError(f"Picture {number} must have at most {MAX_BYTES:,} bytes.")
    size = _size(data)
    if size is None:
        raise _PictureError(f"Picture {number} must be a PNG or JPEG file. Got {len(data):,} other bytes.")
    if not 0 < size[0] * size[1] <= MAX_PIXELS:
        raise _PictureError(f"Picture {number} must have at most {MAX_PIXELS:,} pixels. Got {size[0]}x{size[1]}.")
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    if image is None:
        raise _PictureError(f"Picture {number} does not decode. Save it again as PNG or JPEG.")
    return image


def _size(data: bytes) -> tuple[int, int] | None:
    """Width and height by the header of a PNG or JPEG; None for all else."""
    if data.startswith(b"\x89PNG\r\n\x1a\n") and len(data) >= 24:
        return struct.unpack_from(">II", data, 16)
    place = 2
    while data.startswith(b"\xff\xd8") and place + 9 <= len(data) and data[place] == 0xFF:
        if data[place + 1] in _JPEG_SIZES:
            height, width = struct.unpack_from(">HH", data, place + 5)
            return width, height
        place += 1 if data[place + 1] == 0xFF else 2 + struct.unpack_from(">H", data, place + 2)[0]
    return None


def _cut(image: np.ndarray, box: np.ndarray, scale: float, down: float) -> np.ndarray:
    """The square round a box as the network takes it; where it reaches outside, the picture's border is repeated."""
    x, y, width, height = (float(value) for value in box)
    unit = (width + height) / 2
    side = max(round(unit * scale), 1)
    left, top = round(x + (width - side) / 2), round(y + (height - side) / 2 + unit * down)
    rows, columns = (
        np.clip(np.arange(side) + start, 0, end - 1) for start, end in zip((top, left), image.shape, strict=True)
    )
    return cv2.resize(image[np.ix_(rows, columns)], (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)


def _operating_point(params: Any) -> dict[str, Any]:
    given = dict(params or {})
    missing = _BOUNDS.keys() - given.keys()
    if missing:
        raise ValueError(f"`params` must give {', '.join(sorted(missing))}.")
    for name, (least, most) in _BOUNDS.items():
        if not least <= given[name] <= most:
            raise ValueError(f"`{name}` must be {least} to {most}. Got {given[name]}.")
    return {name: given[name] for name in _BOUNDS}


mlflow.models.set_model(FaceExpressionModel())
