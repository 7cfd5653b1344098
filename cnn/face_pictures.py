"""Write a store's faces as pictures, for programs that want files: such as a cascade that needs more faces."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2

from cnn.errors import InputError
from cnn.store import load_faces
from runs.files import replacing_folder, write_json
from runs.parameters import Parameters
from runs.progress import Progress, Report, silent

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


@dataclass(frozen=True)
class FacePictures:
    """What `write_face_pictures` wrote: the folder and how many pictures."""

    out: Path
    pictures: int


def write_face_pictures(
    faces: Path, out: Path, params: FacePicturesParams = FacePicturesParams(), *, report: Report = silent
) -> FacePictures:
    """Write grey PNGs of 48x48 pixels, named by source and position in the store, a thousand a folder.

    Parameters
    ----------
    faces
        What `cnn.merge.merge` wrote.
    out
        The folder to write, whole or not at all; an older one of the same kind is replaced.

    Raises
    ------
    InputError
        The store is damaged, has no such face, or a dataset's name in it cannot be part of a file's.
    RunMismatchError
        `out` holds other files; they are not touched.
    """
    images, _, table = load_faces(faces).split(params.split)
    sources = table["source"].to_numpy(str)
    _check_names(faces, set(sources))
    chosen = [row for row, source in enumerate(sources) if params.source in (None, source)]
    if not chosen:
        raise InputError(f"`source` must be one of {', '.join(sorted(set(sources)))}. Got {params.source!r}.")
    with replacing_folder(out, known=_KNOWN) as folder:
        for number, row in enumerate(chosen):
            place = folder / f"{number // _A_FOLDER:04}"
            place.mkdir(exist_ok=True)
            png = cv2.imencode(".png", images[row])[1].tobytes()
            (place / f"{sources[row]}_{table['index'][row]:07}.png").write_bytes(png)
            if number % _EVERY == 0:
                report(Progress("writing pictures", number, len(chosen)))
        write_json(folder / _REPORT, {"pictures": len(chosen), "faces": faces.name, **params.as_dict()})
    report(Progress(f"{len(chosen)} pictures written", len(chosen), len(chosen)))
    return FacePictures(out, len(chosen))


def _check_names(faces: Path, sources: set[str]) -> None:
    """Refuse a store from a stranger whose names would lead out of the folder."""
    for name in sorted(sources):
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
            raise InputError(f"{faces}: `source` must be letters, digits, - and _. Got {str(name)!r}. Merge again.")
