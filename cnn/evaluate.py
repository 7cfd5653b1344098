"""Measure a saved expression model on one split of a store: `evaluate_cnn`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from annotated_types import Ge

from cnn.labels import EXPRESSIONS
from cnn.predict import load_model, probabilities
from cnn.report import Exhibit, draw_confusion, draw_montage
from cnn.store import load_faces
from runs.files import replacing_folder, write_json, write_text
from runs.parameters import Parameters
from runs.progress import Progress, Report, silent
from runs.record import digest

_OUTPUTS = ("metrics.json", "confusion.csv", "confusion.png", "predictions.csv", "montage.png")
_CHUNK = 4096
_WORST, _BEST = 32, 8


@dataclass(frozen=True, kw_only=True)
class EvaluateCnnParams(Parameters):
    """How to measure the expression network."""

    split: Literal["train", "validation", "test"] = "test"
    """The faces to measure on. Choose between models on `validation`; look at `test` at the end."""
    batch_size: Annotated[int, Ge(1)] = 256
    """Faces in one call of the network; bounds the memory, does not change the figures."""
    mirror: bool = False
    """Average the answers over each face and its mirror image."""


@dataclass(frozen=True)
class CnnScore:
    """What a model reaches, each figure from 0 to 1 except `log_loss` (nats) and `faces`.

    `recall` and `precision` are by expression; `by_source` is the accuracy by source. `balanced_accuracy` is
    the mean recall of the expressions that occur. `calibration_error` is the expected calibration error with
    15 bins: how far confidence and accuracy are apart.
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
    by_source: dict[str, float]


def evaluate_cnn(
    model: Path,
    faces: Path,
    out: Path,
    params: EvaluateCnnParams = EvaluateCnnParams(),
    *,
    report: Report = silent,
) -> CnnScore:
    """Measure `model` on one split of `faces` and write figures, tables and pictures into `out`.

    Parameters
    ----------
    model
        A ``.keras`` file written by `train_cnn`.
    faces
        A store written by `cnn.merge.merge`.
    out
        Written, or replaced whole where it holds an older evaluation: ``metrics.json``, ``confusion.csv`` (counts,
        rows true), ``confusion.png``, ``predictions.csv`` (one row a face, with probabilities) and ``montage.png``
        (the most confident errors, then the most confident right answers).
    params
        See `EvaluateCnnParams`.
    report
        Called every few thousand faces.

    Raises
    ------
    InputError
        The model or the store is missing or damaged, or the split has no faces.
    RunMismatchError
        `out` holds other files; they are not touched.
    """
    images, labels, table = load_faces(faces).split(params.split)
    with replacing_folder(out, known=_OUTPUTS) as folder:
        answers = _ask(model, images, params, report)
        score = score_answers(answers, labels, table["source"].to_numpy(), out)
        write_json(folder / "metrics.json", {"model_sha256": digest(model), **_flat(score, table["source"])})
        _write_confusion(folder, labels, answers)
        _write_predictions(folder / "predictions.csv", answers, table)
        _draw_best_and_worst(folder / "montage.png", answers, labels, images)
    return score


def score_answers(answers: np.ndarray, labels: np.ndarray, sources: np.ndarray, folder: Path = Path()) -> CnnScore:
    """All figures of probabilities (n, 5) for labels (n,), with n at least 1; `sources` (n,) names where each is from.

    An expression that does not occur has recall 0, one that is never predicted precision 0; neither counts in
    the balanced accuracy unless it occurs.
    """
    from sklearn import metrics

    predicted, known = answers.argmax(axis=1), list(range(len(EXPRESSIONS)))
    exact = answers.astype(np.float64) / answers.sum(axis=1, keepdims=True, dtype=np.float64)
    by_class: dict[str, Any] = {"labels": known, "average": None, "zero_division": 0.0}
    recall = metrics.recall_score(labels, predicted, **by_class)
    precision = metrics.precision_score(labels, predicted, **by_class)
    occurring = np.unique(labels)
    right = predicted == labels
    return CnnScore(
        folder=folder,
        faces=len(labels),
        accuracy=float(metrics.accuracy_score(labels, predicted)),
        balanced_accuracy=float(recall[occurring].mean()),
        macro_f1=float(metrics.f1_score(labels, predicted, labels=occurring, average="macro", zero_division=0.0)),
        log_loss=float(metrics.log_loss(labels, exact, labels=known)),
        calibration_error=calibration_error(exact.max(axis=1), right),
        recall=dict(zip(EXPRESSIONS, map(float, recall), strict=True)),
        precision=dict(zip(EXPRESSIONS, map(float, precision), strict=True)),
        by_source={str(name): float(right[sources == name].mean()) for name in np.unique(sources)},
    )


def calibration_error(confidence: np.ndarray, right: np.ndarray, bins: int = 15) -> float:
    """The expected calibration error: by bin of confidence, how far its mean lies from the accuracy.

    Parameters
    ----------
    confidence
        (n,), each face's highest probability.
    right
        (n,), whether it belongs to the true class.
    bins
        Equal intervals of (0, 1], each closed on the right.

    Returns
    -------
    float
        The mean distance, weighted by the faces in a bin: 0 is perfect. See Guo et al., "On Calibration of
        Modern Neural Networks", 2017.
    """
    which = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    surplus = np.bincount(which, confidence - right, minlength=bins)
    return float(np.abs(surplus).sum() / len(confidence))


def _ask(path: Path, images: np.ndarray, params: EvaluateCnnParams, report: Report) -> np.ndarray:
    model, total, answers = load_model(path), len(images), []
    for start in range(0, total, _CHUNK):
        faces = images[start : start + _CHUNK]
        answers.append(probabilities(model, faces, params.batch_size, mirror=params.mirror))
        done = start + len(faces)
        report(Progress(f"{done} of {total} faces asked", done, total))
    return np.concatenate(answers)


def _flat(score: CnnScore, sources: pd.Series) -> dict[str, float]:
    flat = {name: value for name, value in asdict(score).items() if isinstance(value, (int, float))}
    for name in EXPRESSIONS:
        flat[f"recall_{name.lower()}"] = score.recall[name]
        flat[f"precision_{name.lower()}"] = score.precision[name]
    for source, count in sources.value_counts().sort_index().items():
        flat[f"accuracy_{source}"] = score.by_source[str(source)]
        flat[f"faces_{source}"] = int(count)
    return {name: round(value, 6) for name, value in flat.items()}


def _write_confusion(folder: Path, labels: np.ndarray, answers: np.ndarray) -> None:
    from sklearn.metrics import confusion_matrix

    counts = confusion_matrix(labels, answers.argmax(axis=1), labels=list(range(len(EXPRESSIONS))))
    table = pd.DataFrame(counts, index=pd.Index(EXPRESSIONS, name="true"), columns=list(EXPRESSIONS))
    write_text(folder / "confusion.csv", table.to_csv(lineterminator="\n"))
    draw_confusion(folder / "confusion.png", counts)


def _write_predictions(path: Path, answers: np.ndarray, table: pd.DataFrame) -> None:
    columns = table[["index", "source", "row", "file", "expression"]].copy()
    columns["predicted"] = np.array(EXPRESSIONS)[answers.argmax(axis=1)]
    for number, name in enumerate(EXPRESSIONS):
        columns[f"p_{name.lower()}"] = answers[:, number].round(5)
    write_text(path, columns.to_csv(index=False, lineterminator="\n"))


def _draw_best_and_worst(path: Path, answers: np.ndarray, labels: np.ndarray, images: np.ndarray) -> None:
    confidence, predicted = answers.max(axis=1), answers.argmax(axis=1)
    order = np.argsort(-confidence, kind="stable")
    wrong = order[(predicted != labels)[order]][:_WORST]
    right = order[(predicted == labels)[order]][:_BEST]
    exhibits = [
        Exhibit(
            image=images[face],
            caption=f"{EXPRESSIONS[labels[face]]}\nsaid {EXPRESSIONS[predicted[face]]} {confidence[face]:.2f}",
            right=bool(predicted[face] == labels[face]),
        )
        for face in (*wrong, *right)
    ]
    draw_montage(path, "The most confident errors, and the most confident right answers", exhibits)
