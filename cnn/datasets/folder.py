"""Class folders: pictures of faces in folders that bear the classes' names, below folders for splits or without."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cnn.datasets.face_boxes import add_faces
from cnn.datasets.picture_files import (
    SPLITS,
    existing_folder,
    folders_in,
    is_picture,
    names_in,
    official_split,
    pictures_in,
    relative,
    walk,
)
from cnn.datasets.pictures import PictureFace
from cnn.datasets.reader import reader
from cnn.datasets.table import NOT_FIVE, NOT_FIVE_REMEDY, FaceWriter, LabelledFaces
from cnn.errors import InputError
from cnn.labels import class_index
from runs.parameters import Parameters
from runs.progress import Progress, Report, silent

ALIASES: dict[str, str | None] = {
    **dict.fromkeys(("happy", "happiness", "joy", "joyful", "smile", "smiling"), "Happy"),
    **dict.fromkeys(("sad", "sadness"), "Sad"),
    **dict.fromkeys(("surprise", "surprised"), "Surprise"),
    **dict.fromkeys(("angry", "anger"), "Angry"),
    **dict.fromkeys(("neutral", "neutrality"), "Neutral"),
    **dict.fromkeys(("fear", "fearful", "afraid", "scared", "disgust", "disgusted", "contempt", "contemptuous"), None),
    **dict.fromkeys(("unknown", "uncertain", "none", "nf", "no-face", "noface", "no_face", "other", "others"), None),
}
"""The folders' names in lower case; None where the class is none of the five.

A number before the name, as in ``3_happy``, is not read; a folder that is only a number is unknown, as no two datasets
number their classes alike.
"""

UNKNOWN_FOLDER = "folder must bear a known class's name"


@dataclass(frozen=True, kw_only=True)
class FolderParams(Parameters):
    """What of the pictures is taken."""

    face_box: Literal["whole", "detect"] = "whole"
    """Where the face is in the picture. whole: the pictures are faces cut out already; detect: dlib's detector of
    frontal faces finds the largest."""


@reader(
    "folder",
    help="A folder of class folders (happy/, sad/, ...), or of train/, val/ and test/ with such folders in them.",
    licence="Whatever holds for the pictures that you put there.",
    splits={"training": "train", "validation": "validation", "test": "test"},
    params=FolderParams,
)
def read_folder(
    folder: Path, scratch: Path, report: Report = silent, *, params: FolderParams = FolderParams()
) -> LabelledFaces:
    """Read the pictures in and below every class folder; those in folders of unknown names are skipped and counted.

    Parameters
    ----------
    folder
        The folder: ``<class>/*.png``, ``<split>/<class>/*.png``, ``<class>/<split>/*.png``, or some of each. See
        `ALIASES` and `cnn.datasets.picture_files.SPLITS`.
    scratch
        A folder for the file that holds the pixels; it must outlive the result.

    Raises
    ------
    InputError
        The folder is missing, or no class's folder is in it.
    """
    existing_folder(folder, "folder")
    classes = list(_class_folders(folder))
    if not any(_plain(one.name) in ALIASES for one in classes):
        names = ", ".join(one.name for one in classes[:10]) or "none"
        raise InputError(f"`folder`: {folder} holds no class's folder, such as happy/. Got the folders {names}.")
    report(Progress(f"found {len(classes)} class folders"))
    with FaceWriter(scratch / "folder.pixels", "folder") as writer:
        _report_strays(folder, writer)
        faces = [face for one in classes for face in _faces(folder, one, writer)]
        add_faces(writer, faces, find=params.face_box == "detect", report=report)
        return writer.faces()


def _class_folders(folder: Path) -> Iterator[Path]:
    for one in folders_in(folder):
        if one.name.lower() in SPLITS:
            yield from folders_in(one)
        else:
            yield one


def _report_strays(folder: Path, writer: FaceWriter) -> None:
    for one in (folder, *(below for below in folders_in(folder) if below.name.lower() in SPLITS)):
        for path in pictures_in(one):
            writer.skip(path, 0, "picture must lie in a class's folder", path.name, "Move it, or remove it.")


def _faces(root: Path, folder: Path, writer: FaceWriter) -> Iterator[PictureFace]:
    name = _plain(folder.name)
    for path in (below / file for below in walk(folder) for file in names_in(below)):
        file = relative(path, root)
        expression = ALIASES.get(name)
        if not is_picture(path.name):
            writer.skip(path, 0, "file must be a picture by its name", file, "Remove it, or name it rightly.")
        elif name not in ALIASES:
            writer.skip(path, 0, UNKNOWN_FOLDER, folder.name, "Rename it to one of `cnn.datasets.folder.ALIASES`.")
        elif expression is None:
            writer.skip(path, 0, NOT_FIVE, folder.name, NOT_FIVE_REMEDY)
        else:
            split = official_split(file.split("/")[:-1])
            values = {"official_split": split, "own_label": class_index(expression)}
            yield PictureFace(path, file, 0, expression, None, values)


def _plain(name: str) -> str:
    """A folder's name in lower case, without a number before it."""
    return re.sub(r"^\d+[\s._-]+", "", name.strip().lower())
