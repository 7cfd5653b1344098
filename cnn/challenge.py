"""Is one expression network better than another? Balanced accuracy, by the paired bootstrap over the test faces.

The figure is that of `cnn.evaluate`: the mean, over the expressions that occur, of the share of their faces that is
called rightly. Faces of one person that the dataset names are drawn together, as they are not independent.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cnn.errors import InputError
from cnn.labels import EXPRESSIONS
from cnn.predict import load_model, probabilities
from cnn.store import TABLE, load_faces
from runs.paired_bootstrap import Comparison, paired_bootstrap
from runs.progress import Progress, Report, silent
from runs.record import digest

_CHUNK = 4096


@dataclass(frozen=True)
class FaceOutcomes:
    """What a network answered for each face of a split.

    `labels` (n,) are the true classes, `right` (n,) bool, `people` (n,) numbers: faces with one number are of one
    person. `sha256` identifies the pixels and the labels, `table_sha256` the store's whole table, by which a training
    names what it was trained on.
    """

    labels: NDArray[np.int64]
    right: NDArray[np.bool_]
    people: NDArray[np.int64]
    sha256: str
    table_sha256: str

    def __str__(self) -> str:
        return f"{len(self.labels)} faces"


def measure_faces(
    model: Path,
    faces: Path,
    split: Literal["train", "validation", "test"] = "test",
    *,
    batch_size: int = 256,
    report: Report = silent,
) -> FaceOutcomes:
    """Ask a saved network about one split of a store that `cnn.merge` wrote.

    Raises
    ------
    InputError
        The model or the store is missing or damaged, or the split has no faces.
    """
    images, labels, table = load_faces(faces).split(split)
    network, total, answers, pixels = load_model(model), len(labels), [], hashlib.sha256(labels.tobytes())
    for start in range(0, total, _CHUNK):
        part = images[start : start + _CHUNK]
        pixels.update(part.tobytes())
        answers.append(probabilities(network, part, batch_size).argmax(axis=1))
        done = start + len(part)
        report(Progress(f"{done} of {total} faces asked", done, total))
    right = np.concatenate(answers) == labels
    return FaceOutcomes(labels, right, _people(table), pixels.hexdigest(), digest(faces / TABLE))


def compare_balanced_accuracy(
    champion: FaceOutcomes | None, challenger: FaceOutcomes, *, draws: int = 2000, confidence: float = 0.95
) -> Comparison:
    """Balanced accuracy: the champion's, the challenger's, and the difference.

    Parameters
    ----------
    champion
        None where there is none to measure: then it is a network that always gives the same answer.

    Raises
    ------
    InputError
        They were measured on different faces.
    """
    if champion is not None and champion.sha256 != challenger.sha256:
        raise InputError("The two networks were measured on different faces. Measure both on the same.")
    classes = len(EXPRESSIONS)
    shown = np.eye(classes)[challenger.labels]
    first = np.zeros_like(shown) if champion is None else shown * champion.right[:, None]
    faces = np.hstack([first, shown * challenger.right[:, None], shown])
    _, person = np.unique(challenger.people, return_inverse=True)
    units = np.stack([np.bincount(person, weights=column) for column in faces.T], axis=1)

    def figures(sums: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        one, other, of = (sums[:, k * classes : (k + 1) * classes] for k in range(3))
        means = [_mean_recall(hits, of) for hits in (one, other)]
        return (1 / (of > 0).sum(axis=1) if champion is None else means[0]), means[1]

    return paired_bootstrap(units, figures, draws=draws, confidence=confidence)


def _mean_recall(hits: NDArray[np.float64], of: NDArray[np.float64]) -> NDArray[np.float64]:
    occurs = of > 0
    means: NDArray[np.float64] = (hits / np.maximum(of, 1)).sum(axis=1) / occurs.sum(axis=1)
    return means


def _people(table: pd.DataFrame) -> NDArray[np.int64]:
    """A number a person; a face of nobody who is named is a person of its own."""
    named = (table["subject"] != "").to_numpy()
    numbers = np.arange(len(table), dtype=np.int64)
    names = (table["source"] + "/" + table["subject"])[named]
    numbers[named] = len(table) + pd.factorize(names)[0]
    return numbers
