"""AffectNet in its npy form: cropped faces by number, and their annotations as small ``.npy`` files beside them.

References
----------
Mollahosseini et al., "AffectNet: a database for facial expression, valence, and arousal computing in the wild", 2017.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path, PurePath
from typing import Any

from cnn.datasets.annotation_files import AnnotationError, MissingAnnotationError, feeling
from cnn.datasets.npy_numbers import read_numbers
from cnn.datasets.picture_files import PICTURE_REMEDY, existing_folder, is_picture, names_in, relative
from cnn.datasets.pictures import PictureFace, add_pictures
from cnn.datasets.reader import reader
from cnn.datasets.table import LANDMARKS, NOT_FIVE, NOT_FIVE_REMEDY, FaceWriter, LabelledFaces
from cnn.errors import InputError
from cnn.labels import AFFECTNET
from runs.progress import Progress, Report, silent

SETS: dict[str, str] = {"train_set": "training", "val_set": "validation"}
"""The two folders and the official split each one is."""

_LABEL_END = "_exp.npy"
_LABELS = 8
_REMEDY = "Download the annotation again, or remove the picture."


@reader(
    "affectnet_npy",
    help="The folder with train_set/ and val_set/, or one of them, each with images/ and annotations/.",
    licence="AffectNet, University of Denver (M. Mahoor): for research, on signed request.",
    splits={"training": "train", "validation": "test"},
)
def read_affectnet_npy(affectnet: Path, scratch: Path, report: Report = silent) -> LabelledFaces:
    """Read both sets; the pictures are faces cut out already, and are taken whole.

    Every annotation that is there must be sound. Those of valence, arousal and landmarks may be missing, and then, or
    where valence or arousal is -2, they are not known.

    Parameters
    ----------
    affectnet
        The folder with ``train_set/`` and ``val_set/``, each with ``images/N.jpg`` and ``annotations/N_exp.npy``.
    scratch
        A folder for the file that holds the pixels; it must outlive the result.

    Raises
    ------
    InputError
        The folder is missing, or holds neither set whole.
    """
    sets = _sets(existing_folder(affectnet, "affectnet_npy"))
    report(Progress("looking for AffectNet's pictures"))
    pictures = {one: [name for name in names_in(one / "images") if is_picture(name)] for one in sets}
    with FaceWriter(scratch / "affectnet_npy.pixels", "affectnet_npy") as writer:
        for one, names in pictures.items():
            _report_orphans(one, {_stem(name) for name in names}, writer)
        faces = chain.from_iterable(_faces(one, names, writer) for one, names in pictures.items())
        add_pictures(writer, faces, total=sum(map(len, pictures.values())), report=report)
        return writer.faces()


def _sets(affectnet: Path) -> list[Path]:
    found = [affectnet / name for name in SETS if (affectnet / name).is_dir()]
    if not found:
        raise InputError(f"`affectnet_npy`: {affectnet} holds none of {', '.join(SETS)}. Lay it out as published.")
    missing = [f"{one.name}/{part}" for one in found for part in ("images", "annotations") if not (one / part).is_dir()]
    if missing:
        raise InputError(f"`affectnet_npy`: {affectnet} lacks {', '.join(missing)}. Lay it out as published.")
    return found


def _report_orphans(folder: Path, stems: set[str], writer: FaceWriter) -> None:
    for name in names_in(folder / "annotations"):
        if name.endswith(_LABEL_END) and name.removesuffix(_LABEL_END) not in stems:
            path = folder / "annotations" / name
            writer.skip(path, 0, "annotation must have its picture", name, PICTURE_REMEDY)


def _faces(folder: Path, names: list[str], writer: FaceWriter) -> Iterator[PictureFace]:
    annotations = folder / "annotations"
    for name in names:
        path = folder / "images" / name
        try:
            label = _label(annotations / f"{path.stem}{_LABEL_END}")
            expression = AFFECTNET[label]
            if expression is None:
                writer.skip(path, 0, NOT_FIVE, label, NOT_FIVE_REMEDY)
                continue
            values = _values(annotations, path.stem)
        except AnnotationError as error:
            writer.skip(path, 0, error.rule, error.value, _REMEDY)
            continue
        given = {"official_split": SETS[folder.name], "own_label": label, **values}
        yield PictureFace(path, relative(path, folder.parent), 0, expression, None, given)


def _stem(name: str) -> str:
    return PurePath(name).stem


def _label(path: Path) -> int:
    number = float(read_numbers(path, 1)[0])
    if number not in range(_LABELS):
        raise AnnotationError(f"expression must be 0 to {_LABELS - 1}", f"{path.name}: {number:g}")
    return int(number)


def _values(annotations: Path, stem: str) -> dict[str, Any]:
    """Valence, arousal and landmarks, those that are there."""
    values: dict[str, Any] = {}
    with suppress(MissingAnnotationError):
        values["landmarks"] = read_numbers(annotations / f"{stem}_lnd.npy", 2 * LANDMARKS)
    for column, end in (("valence", "val"), ("arousal", "aro")):
        name = f"{stem}_{end}.npy"
        with suppress(MissingAnnotationError):
            values[column] = feeling(column, read_numbers(annotations / name, 1)[0], file=name)
    return values
