"""Measure a saved expression model on one split of a store: `evaluate_cnn`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cnn.labels import EXPRESSIONS
from cnn.report import Exhibit, draw_confusion, draw_montage
from cnn.score.exhibits import worst_faces
from cnn.score.figures import CnnScore, score_answers
from cnn.score.files import OUTPUTS, write_measured, write_tables
from cnn.score.measured import Measured, measure
from cnn.score.page import render_report
from cnn.score.params import EvaluateCnnParams
from cnn.score.reliability import calibration_error, compare
from cnn.score.training import read_training
from cnn.store import load_faces
from runs.files import replacing_folder, write_json, write_text
from runs.progress import Report, silent

__all__ = ["OUTPUTS", "CnnScore", "EvaluateCnnParams", "calibration_error", "evaluate_cnn", "score_answers"]

_WORST, _BEST = 32, 8


def evaluate_cnn(
    model: Path,
    faces: Path,
    out: Path,
    params: EvaluateCnnParams = EvaluateCnnParams(),
    *,
    report: Report = silent,
) -> CnnScore:
    """Measure `model` on one split of `faces` and write a page, figures, tables and pictures into `out`.

    Parameters
    ----------
    model
        A ``.keras`` file written by `train_cnn`; what lies beside it tells the page of the training.
    faces
        A store written by `cnn.merge.merge`.
    out
        Written, or replaced whole where it holds an older evaluation: ``report.html``, one page that tells everything;
        ``metrics.json``; ``measured.json`` (the settings, and how many faces the store has); ``classes.csv`` (figures
        by class, with bounds), ``confusion.csv`` (counts, rows true), ``reliability.csv`` (accuracy by confidence),
        ``predictions.csv`` (one row a face, with probabilities); ``confusion.png`` and ``montage.png`` (the most
        confident errors, then the most confident right answers).
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
    store = load_faces(faces)
    with replacing_folder(out, known=OUTPUTS) as folder:
        measured = measure(model, store, params, report)
        score = _score(measured, out)
        page = render_report(score, measured, read_training(model, faces), faces, params)
        write_text(folder / "report.html", page)
        write_json(folder / "metrics.json", {"model_sha256": measured.sha256, **score.metrics()})
        write_measured(folder, measured, faces, params)
        write_tables(folder, measured, score)
        draw_confusion(folder / "confusion.png", np.array(score.counts))
        _draw_best_and_worst(folder / "montage.png", measured)
    return score


def _score(measured: Measured, out: Path) -> CnnScore:
    found, labels = None, measured.labels
    if measured.after is not None and measured.temperature is not None:
        found = compare(measured.before, measured.after, labels, measured.temperature, measured.stored)
    return score_answers(measured.answers, labels, measured.table["source"].to_numpy(), out, found)


def _draw_best_and_worst(path: Path, measured: Measured) -> None:
    labels, predicted, confidence = measured.labels, measured.predicted, measured.confidence
    order = np.argsort(-confidence, kind="stable")
    right = order[(predicted == labels)[order]][:_BEST]
    exhibits = [
        Exhibit(
            image=measured.images[face],
            caption=f"{EXPRESSIONS[labels[face]]}\nsaid {EXPRESSIONS[predicted[face]]} {confidence[face]:.2f}",
            right=bool(predicted[face] == labels[face]),
        )
        for face in (*worst_faces(measured, _WORST), *right)
    ]
    draw_montage(path, "The most confident errors, and the most confident right answers", exhibits)
