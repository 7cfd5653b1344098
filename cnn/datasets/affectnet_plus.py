"""AffectNet+: pictures of faces, each with a JSON file of the same stem that holds a label and eight soft labels.

References
----------
Fard et al., "AffectNet+: a database for enhancing facial expression recognition with soft-labels", 2024.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path, PurePath
from typing import Any

from cnn.datasets.annotation_files import AnnotationError, feeling, number, read_annotation
from cnn.datasets.picture_files import (
    PICTURE_REMEDY,
    existing_folder,
    is_picture,
    names_in,
    official_split,
    relative,
    walk,
)
from cnn.datasets.pictures import PictureFace, add_pictures
from cnn.datasets.reader import reader
from cnn.datasets.table import LANDMARKS, NOT_FIVE, NOT_FIVE_REMEDY, VOTE_COLUMNS, FaceWriter, LabelledFaces
from cnn.errors import InputError
from cnn.labels import AFFECTNET, EXPRESSIONS
from runs.progress import Progress, Report, silent
from runs.skips import Skip

_SOFT_LABELS = 8
_LARGEST = 1 << 20
_OWN_JSON = "picture must have its own .json file"
_OBJECT = "annotation must be one JSON object"
_REMEDY = "Download the JSON file again, or remove it and its picture."


@reader(
    "affectnet_plus",
    help="A folder, at any depth, of pictures with a JSON file of the same stem beside each.",
    licence="AffectNet+, University of Denver (M. Mahoor): for research, on signed request.",
    splits={"training": "train", "validation": "test", "test": "test"},
)
def read_affectnet_plus(affectnet: Path, scratch: Path, report: Report = silent) -> LabelledFaces:
    """Read the pictures below a folder with their human label and their soft labels for the five classes.

    Keys are taken in any case, and with ``-``, ``_``, a space or nothing between their words. The soft labels of the
    other three classes are left out, so that the five need not sum to 1. The official split is what a folder on the
    way to the picture says (see `cnn.datasets.picture_files.SPLITS`), the nearest first, or none.

    Parameters
    ----------
    affectnet
        The folder.
    scratch
        A folder for the file that holds the pixels; it must outlive the result.

    Raises
    ------
    InputError
        The folder is missing, or no JSON file is below it.
    """
    root = existing_folder(affectnet, "affectnet_plus")
    report(Progress("looking for AffectNet+'s pictures"))
    total = sum(_is_json(name) for folder in walk(root) for name in names_in(folder))
    if not total:
        raise InputError(f"`affectnet_plus`: {root} holds no .json files. Give the folder that AffectNet+ unpacks to.")
    with FaceWriter(scratch / "affectnet_plus.pixels", "affectnet_plus") as writer:
        faces = chain.from_iterable(_faces(root, folder, writer) for folder in walk(root))
        add_pictures(writer, faces, total=total, report=report)
        return writer.faces()


def _is_json(name: str) -> bool:
    return name.lower().endswith(".json")


def _faces(root: Path, folder: Path, writer: FaceWriter) -> Iterator[PictureFace]:
    names = names_in(folder)
    described = {PurePath(name).stem: name for name in names if _is_json(name)}
    for name in names:
        if not is_picture(name):
            continue
        annotation = described.pop(PurePath(name).stem, None)
        face = _face(root, folder / name, annotation) if annotation else _orphan(folder / name, _OWN_JSON, _REMEDY)
        if isinstance(face, Skip):
            writer.skips.append(face)
        else:
            yield face
    rule = "annotation must have its picture"
    writer.skips.extend(_orphan(folder / name, rule, PICTURE_REMEDY) for name in described.values())


def _orphan(path: Path, rule: str, remedy: str) -> Skip:
    return Skip(str(path), 0, rule, path.name, remedy)


def _face(root: Path, picture: Path, annotation: str) -> PictureFace | Skip:
    path = picture.parent / annotation
    try:
        fields = _by_plain_key(_load(path))
        label = _label(fields)
        name = AFFECTNET[label]
        if name is None:
            return Skip(str(path), 0, NOT_FIVE, str(label), NOT_FIVE_REMEDY)
        values = _soft_labels(fields) | _metadata(fields.get("metadata"))
    except AnnotationError as error:
        return Skip(str(path), 0, error.rule, error.value, _REMEDY)
    file = relative(picture, root)
    values |= {"own_label": label, "official_split": official_split((root.name, *file.split("/")[:-1]))}
    return PictureFace(picture, file, 0, name, None, values)


def _label(fields: dict[str, Any]) -> int:
    label = number("Human-Label", fields.get("humanlabel"), 0, max(AFFECTNET))
    if label not in AFFECTNET:
        raise AnnotationError("Human-Label must be 0 to 10", label)
    return int(label)


def _soft_labels(fields: dict[str, Any]) -> dict[str, Any]:
    soft = _numbers("Soft-Label", fields.get("softlabel"), _SOFT_LABELS, 0, 1)
    by_class = {AFFECTNET[place]: share for place, share in enumerate(soft)}
    return {column: by_class[name] for column, name in zip(VOTE_COLUMNS, EXPRESSIONS, strict=True)}


def _metadata(found: Any) -> dict[str, Any]:
    """Valence, arousal and landmarks, those that are there and known."""
    values: dict[str, Any] = {}
    if not isinstance(found, (dict, type(None))):
        raise AnnotationError("Metadata must be one JSON object", type(found).__name__)
    fields = _by_plain_key(found or {})
    for column in ("valence", "arousal"):
        if fields.get(column) is not None:
            values[column] = feeling(column, fields[column])
    points = next((fields[key] for key in ("landmarks", "landmark", "faciallandmarks") if fields.get(key)), None)
    if points is not None:
        values["landmarks"] = _numbers("landmarks", _flat(points), 2 * LANDMARKS)
    return values


def _load(path: Path) -> dict[str, Any]:
    data = read_annotation(path, _LARGEST)
    try:
        found = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:  # not UTF-8, not JSON, or nested without end
        raise AnnotationError(_OBJECT, error) from error
    if not isinstance(found, dict):
        raise AnnotationError(_OBJECT, type(found).__name__)
    return found


def _by_plain_key(fields: dict[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for key, value in fields.items():
        name = "".join(letter for letter in key.lower() if letter.isalnum())
        if name in plain and plain[name] != value:
            raise AnnotationError("a key must be there once", key)
        plain[name] = value
    return plain


def _flat(points: Any) -> Any:
    """A list of pairs as one list; anything else as it is."""
    if isinstance(points, list) and all(isinstance(point, list) for point in points):
        return [value for point in points for value in point]
    return points


def _numbers(name: str, values: Any, count: int, *bounds: float) -> tuple[float, ...]:
    if not isinstance(values, list) or len(values) != count:
        raise AnnotationError(f"{name} must be {count} numbers", values)
    return tuple(number(name, value, *bounds) for value in values)
