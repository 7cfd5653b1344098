"""CK+, the extended Cohn-Kanade dataset: sequences of one person each, from a neutral face to an expression's apex.

References
----------
Lucey et al., "The extended Cohn-Kanade dataset (CK+): a complete dataset for action unit and emotion-specified
expression", 2010.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from cnn.datasets.annotation_files import AnnotationError, number, read_annotation
from cnn.datasets.face_boxes import add_faces
from cnn.datasets.picture_files import existing_folder, folders_in, names_in, pictures_in, relative
from cnn.datasets.pictures import PictureFace
from cnn.datasets.reader import UNLABELLED, reader
from cnn.datasets.table import LANDMARKS, NOT_FIVE, NOT_FIVE_REMEDY, FaceWriter, LabelledFaces
from cnn.errors import InputError
from runs.parameters import Parameters
from runs.progress import Progress, Report, silent
from runs.skips import Skip

IMAGES, EMOTION, POINTS = "cohn-kanade-images", "Emotion", "Landmarks"

LABELS: dict[int, str | None] = {
    0: "Neutral",
    1: "Angry",
    2: None,  # Contempt
    3: None,  # Disgust
    4: None,  # Fear
    5: "Happy",
    6: "Sad",
    7: "Surprise",
}
"""CK+'s emotion codes; None where the class is none of the five."""

_MARGIN = 1.1
_LARGEST = 1 << 14
_REMEDY = "Download the file again, or remove the sequence."


@dataclass(frozen=True, kw_only=True)
class CkplusParams(Parameters):
    """Which frames are taken, and what of them."""

    neutral_frames: Literal["labelled", "all", "none"] = "labelled"
    """The first frame of a sequence is Neutral, as the sequences begin so and hardly any is labelled as neutral.
    labelled: of the labelled sequences, the usual practice; all: of the unlabelled ones too; none: of none."""

    face_box: Literal["detect", "landmarks", "whole"] = "detect"
    """Where the face is in the picture. detect: dlib's detector of frontal faces; landmarks: the square around the 68
    points of the folder Landmarks, a tenth larger; whole: the pictures are faces cut out already."""


@dataclass(frozen=True)
class _Sequence:
    root: Path
    subject: str
    name: str
    frames: list[Path]


@reader(
    "ckplus",
    help="The folder with cohn-kanade-images/ and Emotion/, and perhaps Landmarks/.",
    licence="CK+, University of Pittsburgh (J. Cohn): for research, on signed agreement.",
    splits={},
    params=CkplusParams,
)
def read_ckplus(
    ckplus: Path, scratch: Path, report: Report = silent, *, params: CkplusParams = CkplusParams()
) -> LabelledFaces:
    """Read the apex, which is the last frame, of every labelled sequence, and its first frame as Neutral.

    Parameters
    ----------
    ckplus
        The folder with ``cohn-kanade-images/S###/###/S###_###_########.png`` and, on the same path,
        ``Emotion/S###/###/S###_###_########_emotion.txt``.
    scratch
        A folder for the file that holds the pixels; it must outlive the result.

    Raises
    ------
    InputError
        The folder, or one of the two in it, is missing.
    """
    sequences = list(_sequences(existing_folder(ckplus, "ckplus")))
    report(Progress(f"found {len(sequences)} sequences of CK+"))
    with FaceWriter(scratch / "ckplus.pixels", "ckplus") as writer:
        faces = [face for sequence in sequences for face in _faces(sequence, writer, params)]
        add_faces(writer, faces, find=params.face_box == "detect", report=report)
        return writer.faces()


def _sequences(root: Path) -> Iterator[_Sequence]:
    missing = [f"{name}/" for name in (IMAGES, EMOTION) if not (root / name).is_dir()]
    if missing:
        raise InputError(f"`ckplus`: {root} lacks {', '.join(missing)}. Lay it out as CK+ is published.")
    subjects = [subject for part in (IMAGES, EMOTION) for subject in folders_in(root / part)]
    places = dict.fromkeys((subject.name, folder.name) for subject in subjects for folder in folders_in(subject))
    for subject, name in places:  # those that have a label alone are missing pictures
        folder = root / IMAGES / subject / name
        yield _Sequence(root, subject, name, pictures_in(folder) if folder.is_dir() else [])


def _faces(sequence: _Sequence, writer: FaceWriter, params: CkplusParams) -> Iterator[PictureFace]:
    code = _code(sequence)
    wanted: list[tuple[Path, int]] = []
    begins = params.neutral_frames == "all" or (params.neutral_frames == "labelled" and isinstance(code, int))
    if begins and len(sequence.frames) > 1:
        wanted.append((sequence.frames[0], 0))
    if isinstance(code, int):
        wanted.append((sequence.frames[-1], code))
    else:
        writer.skips.append(code)
    for frame, label in wanted:
        face = _face(sequence, frame, label, params)
        if isinstance(face, Skip):
            writer.skips.append(face)
        else:
            yield face


def _code(sequence: _Sequence) -> int | Skip:
    """The label of a sequence's last frame."""
    folder = sequence.root / EMOTION / sequence.subject / sequence.name
    files = [name for name in names_in(folder) if name.endswith("_emotion.txt")] if folder.is_dir() else []
    if not files:
        name = f"{sequence.subject}/{sequence.name}"
        return Skip(str(folder), 0, UNLABELLED, name, "Nothing to do: CK+ labels 327 of its 593 sequences.")
    if len(files) > 1:
        return Skip(str(folder), 0, "sequence must have one label", f"{len(files)} files", _REMEDY)
    file = folder / files[0]
    last = sequence.frames[-1].stem if sequence.frames else "no frame"
    if file.name != f"{last}_emotion.txt":
        return Skip(str(file), 0, "label must name the last frame", last, _REMEDY)
    try:
        (code,) = _numbers(file, 1)
    except AnnotationError as error:
        return Skip(str(file), 0, error.rule, error.value, _REMEDY)
    if code not in LABELS:
        return Skip(str(file), 0, f"label must be 0 to {max(LABELS)}", f"{code:g}", _REMEDY)
    return int(code)


def _face(sequence: _Sequence, frame: Path, label: int, params: CkplusParams) -> PictureFace | Skip:
    name = LABELS[label]
    if name is None:
        return Skip(str(frame), 0, NOT_FIVE, str(label), NOT_FIVE_REMEDY)
    values: dict[str, Any] = {"official_split": "", "own_label": label, "subject": sequence.subject}
    path = sequence.root / POINTS / sequence.subject / sequence.name / f"{frame.stem}_landmarks.txt"
    box = None
    if path.exists() or params.face_box == "landmarks":
        try:
            values["landmarks"] = _numbers(path, 2 * LANDMARKS)
        except AnnotationError as error:
            return Skip(str(path), 0, error.rule, error.value, _REMEDY)
        box = _around(values["landmarks"]) if params.face_box == "landmarks" else None
    return PictureFace(frame, relative(frame, sequence.root), 0, name, box, values)


def _numbers(path: Path, count: int) -> list[float]:
    """The `count` finite numbers in a text file."""
    try:
        words = read_annotation(path, _LARGEST).decode("utf-8-sig").split()
    except UnicodeDecodeError as error:
        raise AnnotationError("annotation must be text", path.name) from error
    if len(words) != count:
        raise AnnotationError(f"annotation must hold {count} numbers", f"{path.name}: {len(words)}")
    return [number("each value", word, file=path.name) for word in words]


def _around(numbers: list[float]) -> tuple[float, float, float, float]:
    points = np.reshape(numbers, (-1, 2))
    least, most = points.min(axis=0), points.max(axis=0)
    side = float((most - least).max()) * _MARGIN
    x, y = ((least + most - side) / 2).tolist()
    return x, y, side, side
