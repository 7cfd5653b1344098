"""`facefoundry cnn pictures`: faces as files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cnn.face_pictures import FacePicturesParams, write_face_pictures
from flows.commands.step_app import FLATTEN
from flows.commands.terminal import progress_bar, show


def pictures(faces: Path, out: Path, *, params: Annotated[FacePicturesParams, FLATTEN] = FacePicturesParams()) -> None:
    """Write faces as PNG files, such as more positives for a cascade (`facefoundry annotations propose`).

    Parameters
    ----------
    faces
        What `facefoundry cnn merge` wrote; or fer2013.csv (.xz, .gz, .zip too), for the faces of all its seven classes.
    out
        The folder to write, whole or not at all.
    """
    with progress_bar("pictures") as report:
        show(write_face_pictures(faces, out, params, report=report))
