"""Drawn faces in AffectNet's official csv layout, with the faults that the real one has."""

from __future__ import annotations

import hashlib
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cnn.errors import CnnError
from cnn.labels import AFFECTNET, EXPRESSIONS
from cnn.synthetic.face import draw_face
from cnn.synthetic.pictures import Crop, crop_face, develop, draw_backdrop
from runs.files import write_text
from runs.progress import Progress, Report, silent

IMAGES = "Manually_Annotated_Images"
HEADER = "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,valence,arousal"

_DRAWN = 272
_SIDES = (140, 200)
_PER_FOLDER = 25
_QUALITY = 88
_UNKNOWN = -2
_NUMBERS = {name: number for number, name in AFFECTNET.items() if name} | {
    "Fear": 4,
    "Disgust": 5,
    "Contempt": 7,
    "No-Face": 10,
}
_FEELING = {
    "Neutral": (0.0, 0.0),
    "Happy": (0.75, 0.25),
    "Sad": (-0.65, -0.30),
    "Surprise": (0.20, 0.75),
    "Fear": (-0.40, 0.75),
    "Disgust": (-0.70, 0.45),
    "Angry": (-0.55, 0.70),
    "Contempt": (-0.50, 0.35),
}
"""Valence and arousal of each expression at its strongest, on the circle of Russell's model of affect."""


def write_affectnet(folder: Path, *, train: int, validation: int, seed: int, report: Report = silent) -> None:
    """Write ``training.csv``, ``validation.csv`` and the pictures they name.

    As in the real set, training.csv also holds a row with NULL in place of the box and a row whose file is missing
    (both beyond the `train` rows), and a few rows beyond the five classes.

    Parameters
    ----------
    folder
        Where the files and the folder ``Manually_Annotated_Images`` go.
    train, validation
        Numbers of pictures.
    seed
        The same seed and numbers give the same bytes.

    Raises
    ------
    CnnError
        A picture could not be encoded or written.
    """
    total = train + validation
    for number, (split, count) in enumerate((("training", train), ("validation", validation))):
        kinds = _kinds(count, np.random.default_rng([seed, 10, number]))
        rows = []
        for index, kind in enumerate(kinds):
            rows.append(
                _write_face(np.random.default_rng([seed, 11, number, index]), folder, _name(seed, split, index), kind)
            )
            done = number * train + index + 1
            report(Progress(f"Colour faces: {done} of {total}", done, total))
        if split == "training" and rows:
            rows += _broken_rows(seed, rows[0])
        write_text(folder / f"{split}.csv", "\n".join([HEADER, *rows]) + "\n")


def _kinds(count: int, rng: np.random.Generator) -> list[str]:
    few = max(1, count // 70)
    rest = (["Fear", "Disgust", "Contempt", "No-Face"] * few)[:count]
    kinds = rest + [EXPRESSIONS[index % len(EXPRESSIONS)] for index in range(count - len(rest))]
    return [kinds[int(i)] for i in rng.permutation(count)]


def _name(seed: int, split: str, index: int) -> str:
    """A name like AffectNet's: a numbered folder and a hash of 56 digits."""
    return f"{index // _PER_FOLDER + 1}/{hashlib.sha224(f'{seed} {split} {index}'.encode()).hexdigest()}.jpg"


def _write_face(rng: np.random.Generator, folder: Path, name: str, kind: str) -> str:
    side = int(rng.integers(*_SIDES))
    if kind == "No-Face":
        _write_picture(folder / IMAGES / name, draw_backdrop(rng, side))
        return f"{name},0,0,{side},{side},,{_NUMBERS[kind]},{_UNKNOWN},{_UNKNOWN}"
    face = draw_face(rng, kind, _DRAWN)
    crop = crop_face(rng, face, side, (1.35, 1.8))
    _write_picture(folder / IMAGES / name, develop(rng, crop.image))
    feeling = np.clip(np.array(_FEELING[kind]) * face.intensity + rng.normal(0, 0.08, 2), -1, 1)
    return _row(name, crop, kind, feeling)


def _row(name: str, crop: Crop, kind: str, feeling: NDArray[np.float64]) -> str:
    box = ",".join(map(str, crop.box))
    points = ";".join(f"{x:.2f};{y:.2f}" for x, y in crop.landmarks)
    return f"{name},{box},{points},{_NUMBERS[kind]},{feeling[0]:.6f},{feeling[1]:.6f}"


def _broken_rows(seed: int, good: str) -> list[str]:
    null = f"{good.split(',')[0]},NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL"
    missing = ",".join([_name(seed, "missing", 0), *good.split(",")[1:]])
    return [null, missing]


def _write_picture(path: Path, image: NDArray[np.uint8]) -> None:
    encoded, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not encoded:
        raise CnnError(f"{path}: OpenCV could not encode the picture of shape {image.shape} as JPEG.")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.tobytes())
