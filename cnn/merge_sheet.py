"""A contact sheet of near duplicates, to see with one's own eyes what the merge takes for one picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd

from cnn.duplicates.search import Take
from runs.files import replacing_file

_MOST = 60
_COLUMNS = 6
_SIDE, _GAP, _LINE = 72, 8, 26
_GROUND, _INK = 24, 220


def write_sheet(path: Path, pairs: pd.DataFrame, take: Take) -> np.ndarray | None:
    """Draw `choose_pairs` as pairs of pictures with their correlation, splits and labels.

    Parameters
    ----------
    pairs
        The near duplicates: `first` and `second`, `correlation`, and of each face its official split and expression.
    take
        Gives faces by those positions.

    Returns
    -------
    The sheet, (height, width) uint8; None, and nothing is written, where there are no pairs.
    """
    chosen = choose_pairs(pairs)
    if not len(chosen):
        return None
    images = np.stack([take(chosen[side].to_numpy()) for side in ("first", "second")], axis=1)
    rows = chosen.to_dict("records")
    cells = [_cell(both, _captions(row)) for both, row in zip(images, rows, strict=True)]
    cells += [np.full_like(cells[0], _GROUND)] * (-len(cells) % _COLUMNS)
    sheet = np.vstack([np.hstack(cells[begin : begin + _COLUMNS]) for begin in range(0, len(cells), _COLUMNS)])
    with replacing_file(path) as beside:
        cv2.imwrite(str(beside), sheet)
    return sheet


def choose_pairs(pairs: pd.DataFrame) -> pd.DataFrame:
    """At most 60 pairs, the least sure first: half of those of which one face had to go, half of any."""
    order = pairs.sample(frac=1, random_state=0)
    one_left = order[(order["first_split"] == "") != (order["second_split"] == "")].index[: _MOST // 2]
    others = order.index.difference(one_left, sort=False)[: _MOST - len(one_left)]
    return pairs.loc[one_left.append(others)].sort_values("correlation", kind="stable")


def _captions(row: Mapping[Any, Any]) -> tuple[str, str]:
    mirrored = " mirrored" if row["mirrored"] else ""
    splits = f"{row['first_split'] or 'left out'} | {row['second_split'] or 'left out'}"
    return f"{row['correlation']:.2f}{mirrored} {row['first_expression']} | {row['second_expression']}", splits


def _cell(faces: np.ndarray, captions: tuple[str, str]) -> np.ndarray:
    cell = np.full((_SIDE + _LINE + _GAP, 2 * _SIDE + _GAP), _GROUND, np.uint8)
    for number, face in enumerate(faces):
        left = number * _SIDE
        cell[:_SIDE, left : left + _SIDE] = cv2.resize(face, (_SIDE, _SIDE), interpolation=cv2.INTER_CUBIC)
    for number, words in enumerate(captions):
        place = (1, _SIDE + 11 + 12 * number)
        cv2.putText(cell, words, place, cv2.FONT_HERSHEY_SIMPLEX, 0.3, _INK, 1, cv2.LINE_AA)
    return cell
