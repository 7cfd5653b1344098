"""The page's tables and sentences."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cnn.labels import EXPRESSIONS
from cnn.score.figures import CnnScore
from cnn.score.intervals import Interval, by_name
from cnn.score.params import EvaluateCnnParams
from cnn.score.reliability import ReliabilityBin
from cnn.store import SPLITS
from runs.page import Table, rate

DEEPEST = 50
"""Per cent of colour in the darkest cell of the confusion matrix: text stays readable on it."""

_PAIRS = 5


def classes_table(score: CnnScore) -> Table:
    """Each class: faces, recall, precision and F1 with their intervals; at the end the means."""
    known, counts = by_name(score.intervals), np.array(score.counts)
    head = ("class", "faces", "called so", "right", "recall", "precision", "F1")
    rows = []
    for number, name in enumerate(EXPRESSIONS):
        numbers = (counts[number].sum(), counts[:, number].sum(), counts[number, number])
        shares = ((figure, getattr(score, figure)[name]) for figure in ("recall", "precision", "f1"))
        figures = [spread(value, known[f"{figure}_{name.lower()}"]) for figure, value in shares]
        rows.append([name, *(f"{one:,}" for one in numbers), *figures])
    means = ["mean", f"{score.faces:,}", f"{score.faces:,}", f"{np.trace(counts):,}"]
    means += [spread(score.balanced_accuracy, known["balanced_accuracy"]), "\u2013"]
    rows.append([*means, spread(score.macro_f1, known["macro_f1"])])
    return Table(head, rows)


def confusion_rows(score: CnnScore) -> list[dict[str, Any]]:
    """The confusion matrix, a row a true class: in each cell share and number of its faces, and how dark it is."""
    rows = []
    for name, counts in zip(EXPRESSIONS, score.counts, strict=True):
        total = sum(counts)
        cells = [
            {
                "kind": "right" if EXPRESSIONS[column] == name else "wrong",
                "share": f"{faces / max(1, total):.0%}",
                "faces": f"{faces:,}",
                "part": round(DEEPEST * faces / max(1, total)),
            }
            for column, faces in enumerate(counts)
        ]
        rows.append({"name": name, "cells": cells, "faces": f"{total:,}"})
    return rows


def worst_pairs(score: CnnScore) -> list[str]:
    """The confusions with the most faces, in words, the worst first.

    A line such as "Sad is taken for Neutral in 131 of 420 faces (31 %), the other way round in 40 of 1,273 (3 %)."
    """
    counts = np.array(score.counts)
    wrong = counts - np.diag(np.diag(counts))
    told = []
    for cell in np.argsort(-wrong.ravel(), kind="stable"):
        true, said = divmod(int(cell), len(EXPRESSIONS))
        # Of the two ways round, the one with fewer faces is told along with the other.
        if wrong[true, said] and (wrong[true, said], said) > (wrong[said, true], true):
            there, back = _of(counts, true, said), _of(counts, said, true)
            told.append(
                f"{EXPRESSIONS[true]} is taken for {EXPRESSIONS[said]} in {there}, the other way round in {back}."
            )
    return told[:_PAIRS] or ["Nothing is taken for anything else."]


def sources_table(score: CnnScore) -> Table:
    """Each source: faces, accuracy and balanced accuracy with their intervals."""
    rows = []
    for one in score.sources:
        known = by_name(one.intervals)
        shares = [spread(getattr(one, name), known[name]) for name in ("accuracy", "balanced_accuracy")]
        rows.append([one.name, f"{one.faces:,}", *shares])
    return Table(("source", "faces", "accuracy", "balanced accuracy"), rows)


def splits_table(everything: Any) -> Table:
    """How many faces of each class the store holds in each split."""
    rows = []
    for name in (*EXPRESSIONS, None):
        chosen = everything if name is None else everything[everything["expression"] == name]
        held = chosen["split"].value_counts()
        rows.append([name or "all", *(f"{int(held.get(split, 0)):,}" for split in SPLITS), f"{len(chosen):,}"])
    return Table(("class", *SPLITS, "all"), rows)


def bins_table(bins: Sequence[ReliabilityBin]) -> Table:
    """The reliability diagram as numbers; empty bins are left out."""
    rows = []
    for one in bins:
        if one.faces:
            around = Interval("accuracy", one.accuracy_low, one.accuracy_high)
            edges = f"{one.low:.2f} to {one.high:.2f}"
            rows.append([edges, f"{one.faces:,}", rate(one.confidence), spread(one.accuracy, around)])
    return Table(("confidence", "faces", "its mean", "accuracy"), rows)


def calibration_table(score: CnnScore) -> Table:
    """Calibration error and log loss without the temperature and with it; what the model does is pointed out."""
    found, head = score.calibration, ("answers", "calibration error", "log loss")
    if found is None:
        return Table(head, [("the model's own", f"{score.calibration_error:.4f}", f"{score.log_loss:.4f}")])
    rows = [
        ("without a temperature", f"{found.error_before:.4f}", f"{found.log_loss_before:.4f}"),
        (f"with temperature {found.temperature:.3f}", f"{found.error_after:.4f}", f"{found.log_loss_after:.4f}"),
    ]
    return Table(head, rows, [int(found.stored)])


def command(model: Path, faces: Path, out: Path, params: EvaluateCnnParams) -> str:
    """The command line that makes the page again."""
    words, usual = ["facefoundry", "cnn", "evaluate", str(model), str(faces), str(out)], EvaluateCnnParams()
    for name, value in params.as_dict().items():
        if value != getattr(usual, name):
            flag = f"--{name.replace('_', '-')}"
            words += [flag] if value is True else [flag, str(value)]
    return shlex.join(words)


def spread(value: float, interval: Interval) -> str:
    """A figure with its interval in brackets."""
    return f"{value:.3f} ({interval.low:.3f} to {interval.high:.3f})"


def _of(counts: np.ndarray, true: int, said: int) -> str:
    total = counts[true].sum()
    return f"{counts[true, said]:,} of {total:,} faces ({counts[true, said] / max(1, total):.0%})"
