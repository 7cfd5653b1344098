"""Drawn faces in the official files of FER2013 and FER+, with the faults that the real ones have."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cnn.labels import EXPRESSIONS, FER2013, FERPLUS, FERPLUS_COLUMNS
from cnn.synthetic.face import draw_face
from cnn.synthetic.pictures import crop_face, develop, draw_backdrop
from runs.files import write_text
from runs.progress import Progress, Report, silent

_SIDE = 48
_DRAWN = 128
_VOTES = 10
_SHARES = (0.25, 0.17, 0.18, 0.17, 0.23)
_WRONG_EMOTION = 0.04
"""The share of rows whose `emotion` is wrong: why FER+ was made."""

_EMOTIONS = {name: number for number, name in FER2013.items() if name} | {"Disgust": 1, "Fear": 2, "Contempt": 6}
_COLUMNS = {name: column for column, name in FERPLUS.items() if name} | {
    name.capitalize(): name for name in ("disgust", "fear", "contempt")
}
_MISTAKEN_FOR = {
    "Happy": {"neutral": 0.7, "contempt": 0.15, "surprise": 0.15},
    "Sad": {"neutral": 0.5, "anger": 0.15, "fear": 0.15, "disgust": 0.1, "unknown": 0.1},
    "Surprise": {"neutral": 0.35, "fear": 0.35, "happiness": 0.2, "unknown": 0.1},
    "Angry": {"neutral": 0.45, "disgust": 0.25, "sadness": 0.2, "contempt": 0.1},
    "Neutral": {"sadness": 0.4, "happiness": 0.2, "anger": 0.2, "contempt": 0.1, "unknown": 0.1},
    "Fear": {"surprise": 0.5, "sadness": 0.3, "neutral": 0.2},
    "Disgust": {"anger": 0.5, "sadness": 0.3, "contempt": 0.2},
    "Contempt": {"neutral": 0.6, "happiness": 0.3, "disgust": 0.1},
}


@dataclass(frozen=True)
class _Row:
    usage: str
    emotion: int
    pixels: NDArray[np.uint8]
    votes: tuple[int, ...]

    @property
    def is_face(self) -> bool:
        return self.votes[-1] < _VOTES


def write_fer2013(folder: Path, *, train: int, test: int, seed: int, report: Report = silent) -> None:
    """Write ``fer2013.csv`` and ``fer2013new.csv`` with drawn faces.

    As in the real files there are a few rows that show no face (ten NF votes, no image name), a few of classes
    beyond the five, some wrong `emotion` numbers, and one picture that stands in Training and in PublicTest.

    Parameters
    ----------
    folder
        Where the two files go.
    train, test
        Numbers of rows of usage Training and PublicTest.
    seed
        The same seed and numbers give the same bytes.
    """
    kinds = [("Training", kind) for kind in _kinds(train, np.random.default_rng([seed, 1]))]
    kinds += [("PublicTest", kind) for kind in _kinds(test, np.random.default_rng([seed, 2]))]
    rows = []
    for index, (usage, kind) in enumerate(kinds):
        rows.append(_draw_row(np.random.default_rng([seed, 3, index]), usage, kind))
        report(Progress(f"Expression faces: {index + 1} of {len(kinds)}", index + 1, len(kinds)))
    if train and test:
        rows[-1] = _twin_in_test(rows[:train])
    write_text(folder / "fer2013.csv", _pixels_csv(rows))
    write_text(folder / "fer2013new.csv", _votes_csv(rows))


def draw_votes(rng: np.random.Generator, expression: str, intensity: float) -> tuple[int, ...]:
    """Ten people's votes in the order of FER+'s columns; the fainter the expression, the less they agree."""
    agreed = 0.88 if expression == "Neutral" else 0.50 + 0.46 * intensity
    shares = dict.fromkeys(FERPLUS_COLUMNS, 0.0)
    shares[_COLUMNS[expression]] = agreed
    for column, share in _MISTAKEN_FOR[expression].items():
        shares[column] += share * (1 - agreed)
    return tuple(int(votes) for votes in rng.multinomial(_VOTES, list(shares.values())))


def _kinds(count: int, rng: np.random.Generator) -> list[str]:
    """What each row shows: mostly the five classes, a few of the rest, a few not faces; shuffled."""
    few = max(1, count // 150)
    rest = (["NF"] * few + ["Fear", "Disgust", "Contempt"] * few)[:count]
    kinds = rest + [EXPRESSIONS[int(i)] for i in rng.choice(len(EXPRESSIONS), count - len(rest), p=_SHARES)]
    return [kinds[int(i)] for i in rng.permutation(count)]


def _draw_row(rng: np.random.Generator, usage: str, kind: str) -> _Row:
    if kind == "NF":
        blank = cv2.cvtColor(draw_backdrop(rng, _SIDE), cv2.COLOR_BGR2GRAY)
        return _Row(usage, int(rng.integers(len(FER2013))), develop(rng, blank), (0,) * 9 + (_VOTES,))
    face = draw_face(rng, kind, _DRAWN)
    crop = crop_face(rng, face, _SIDE, (1.0, 1.2))
    pixels = develop(rng, cv2.cvtColor(crop.image, cv2.COLOR_BGR2GRAY))
    emotion = int(rng.integers(len(FER2013))) if rng.random() < _WRONG_EMOTION else _EMOTIONS[kind]
    return _Row(usage, emotion, pixels, draw_votes(rng, kind, face.intensity))


def _twin_in_test(train: list[_Row]) -> _Row:
    """The first training row that shows a face, as a row of the test set: a known fault of the real data."""
    original = next((row for row in train if row.is_face), train[0])
    return _Row("PublicTest", original.emotion, original.pixels, original.votes)


def _pixels_csv(rows: list[_Row]) -> str:
    words = [str(value) for value in range(256)]
    lines = [f"{row.emotion},{' '.join(words[value] for value in row.pixels.flat)},{row.usage}" for row in rows]
    return "\n".join(["emotion,pixels,Usage", *lines]) + "\n"


def _votes_csv(rows: list[_Row]) -> str:
    lines = [
        f"{row.usage},{f'fer{index:07d}.png' if row.is_face else ''},{','.join(map(str, row.votes))}"
        for index, row in enumerate(rows)
    ]
    return "\n".join(["Usage,Image name," + ",".join(FERPLUS_COLUMNS), *lines]) + "\n"
