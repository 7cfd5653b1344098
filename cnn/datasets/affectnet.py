"""AffectNet in its csv form: photographs with a face box and an expression each.

References
----------
Mollahosseini et al., "AffectNet: a database for facial expression, valence, and arousal computing in the wild", 2017.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path, PurePosixPath

import numpy as np

from cnn.datasets.annotation_files import LARGEST, UNKNOWN, AnnotationError, feeling
from cnn.datasets.csv_lines import FIELDS_RULE, CsvRow, csv_rows
from cnn.datasets.picture_files import existing_folder
from cnn.datasets.pictures import PictureFace, add_pictures
from cnn.datasets.reader import reader
from cnn.datasets.table import CHECK_ROW, LANDMARKS, NOT_FIVE, NOT_FIVE_REMEDY, FaceWriter, LabelledFaces
from cnn.errors import InputError
from cnn.labels import AFFECTNET
from runs.progress import Progress, Report, silent
from runs.skips import Skip

IMAGES = "Manually_Annotated_Images"
LISTS: dict[str, str] = {"training.csv": "training", "validation.csv": "validation"}
"""The two lists and the official split each one is."""

HEADER: tuple[str, ...] = (
    "subDirectory_filePath",
    "face_x",
    "face_y",
    "face_width",
    "face_height",
    "facial_landmarks",
    "expression",
    "valence",
    "arousal",
)
_MISSING = ("", "NULL")
_FIVE = {str(number) for number, name in AFFECTNET.items() if name}


@reader(
    "affectnet",
    help="The folder with training.csv, validation.csv and Manually_Annotated_Images/.",
    licence="AffectNet, University of Denver (M. Mahoor): for research, on signed request.",
    splits={"training": "train", "validation": "test"},
)
def read_affectnet(affectnet: Path, scratch: Path, report: Report = silent) -> LabelledFaces:
    """Read both lists, crop every picture by its box (clipped to it) and make it a grey 48x48 face.

    The pictures are read as `cnn.datasets.pictures.add_pictures` says. Valence and arousal of -2 mean unknown, as do
    landmarks that are empty or NULL.

    Parameters
    ----------
    affectnet
        The folder with ``training.csv``, ``validation.csv`` and ``Manually_Annotated_Images/``.
    scratch
        A folder for the file that holds the pixels; it must outlive the result.

    Raises
    ------
    InputError
        The folder, a list or the picture folder is missing, or a list is not AffectNet's.
    """
    _check_layout(existing_folder(affectnet, "affectnet"))
    report(Progress("counting AffectNet's rows"))
    total = sum(_count(affectnet / name) for name in LISTS)
    with FaceWriter(scratch / "affectnet.pixels", "affectnet") as writer:
        lists = (_usable_faces(affectnet, name, writer.skips) for name in LISTS)
        add_pictures(writer, chain.from_iterable(lists), total=total, report=report)
        return writer.faces()


def _check_layout(folder: Path) -> None:
    missing = [name for name in LISTS if not (folder / name).is_file()]
    missing += [] if (folder / IMAGES).is_dir() else [f"{IMAGES}/"]
    if missing:
        raise InputError(f"`affectnet`: {folder} lacks {', '.join(missing)}. Lay it out as AffectNet is published.")


def _count(path: Path) -> int:
    """How many rows are of the five classes: all but a few of them are usable."""
    return sum(row.values is not None and row.values[0] in _FIVE for row in csv_rows(path, ("expression",), HEADER))


def _usable_faces(folder: Path, name: str, skips: list[Skip]) -> Iterator[PictureFace]:
    path = folder / name
    for row in csv_rows(path, HEADER, default_header=HEADER):
        try:
            yield _parse(path, row, folder / IMAGES, LISTS[name])
        except AnnotationError as error:
            remedy = NOT_FIVE_REMEDY if error.rule == NOT_FIVE else CHECK_ROW
            skips.append(Skip(str(path), row.line, error.rule, error.value, remedy))


def _parse(path: Path, row: CsvRow, images: Path, official: str) -> PictureFace:
    """Check one row without touching its picture."""
    if row.values is None:
        raise AnnotationError(FIELDS_RULE, str(row.fields))
    file, *box, landmarks, expression, valence, arousal = row.values
    needed = (file, expression, *box)
    if any(value.upper() in _MISSING for value in needed):
        raise AnnotationError("value must not be missing", ",".join(needed))
    name, label = _class(expression)
    if _escapes(file):
        raise AnnotationError("picture must lie in the picture folder", file)
    if not all(_is_whole(value) for value in box):
        raise AnnotationError("box must be four whole numbers", " ".join(box))
    x, y, width, height = map(int, box)
    values = {
        "official_split": official,
        "own_label": label,
        "landmarks": _points(landmarks),
        "valence": feeling("valence", _known(valence)),
        "arousal": feeling("arousal", _known(arousal)),
    }
    return PictureFace(images / file, file, row.line, name, (x, y, width, height), values, path)


def _class(expression: str) -> tuple[str, int]:
    if expression not in map(str, AFFECTNET):
        raise AnnotationError("expression must be 0 to 10", expression)
    name = AFFECTNET[int(expression)]
    if name is None:
        raise AnnotationError(NOT_FIVE, expression)
    return name, int(expression)


def _points(text: str) -> np.ndarray | None:
    if text.upper() in _MISSING:
        return None
    try:
        points = np.array(text.split(";"), np.float64)
    except ValueError:
        points = np.empty(0)
    if len(points) != 2 * LANDMARKS or not (abs(points) <= LARGEST).all():
        raise AnnotationError(f"facial_landmarks must be {LANDMARKS} x;y pairs, or empty", text)
    return points


def _known(text: str) -> str | float:
    return UNKNOWN if text.upper() in _MISSING else text


def _escapes(file: str) -> bool:
    path = PurePosixPath(file)
    return path.is_absolute() or ".." in path.parts or "\0" in file


def _is_whole(value: str) -> bool:
    digits = value.removeprefix("-")
    return digits.isascii() and digits.isdigit() and len(digits) < 10
