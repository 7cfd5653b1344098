"""Drawn faces in AffectNet's npy layout, with the faults that the real one has."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cnn.labels import EXPRESSIONS
from cnn.synthetic.photographs import AFFECTNET_NUMBERS, UNKNOWN, photograph, write_picture
from runs.progress import Progress, Report, silent

_SIDE = 96
_KINDS = (*EXPRESSIONS, "Contempt")


def write_affectnet_npy(folder: Path, *, train: int, validation: int, seed: int, report: Report = silent) -> None:
    """Write ``train_set/`` and ``val_set/`` with ``images/N.jpg`` and ``annotations/N_exp.npy`` and its sisters.

    As in the real set, labels and feelings are stored as text, landmarks as numbers, and every sixth picture is of a
    class beyond the five. train_set also holds a picture whose label is missing and one whose label is a Python object
    (both beyond the `train` pictures), and a label whose picture is missing.

    Parameters
    ----------
    folder
        Where the two folders go.
    train, validation
        Numbers of pictures.
    seed
        The same seed and numbers give the same bytes.
    """
    sets = [("train_set", index) for index in range(train)] + [("val_set", index) for index in range(validation)]
    for done, (name, index) in enumerate(sets, start=1):
        rng = np.random.default_rng([seed, 20, len(name), index])
        _write_face(rng, folder / name, index, _KINDS[index % len(_KINDS)])
        report(Progress(f"AffectNet as npy: {done} of {len(sets)}", done, len(sets)))
    if train:
        _write_faults(folder / "train_set", train)


def _write_face(rng: np.random.Generator, folder: Path, number: int, kind: str) -> None:
    taken = photograph(rng, kind, _SIDE, (1.05, 1.2))
    write_picture(folder / "images" / f"{number}.jpg", taken.image)
    annotations = folder / "annotations"
    annotations.mkdir(exist_ok=True)
    valence, arousal = (UNKNOWN, UNKNOWN) if number % 5 == 4 else taken.feeling.round(6)
    for end, value in (("exp", AFFECTNET_NUMBERS[kind]), ("val", valence), ("aro", arousal)):
        np.save(annotations / f"{number}_{end}.npy", np.array(str(value)))
    np.save(annotations / f"{number}_lnd.npy", taken.crop.landmarks.ravel())


def _write_faults(folder: Path, count: int) -> None:
    annotations, images = folder / "annotations", folder / "images"
    for number in (count, count + 1):
        (images / f"{number}.jpg").write_bytes((images / "0.jpg").read_bytes())
    np.save(annotations / f"{count + 1}_exp.npy", np.array(None), allow_pickle=True)
    np.save(annotations / f"{count + 2}_exp.npy", np.array("1"))
