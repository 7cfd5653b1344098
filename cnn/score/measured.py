"""Ask a saved network about one split of a store: everything that the figures and the page are made from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cnn.calibrate import FEWEST_FACES, fit_temperature
from cnn.errors import InputError
from cnn.logits import temperature_of
from cnn.predict import load_model, probabilities, with_temperature
from cnn.score.params import EvaluateCnnParams
from cnn.store import FaceStore
from runs.progress import Progress, Report
from runs.record import digest

if TYPE_CHECKING:
    import keras

_CHUNK = 4096


@dataclass(frozen=True)
class Measured:
    """A network and its answers.

    `images` (n, height, width) uint8, `labels` (n,) and `table`, n rows, are the split's; `everything` is the store's
    whole table. `answers` (n, classes) are the model's own; `before` and `after` are those without a temperature and
    with the one of `temperature`, which is `stored` in the model or was fitted on the store's validation faces.
    `temperature` and `after` are None where there are too few of those.
    """

    path: Path
    sha256: str
    model: keras.Model
    images: np.ndarray
    labels: np.ndarray
    table: pd.DataFrame
    everything: pd.DataFrame
    answers: np.ndarray
    before: np.ndarray
    after: np.ndarray | None
    temperature: float | None
    stored: bool

    @property
    def predicted(self) -> np.ndarray:
        """(n,), the class of the highest probability."""
        return np.asarray(self.answers.argmax(axis=1))

    @property
    def confidence(self) -> np.ndarray:
        """(n,), the highest probability."""
        return np.asarray(self.answers.max(axis=1))


def measure(path: Path, store: FaceStore, params: EvaluateCnnParams, report: Report) -> Measured:
    """Load a model and ask it about a split.

    Raises
    ------
    InputError
        The model is missing or damaged, or the split has no faces.
    """
    images, labels, table = store.split(params.split)
    model, sha256 = load_model(path), digest(path)
    own = temperature_of(model)
    # What was fitted before there was a temperature in the model is fitted now, to show what it would bring.
    fitted = own if own != 1 else _fitted(model, store, params)
    answers = _ask(model, images, params, report)
    return Measured(
        path=path,
        sha256=sha256,
        model=model,
        images=images,
        labels=labels,
        table=table,
        everything=store.table,
        answers=answers,
        before=with_temperature(answers, 1 / own),
        after=None if fitted is None else with_temperature(answers, fitted / own),
        temperature=fitted,
        stored=own != 1,
    )


def _fitted(model: keras.Model, store: FaceStore, params: EvaluateCnnParams) -> float | None:
    try:
        images, labels, _ = store.split("validation")
    except InputError:
        return None
    if len(labels) < FEWEST_FACES:
        return None
    return fit_temperature(probabilities(model, images, params.batch_size), labels)


def _ask(model: keras.Model, images: np.ndarray, params: EvaluateCnnParams, report: Report) -> np.ndarray:
    total, answers = len(images), []
    for start in range(0, total, _CHUNK):
        faces = images[start : start + _CHUNK]
        answers.append(probabilities(model, faces, params.batch_size))
        done = start + len(faces)
        report(Progress(f"{done} of {total} faces asked", done, total))
    return np.concatenate(answers)
