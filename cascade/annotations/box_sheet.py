"""Contact sheets of boxes: each cut out with some of the picture around it, drawn, numbered and captioned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cascade.boxes import Box
from cascade.pictures import PictureError, load_grey

COLUMNS, ROWS = 8, 6
PER_SHEET = COLUMNS * ROWS
"""How many boxes one sheet shows."""

_SIDE, _CAPTION, _GAP, _HEAD = 150, 22, 10, 44
_PAPER, _INK, _FRAME = (31, 25, 21), (246, 242, 238), (33, 162, 255)
_OUTSIDE = 40
_FONT = cv2.FONT_HERSHEY_SIMPLEX


@dataclass(frozen=True)
class Crop:
    """One box to show, and its caption (ASCII)."""

    picture: Path
    box: Box
    caption: str


def draw_sheet(crops: Sequence[Crop], title: str, context: float = 0.5) -> NDArray[np.uint8]:
    """Draw up to `PER_SHEET` boxes, row by row.

    Parameters
    ----------
    title
        One line of ASCII above them.
    context
        How much of the picture is shown on each side of a box, as a share of its larger side.

    Returns
    -------
    BGR, shape (height, width, 3). A box whose picture cannot be read is an empty tile.
    """
    rows = -(-len(crops) // COLUMNS)
    width = _GAP + COLUMNS * (_SIDE + _GAP)
    sheet = np.full((_HEAD + rows * (_SIDE + _CAPTION + _GAP), width, 3), _PAPER, np.uint8)
    cv2.putText(sheet, title, (_GAP, 29), _FONT, 0.62, _INK, 1, cv2.LINE_AA)
    for number, (crop, image) in enumerate(_with_pictures(crops)):
        row, column = divmod(number, COLUMNS)
        x, y = _GAP + column * (_SIDE + _GAP), _HEAD + row * (_SIDE + _CAPTION + _GAP)
        if image is not None:
            sheet[y : y + _SIDE, x : x + _SIDE] = _tile(image, crop.box, context)
        cv2.putText(sheet, crop.caption, (x + 2, y + _SIDE + 16), _FONT, 0.45, _INK, 1, cv2.LINE_AA)
    return sheet


def save_sheet(path: Path, sheet: NDArray[np.uint8]) -> None:
    """Write a sheet as PNG; a full disk is an error, as OpenCV's own writer would not say."""
    path.write_bytes(cv2.imencode(".png", sheet)[1].tobytes())


def _with_pictures(crops: Sequence[Crop]) -> Iterator[tuple[Crop, NDArray[np.uint8] | None]]:
    """Each crop with its picture; neighbours in the same picture open it once, and only one is held."""
    last: Path | None = None
    image: NDArray[np.uint8] | None = None
    for crop in crops:
        if crop.picture != last:
            last = crop.picture
            try:
                image = load_grey(crop.picture)
            except PictureError:
                image = None
        yield crop, image


def _tile(image: NDArray[np.uint8], box: Box, context: float) -> NDArray[np.uint8]:
    """The square around the box, scaled to the tile; what lies outside the picture is dark."""
    x, y, width, height = box
    side = max(round(max(width, height) * (1 + 2 * context)), 1)
    left, top, scale = x + width // 2 - side // 2, y + height // 2 - side // 2, _SIDE / side
    ends = np.clip([[left, top], [left + side, top + side]], 0, image.shape[::-1])
    (x0, y0), (x1, y1) = ends.tolist()
    (u0, v0), (u1, v1) = np.rint((ends - (left, top)) * scale).clip(0, _SIDE).astype(int).tolist()
    grey = np.full((_SIDE, _SIDE), _OUTSIDE, np.uint8)
    if x1 > x0 and y1 > y0 and u1 > u0 and v1 > v0:
        grey[v0:v1, u0:u1] = cv2.resize(image[y0:y1, x0:x1], (u1 - u0, v1 - v0), interpolation=cv2.INTER_AREA)
    tile = np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), dtype=np.uint8)
    start = (round((x - left) * scale), round((y - top) * scale))
    cv2.rectangle(tile, start, (start[0] + round(width * scale), start[1] + round(height * scale)), _FRAME, 1)
    return tile
