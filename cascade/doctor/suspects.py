"""The contact sheet of what a known cascade finds among the negatives: for the eye to decide."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cascade.boxes import Box
from cascade.contact_sheet import write_sheet
from cascade.doctor.evidence import Evidence
from cascade.pictures import PictureError, load_grey

MOST = 60
"""Finds on the sheet: those with the highest scores."""

_TILE = 150
_MARGIN = 0.4
_LETTERS = 18
_INK = 235


def choose_suspects(evidence: Evidence) -> list[tuple[float, Path, Box]]:
    """The finds with the highest scores: score, picture and box."""
    pictures = dict.fromkeys(entry.picture for entry in evidence.negative_entries)
    found = [(score, path, box) for path in pictures for box, score in evidence.looks[path].found]
    return sorted(found, key=lambda one: (-one[0], str(one[1])))[:MOST]


def save_suspects(path: Path, evidence: Evidence) -> None:
    """Write a PNG with a tile for each of the chosen finds: the box and a margin, the score, the picture's name."""
    suspects = choose_suspects(evidence)
    captions = [f"{score:g} {picture.name[-_LETTERS:]}" for score, picture, _ in suspects]
    write_sheet(path, [_tile(picture, box) for _, picture, box in suspects], captions=captions)


def _tile(picture: Path, box: Box) -> NDArray[np.uint8]:
    """The box with a margin around it, in a square; where the margin is outside, the edge goes on."""
    try:
        image = load_grey(picture)
    except PictureError:
        return np.zeros((_TILE, _TILE), np.uint8)
    extent = (1 + 2 * _MARGIN) * max(box[2], box[3])
    scale = _TILE / extent
    shift = [_TILE / 2 - scale * (box[i] + box[i + 2] / 2) for i in (0, 1)]
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    tile = cv2.warpAffine(image, matrix, (_TILE, _TILE), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
    start = [round(scale * box[i] + shift[i]) for i in (0, 1)]
    end = [round(scale * (box[i] + box[i + 2]) + shift[i]) for i in (0, 1)]
    return np.asarray(cv2.rectangle(tile, start, end, _INK, 1), np.uint8)
