"""A contact sheet: many grey pictures on one, to look over samples at a glance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cascade.errors import InputError
from runs.files import replacing_file

_GROUND = 32
_GAP = 2
_LINE = 14


def draw_sheet(
    pictures: Sequence[NDArray[np.uint8]],
    *,
    columns: int | None = None,
    cell: tuple[int, int] | None = None,
    captions: Sequence[str] = (),
) -> NDArray[np.uint8]:
    """Draw pictures in rows on one dark sheet.

    Parameters
    ----------
    pictures
        Grey pictures of shape (height, width), of one size or many.
    columns
        Pictures in a row; None: about as many as make the sheet square.
    cell
        Width and height of a picture's place; each is scaled to fit, its shape kept. None: the largest picture's size.
    captions
        A short line below each picture, or nothing; letters outside ASCII become question marks.

    Returns
    -------
    Array of shape (height, width), uint8.

    Raises
    ------
    InputError
        There are no pictures.
    """
    if not len(pictures):
        raise InputError("A contact sheet needs at least one picture. Got none.")
    width, height = cell or (max(p.shape[1] for p in pictures), max(p.shape[0] for p in pictures))
    columns = min(len(pictures), columns or math.ceil(math.sqrt(len(pictures) * height / width)))
    pitch = (width + _GAP, height + _GAP + (_LINE if captions else 0))
    rows = math.ceil(len(pictures) / columns)
    sheet = np.full((rows * pitch[1] + _GAP, columns * pitch[0] + _GAP), _GROUND, np.uint8)
    for i, picture in enumerate(pictures):
        x, y = _GAP + i % columns * pitch[0], _GAP + i // columns * pitch[1]
        _place(sheet[y : y + height, x : x + width], picture)
        if i < len(captions):
            _write(sheet[y + height : y + pitch[1], x : x + width], captions[i])
    return sheet


def write_sheet(
    path: Path,
    pictures: Sequence[NDArray[np.uint8]],
    *,
    columns: int | None = None,
    cell: tuple[int, int] | None = None,
    captions: Sequence[str] = (),
) -> None:
    """Draw a sheet (see `draw_sheet`) and write it as a PNG, whole or not at all."""
    sheet = draw_sheet(pictures, columns=columns, cell=cell, captions=captions)
    if path.suffix.lower() != ".png":
        raise InputError(f"A contact sheet must be named .png. Got {path}.")
    with replacing_file(path) as beside:
        beside.write_bytes(cv2.imencode(".png", sheet)[1].tobytes())


def _place(ground: NDArray[np.uint8], picture: NDArray[np.uint8]) -> None:
    factor = min(ground.shape[1] / picture.shape[1], ground.shape[0] / picture.shape[0])
    width, height = (max(1, round(side * factor)) for side in (picture.shape[1], picture.shape[0]))
    if factor != 1:
        # Enlarged, a sample shows the very pixels that a trainer sees.
        method = cv2.INTER_AREA if factor < 1 else cv2.INTER_NEAREST
        picture = np.asarray(cv2.resize(picture, (width, height), interpolation=method), np.uint8)
    x, y = (ground.shape[1] - width) // 2, (ground.shape[0] - height) // 2
    ground[y : y + height, x : x + width] = picture


def _write(ground: NDArray[np.uint8], caption: str) -> None:
    words = caption.encode("ascii", "replace").decode("ascii")
    line = np.full_like(ground, _GROUND)
    cv2.putText(line, words, (1, len(line) - 4), cv2.FONT_HERSHEY_SIMPLEX, 0.35, 230, 1, cv2.LINE_AA)
    ground[:] = line
