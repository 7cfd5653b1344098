"""A sheet of scenes: each face with what was said of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from cascade.pictures import load_grey
from cnn.labels import EXPRESSIONS
from pair.measure import SceneOutcome
from runs.page import count

if TYPE_CHECKING:
    from pair.score import PairScore

WIDTH = 1600
"""The sheet's width in pixels."""

RIGHT, WRONG, MISS, ALARM = (127, 208, 53), (66, 205, 255), (94, 77, 255), (255, 140, 190)  # BGR
_PAPER, _INK = (31, 25, 21), (246, 242, 238)
_MARGIN, _GAP, _HEAD, _CAPTION, _HIGHEST, _PLATE = 24, 16, 56, 24, 420, 16
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def save_montage(path: Path, outcomes: Sequence[SceneOutcome], score: PairScore, most: int, columns: int) -> None:
    """Write a PNG, 1600 pixels wide: faces rightly named green, wrongly yellow, missed red, false alarms violet.

    Of more scenes than `most`, half are those with the most mistakes, half those with the most faces rightly named.
    """
    chosen = choose(outcomes, most)
    rows = [_row(chosen[start : start + columns]) for start in range(0, len(chosen), columns)]
    sheet = np.vstack([_head(score), *rows])
    encoded, data = cv2.imencode(".png", sheet)
    if not encoded:
        raise OSError(f"{path}: OpenCV could not encode the montage of shape {sheet.shape}.")
    path.write_bytes(data.tobytes())


def choose(outcomes: Sequence[SceneOutcome], most: int) -> list[SceneOutcome]:
    """At most `most` scenes in their order: half with the most mistakes, the rest with the most faces rightly named."""
    numbers = range(len(outcomes))
    mistakes = sorted(numbers, key=lambda n: -mistakes_of(outcomes[n]))
    chosen = set(mistakes[: (most + 1) // 2])
    others = sorted((n for n in numbers if n not in chosen), key=lambda n: -outcomes[n].right)
    return [outcomes[n] for n in sorted(chosen | set(others[: most - len(chosen)]))]


def mistakes_of(one: SceneOutcome) -> int:
    """Faces that are not found or wrongly named, and false alarms."""
    return one.faces - one.right + one.false_alarms


def drawn(one: SceneOutcome, longest: int) -> NDArray[np.uint8]:
    """The scene in colour with its boxes and words, its longer side at most `longest` pixels."""
    grey = load_grey(one.picture)
    factor = min(1.0, longest / max(grey.shape))
    size = (max(1, round(one.width * factor)), max(1, round(one.height * factor)))
    image = cv2.cvtColor(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), cv2.COLOR_GRAY2BGR)
    for box, took, said, right in zip(one.matched.boxes, one.matched.takes, one.said, one.is_right, strict=True):
        colour = RIGHT if right else WRONG if took >= 0 else ALARM
        true = "" if right or took < 0 else f" ({EXPRESSIONS[one.labels[took]]})"
        _box(image, box * factor, colour, EXPRESSIONS[said] + true)
    for box, label in zip(one.matched.truth[one.answers < 0], one.labels[one.answers < 0], strict=True):
        _box(image, box * factor, MISS, f"missed ({EXPRESSIONS[label]})")
    return np.asarray(image)


def _box(image: NDArray[np.uint8], box: NDArray[np.float64], colour: tuple[int, int, int], words: str) -> None:
    x, y, width, height = (round(value) for value in box.tolist())
    cv2.rectangle(image, (x, y), (x + width, y + height), colour, 2)
    wide = cv2.getTextSize(words, _FONT, 0.42, 1)[0][0] + 6
    left = max(min(x - 1, image.shape[1] - wide), 0)
    top = y - _PLATE if y >= _PLATE else min(y + height, image.shape[0] - _PLATE)
    cv2.rectangle(image, (left, top), (left + wide, top + _PLATE), colour, cv2.FILLED)
    cv2.putText(image, words, (left + 3, top + 12), _FONT, 0.42, _PAPER, 1, cv2.LINE_AA)


def _row(scenes: Sequence[SceneOutcome]) -> NDArray[np.uint8]:
    shapes = [min(max(one.width / one.height, 0.4), 3.0) for one in scenes]
    height = round(min((WIDTH - 2 * _MARGIN - _GAP * (len(scenes) - 1)) / sum(shapes), _HIGHEST))
    row = np.full((height + _CAPTION + _GAP, WIDTH, 3), _PAPER, np.uint8)
    x = _MARGIN
    for one, shape in zip(scenes, shapes, strict=True):
        width = int(shape * height)
        row[:height, x : x + width] = cv2.resize(
            drawn(one, max(width, height)), (width, height), interpolation=cv2.INTER_AREA
        )
        words = f"{one.right} of {one.faces} right" + (f", {one.false_alarms} false" if one.false_alarms else "")
        cv2.putText(row, words, (x, height + 17), _FONT, 0.45, _INK, 1, cv2.LINE_AA)
        x += width + _GAP
    return row


def _head(score: PairScore) -> NDArray[np.uint8]:
    head = np.full((_HEAD, WIDTH, 3), _PAPER, np.uint8)
    parts = (
        (f"{score.right} right", RIGHT),
        (f"{score.found - score.right} wrongly named", WRONG),
        (f"{score.faces - score.found} missed", MISS),
        (count(score.false_alarms, "false alarm"), ALARM),
        (f"in {count(score.scenes, 'scene')}", _INK),
    )
    x = _MARGIN
    for words, colour in parts:
        cv2.putText(head, words, (x, 36), _FONT, 0.62, colour, 1, cv2.LINE_AA)
        x += cv2.getTextSize(words, _FONT, 0.62, 1)[0][0] + _MARGIN
    return head
