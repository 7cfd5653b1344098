"""Drawn faces in AffectNet+'s layout, with faults that a download has."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cnn.labels import EXPRESSIONS
from cnn.synthetic.photographs import AFFECTNET_NUMBERS, UNKNOWN, Photograph, photograph, write_picture
from runs.files import write_json, write_text
from runs.progress import Progress, Report, silent

_SIDE = 96
_KINDS = (*EXPRESSIONS, "Contempt")
_SUBSETS = ("Easy", "Challenging", "Difficult")


def write_affectnet_plus(folder: Path, *, train: int, validation: int, seed: int, report: Report = silent) -> None:
    """Write ``train_set/N.jpg`` and ``train_set/N.json``, and ``validation_set`` likewise.

    The case of the keys varies from file to file. Every sixth picture is of a class beyond the five. train_set also
    holds a soft label above 1, a JSON file that breaks off, and a picture without its JSON file, all beyond the
    `train` pictures.

    Parameters
    ----------
    folder
        Where the two folders go.
    train, validation
        Numbers of pictures.
    seed
        The same seed and numbers give the same bytes.
    """
    sets = [("train_set", index) for index in range(train)]
    sets += [("validation_set", index) for index in range(validation)]
    for done, (name, index) in enumerate(sets, start=1):
        rng = np.random.default_rng([seed, 21, len(name), index])
        kind = _KINDS[index % len(_KINDS)]
        taken = photograph(rng, kind, _SIDE, (1.05, 1.2))
        write_picture(folder / name / f"{index}.jpg", taken.image)
        write_json(folder / name / f"{index}.json", _described(rng, taken, kind, index))
        report(Progress(f"AffectNet+: {done} of {len(sets)}", done, len(sets)))
    if train:
        _write_faults(folder / "train_set", train)


def soft_label(rng: np.random.Generator, kind: str) -> list[float]:
    """Eight shares of 0 to 1 in AffectNet's order, the largest that of `kind`; their sum is not 1."""
    shares = rng.uniform(0, 0.35, 8)
    shares[AFFECTNET_NUMBERS[kind]] = rng.uniform(0.6, 1)
    return [float(share) for share in shares.round(4)]


def _described(rng: np.random.Generator, taken: Photograph, kind: str, index: int) -> dict[str, object]:
    valence, arousal = (UNKNOWN, UNKNOWN) if index % 5 == 4 else taken.feeling.round(6).tolist()
    points = taken.crop.landmarks.ravel().round(2).tolist()
    metadata = {"landmarks": points, "Valence": valence, "arousal": arousal, "Age": int(rng.integers(18, 80))}
    described = {
        "Human-Label": AFFECTNET_NUMBERS[kind],
        "Soft-Label": soft_label(rng, kind),
        "Subset": _SUBSETS[index % 3],
        "Metadata": metadata,
    }
    change = (str, str.lower, str.upper)[index % 3]
    return {change(key): value for key, value in described.items()}


def _write_faults(folder: Path, count: int) -> None:
    for number in (count, count + 1, count + 2):
        (folder / f"{number}.jpg").write_bytes((folder / "0.jpg").read_bytes())
    write_json(folder / f"{count}.json", {"Human-Label": 1, "Soft-Label": [0, 1.5, 0, 0, 0, 0, 0, 0]})
    write_text(folder / f"{count + 1}.json", '{"Human-Label": 1, "Soft-La')
