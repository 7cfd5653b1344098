"""The figures of an evaluation: from probabilities and labels to what is reached."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cnn.calibrate import log_loss
from cnn.labels import EXPRESSIONS
from cnn.score.intervals import Interval, by_name, matrix_figures, matrix_intervals
from cnn.score.reliability import Calibration, calibration_error

_SHARES = ("recall", "precision", "f1")


@dataclass(frozen=True)
class SourceScore:
    """What is reached on the faces of one source; `intervals` are those of `accuracy` and `balanced_accuracy`."""

    name: str
    faces: int
    accuracy: float
    balanced_accuracy: float
    intervals: tuple[Interval, ...]


@dataclass(frozen=True)
class CnnScore:
    """What a model reaches, each figure from 0 to 1 except `log_loss` (nats) and `faces`.

    `recall`, `precision` and `f1` are by expression; `by_source` is the accuracy by source. `balanced_accuracy` is
    the mean recall of the expressions that occur. `calibration_error` is the expected calibration error with
    15 bins: how far confidence and accuracy are apart. `counts` is the confusion matrix, rows true; `intervals` are
    those of 95 % by the name of the figure; `calibration` compares with and without a temperature, where there is one.
    """

    folder: Path
    faces: int
    accuracy: float
    balanced_accuracy: float
    macro_f1: float
    log_loss: float
    calibration_error: float
    recall: dict[str, float]
    precision: dict[str, float]
    f1: dict[str, float]
    by_source: dict[str, float]
    counts: tuple[tuple[int, ...], ...]
    sources: tuple[SourceScore, ...]
    intervals: tuple[Interval, ...]
    calibration: Calibration | None

    def metrics(self) -> dict[str, float]:
        """Everything as flat numbers, rounded to a millionth; bounds end in ``_low`` and ``_high``."""
        names = ("faces", "accuracy", "balanced_accuracy", "macro_f1", "log_loss", "calibration_error")
        flat: dict[str, float] = {name: getattr(self, name) for name in names}
        for number, name in enumerate(EXPRESSIONS):
            flat |= {f"{figure}_{name.lower()}": getattr(self, figure)[name] for figure in _SHARES}
            flat[f"faces_{name.lower()}"] = sum(self.counts[number])
        for one in self.sources:
            flat |= {f"accuracy_{one.name}": one.accuracy, f"faces_{one.name}": one.faces}
            flat[f"balanced_accuracy_{one.name}"] = one.balanced_accuracy
            flat |= _bounds(one.intervals, f"_{one.name}")
        flat |= _bounds(self.intervals, "") | _calibration(self.calibration)
        return {name: round(value, 6) for name, value in flat.items()}


def score_answers(
    answers: np.ndarray,
    labels: np.ndarray,
    sources: np.ndarray,
    folder: Path = Path(),
    calibration: Calibration | None = None,
) -> CnnScore:
    """All figures of probabilities (n, 5) for labels (n,), with n at least 1; `sources` (n,) names where each is from.

    An expression that does not occur has recall 0, one that is never predicted precision 0; neither counts in
    the balanced accuracy unless it occurs.
    """
    predicted = answers.argmax(axis=1)
    exact = answers.astype(np.float64) / answers.sum(axis=1, keepdims=True, dtype=np.float64)
    counts = counts_of(labels, predicted, np.ones(len(labels), bool))
    whole = matrix_figures(counts)
    recall, precision, f1 = ({name: whole[f"{figure}_{name.lower()}"] for name in EXPRESSIONS} for figure in _SHARES)
    by_source = tuple(_source(str(name), counts_of(labels, predicted, sources == name)) for name in np.unique(sources))
    return CnnScore(
        folder=folder,
        faces=len(labels),
        accuracy=whole["accuracy"],
        balanced_accuracy=whole["balanced_accuracy"],
        macro_f1=whole["macro_f1"],
        log_loss=log_loss(exact, labels),
        calibration_error=calibration_error(exact.max(axis=1), predicted == labels),
        recall=recall,
        precision=precision,
        f1=f1,
        by_source={one.name: one.accuracy for one in by_source},
        counts=tuple(tuple(map(int, row)) for row in counts),
        sources=by_source,
        intervals=tuple(matrix_intervals(counts)),
        calibration=calibration,
    )


def counts_of(labels: np.ndarray, predicted: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """The confusion matrix, rows true, of the faces that are `chosen` (n,) bool."""
    classes = len(EXPRESSIONS)
    cells = labels[chosen] * classes + predicted[chosen]
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)


def _source(name: str, counts: np.ndarray) -> SourceScore:
    figures, known = matrix_figures(counts), by_name(matrix_intervals(counts))
    intervals = (known["accuracy"], known["balanced_accuracy"])
    return SourceScore(name, int(counts.sum()), figures["accuracy"], figures["balanced_accuracy"], intervals)


def _bounds(intervals: tuple[Interval, ...], suffix: str) -> dict[str, float]:
    bounds: dict[str, float] = {}
    for one in intervals:
        bounds |= {f"{one.name}{suffix}_low": one.low, f"{one.name}{suffix}_high": one.high}
    return bounds


def _calibration(found: Calibration | None) -> dict[str, float]:
    if found is None:
        return {}
    return {
        "temperature": found.temperature,
        "temperature_stored": int(found.stored),
        "calibration_error_before": found.error_before,
        "calibration_error_after": found.error_after,
        "log_loss_before": found.log_loss_before,
        "log_loss_after": found.log_loss_after,
    }
