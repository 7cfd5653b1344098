"""Drawn faces in class folders, with names as people give them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cnn.synthetic.photographs import photograph, write_picture

NAMES: dict[str, str] = {
    "Happiness": "Happy",
    "sad": "Sad",
    "SURPRISED": "Surprise",
    "3_anger": "Angry",
    "neutral": "Neutral",
    "fear": "Fear",
}
"""Folders, and what is drawn in each."""

_SIDE = 64


def write_class_folders(
    folder: Path, *, each: int, seed: int, splits: tuple[str, ...] = ("train", "val", "test")
) -> None:
    """Write ``<split>/<class>/N.png``, or ``<class>/N.png`` where `splits` is empty.

    Parameters
    ----------
    folder
        Where the folders go.
    each
        Pictures in each class of each split.
    seed
        The same seed and numbers give the same bytes.
    """
    for number, split in enumerate(splits or ("",)):
        for place, (name, kind) in enumerate(NAMES.items()):
            for index in range(each):
                rng = np.random.default_rng([seed, 26, number, place, index])
                taken = photograph(rng, kind, _SIDE, (1.05, 1.2))
                write_picture(folder / split / name / f"{index}.png", taken.image)
