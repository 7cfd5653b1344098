"""Drawn people whose faces move, as pictures, in the layouts of CK+ and of the large MPI database."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from cnn.synthetic.people import Person, draw_person
from cnn.synthetic.photographs import photograph, write_picture
from runs.files import write_text

CKPLUS_CODES: dict[str, int] = {
    "Angry": 1,
    "Contempt": 2,
    "Disgust": 3,
    "Fear": 4,
    "Happy": 5,
    "Sad": 6,
    "Surprise": 7,
}
"""CK+'s emotion codes."""

MPI_SHOWS: dict[str, str] = {
    "happy_laughing": "Happy",
    "happy_satiated": "Happy",
    "sad": "Sad",
    "annoyed_bothered": "Angry",
    "thinking_considering": "Neutral",
}
"""Some of the 51 folders of MPI, and what is drawn for each."""

_SIDE = 320
_MARGIN = (2.0, 2.4)
_ACTORS = ("islf", "kabf", "lekf", "milf", "silf", "cawm", "chsm", "jakm", "juhm", "mamm")


def write_ckplus(folder: Path, *, subjects: int, seed: int, frames: int = 3) -> None:
    """Write CK+'s ``cohn-kanade-images/``, ``Emotion/`` and ``Landmarks/``, a sequence an emotion for each subject.

    Every sequence goes from the neutral face to the emotion's apex. As in the real set, some are not labelled: here
    the first subject's eighth, whose folder in ``Emotion/`` is empty.

    Parameters
    ----------
    folder
        Where the three folders go.
    subjects
        How many people, with 7 labelled sequences each.
    seed
        The same seed and numbers give the same bytes.
    frames
        Pictures in each sequence.
    """
    for subject in range(subjects):
        person = draw_person(np.random.default_rng([seed, 22, subject]))
        kinds = [*CKPLUS_CODES, *(["Happy"] if subject == 0 else [])]
        for number, kind in enumerate(kinds, start=1):
            place = Path(f"S{subject + 5:03d}") / f"{number:03d}"
            _write_ckplus_sequence(folder, place, person, kind, [seed, 23, subject, number], frames)
            if number <= len(CKPLUS_CODES):
                name = f"{place.parent}_{place.name}_{frames:08d}_emotion.txt"
                write_text(folder / "Emotion" / place / name, f"   {CKPLUS_CODES[kind]:.7e}\n")


def write_mpi(folder: Path, *, actors: int, seed: int, frames: int = 4) -> None:
    """Write folders of MPI with a sequence for each of some actors: from rest to the expression and back.

    Parameters
    ----------
    folder
        Where the expressions' folders go; they are those of `MPI_SHOWS`.
    actors
        How many of the ten.
    seed
        The same seed and numbers give the same bytes.
    frames
        Pictures of each actor in each folder.
    """
    for number, actor in enumerate(_ACTORS[:actors]):
        person = draw_person(np.random.default_rng([seed, 24, number]))
        for place, (expression, kind) in enumerate(MPI_SHOWS.items()):
            for frame in range(frames):
                strength = float(np.sin(np.pi * (frame + 0.4) / frames))
                rng = np.random.default_rng([seed, 25, number, place])
                taken = photograph(rng, kind, _SIDE, _MARGIN, intensity=strength, person=person)
                write_picture(folder / expression / f"{actor}_{expression}_{frame + 1:03d}.png", taken.image)


def _write_ckplus_sequence(folder: Path, place: Path, person: Person, kind: str, seed: list[int], frames: int) -> None:
    (folder / "Emotion" / place).mkdir(parents=True, exist_ok=True)
    for frame in range(frames):
        strength = frame / max(1, frames - 1)
        taken = photograph(np.random.default_rng(seed), kind, _SIDE, _MARGIN, intensity=strength, person=person)
        stem = f"{place.parent}_{place.name}_{frame + 1:08d}"
        grey = cv2.cvtColor(taken.image, cv2.COLOR_BGR2GRAY)
        write_picture(folder / "cohn-kanade-images" / place / f"{stem}.png", grey.astype(np.uint8))
        points = "\n".join(f"   {x:.7e}   {y:.7e}" for x, y in taken.crop.landmarks)
        write_text(folder / "Landmarks" / place / f"{stem}_landmarks.txt", points + "\n")
