"""Write faces as pictures, for programs that want files: such as a cascade that needs more faces.

A cascade learns from every face, whatever its expression. So FER2013's table is taken too, with the two of its seven
classes that a merge leaves out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import cv2
import numpy as np
from annotated_types import Ge, Le

from cnn.datasets.fer2013 import SPLITS, fer2013_rows
from cnn.errors import InputError
from cnn.store import load_faces
from runs.files import replacing_folder, write_json
from runs.parameters import Parameters
from runs.progress import Progress, Report, silent
from runs.skips import Skip

_A_FOLDER = 1000
_EVERY = 500
_REPORT = "report.json"
_KNOWN = {_REPORT, *(f"{number:04}" for number in range(10_000))}


@dataclass(frozen=True, kw_only=True)
class FacePicturesParams(Parameters):
    """Which faces."""

    split: Literal["train", "validation", "test"] = "train"
    """Faces of this split. Whatever learns from the others cannot be measured on them any more."""
    source: str | None = None
    """Faces of this dataset alone; empty: of all."""
    border: Annotated[int, Ge(0), Le(48)] = 0
    """Pixels to repeat around each face, so that a detector finds those that fill their picture; 12 is enough."""


@dataclass(frozen=True)
class FacePictures:
    """What `write_face_pictures` wrote: the folder and how many pictures."""

    out: Path
    pictures: int


def write_face_pictures(
    faces: Path, out: Path, params: FacePicturesParams = FacePicturesParams(), *, report: Report = silent
) -> FacePictures:
    """Write grey PNGs of 48x48 pixels and the border, a thousand a folder, named by source and position (or line).

    Parameters
    ----------
    faces
        What `cnn.merge.merge` wrote; or FER2013's csv file, compressed or not, for the faces of all its seven classes.
    out
        The folder to write, whole or not at all; an older one of the same kind is replaced.

    Raises
    ------
    InputError
        The store or the table is damaged, has no such face, or a dataset's name in it cannot be part of a file's.
    RunMismatchError
        `out` holds other files; they are not touched.
    """
    chosen = _of_table(faces, params) if faces.is_file() else _of_store(faces, params)
    number, wide = 0, params.border
    with replacing_folder(out, known=_KNOWN) as folder:
        for number, (name, image) in enumerate(chosen, start=1):
            place = folder / f"{(number - 1) // _A_FOLDER:04}"
            place.mkdir(exist_ok=True)
            bordered = cv2.copyMakeBorder(image, wide, wide, wide, wide, cv2.BORDER_REPLICATE)
            (place / f"{name}.png").write_bytes(cv2.imencode(".png", bordered)[1].tobytes())
            if number % _EVERY == 0:
                report(Progress("writing pictures", number))
        if not number:
            raise InputError(f"{faces} holds no face of the split {params.split!r}. Choose another `split`.")
        write_json(folder / _REPORT, {"pictures": number, "faces": faces.name, **params.as_dict()})
    report(Progress(f"{number} pictures written", number, number))
    return FacePictures(out, number)


def _of_store(faces: Path, params: FacePicturesParams) -> Iterator[tuple[str, np.ndarray]]:
    """Name and picture of each face of a store."""
    images, _, table = load_faces(faces).split(params.split)
    sources = table["source"].to_numpy(str)
    _check_names(faces, set(sources))
    if params.source is not None and params.source not in sources:
        raise InputError(f"`source` must be one of {', '.join(sorted(set(sources)))}. Got {params.source!r}.")
    for row in (row for row, source in enumerate(sources) if params.source in (None, source)):
        yield f"{sources[row]}_{table['index'][row]:07}", images[row]


def _of_table(path: Path, params: FacePicturesParams) -> Iterator[tuple[str, np.ndarray]]:
    """Name and picture of each whole row of FER2013's table; the merge reports the broken ones."""
    if params.source not in (None, "fer2013"):
        raise InputError(f"`source` must be fer2013 or empty: {path} is a file. Got {params.source!r}.")
    for row in fer2013_rows(path):
        if not isinstance(row, Skip) and SPLITS[row.usage] == params.split:
            yield f"fer2013_{row.line:07}", np.frombuffer(row.pixels, np.uint8).reshape(48, 48)


def _check_names(faces: Path, sources: set[str]) -> None:
    """Refuse a store from a stranger whose names would lead out of the folder."""
    for name in sorted(sources):
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
            raise InputError(f"{faces}: `source` must be letters, digits, - and _. Got {str(name)!r}. Merge again.")
