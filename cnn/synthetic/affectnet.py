"""Drawn faces in AffectNet's official csv layout, with the faults that the real one has."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from cnn.labels import EXPRESSIONS
from cnn.synthetic.photographs import AFFECTNET_NUMBERS, UNKNOWN, Photograph, photograph, write_picture
from cnn.synthetic.pictures import draw_backdrop
from runs.files import write_text
from runs.progress import Progress, Report, silent

IMAGES = "Manually_Annotated_Images"
HEADER = "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,valence,arousal"

_SIDES = (140, 200)
_PER_FOLDER = 25


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
        write_picture(folder / IMAGES / name, draw_backdrop(rng, side))
        return f"{name},0,0,{side},{side},,{AFFECTNET_NUMBERS[kind]},{UNKNOWN},{UNKNOWN}"
    taken = photograph(rng, kind, side, (1.35, 1.8))
    write_picture(folder / IMAGES / name, taken.image)
    return _row(name, taken, kind)


def _row(name: str, taken: Photograph, kind: str) -> str:
    box = ",".join(map(str, taken.crop.box))
    points = ";".join(f"{x:.2f};{y:.2f}" for x, y in taken.crop.landmarks)
    valence, arousal = taken.feeling
    return f"{name},{box},{points},{AFFECTNET_NUMBERS[kind]},{valence:.6f},{arousal:.6f}"


def _broken_rows(seed: int, good: str) -> list[str]:
    null = f"{good.split(',')[0]},NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL"
    missing = ",".join([_name(seed, "missing", 0), *good.split(",")[1:]])
    return [null, missing]
