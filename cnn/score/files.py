"""The tables of an evaluation, and the names of all its files."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

from cnn.labels import EXPRESSIONS
from cnn.score.figures import CnnScore
from cnn.score.intervals import by_name
from cnn.score.measured import Measured
from cnn.score.params import EvaluateCnnParams
from cnn.score.reliability import reliability
from cnn.store import TABLE
from cnn.views import views_of
from runs.files import write_json, write_text
from runs.record import digest

OUTPUTS = (
    "report.html",
    "metrics.json",
    "measured.json",
    "classes.csv",
    "confusion.csv",
    "confusion.png",
    "predictions.csv",
    "reliability.csv",
    "montage.png",
)
"""The files of an evaluation; a folder that holds anything else is never replaced by one."""


def write_measured(folder: Path, measured: Measured, faces: Path, params: EvaluateCnnParams) -> None:
    """Write ``measured.json``: how it was measured, the model's views, and the store's faces by source, split, class.

    `table_sha256` is that of the store's table, which a training's ``run.json`` names too.
    """
    told = measured.everything[["source", "split", "expression"]].itertuples(index=False, name=None)
    counts: dict[str, dict[str, dict[str, int]]] = {}
    for (source, split, expression), count in sorted(Counter(told).items()):
        counts.setdefault(source, {}).setdefault(split, {})[expression] = count
    store = {"table_sha256": digest(faces / TABLE), "counts": counts}
    about = {"parameters": params.as_dict(), "views": views_of(measured.model), "faces": store}
    write_json(folder / "measured.json", about)


def write_tables(folder: Path, measured: Measured, score: CnnScore) -> None:
    """Write ``classes.csv``, ``confusion.csv``, ``predictions.csv`` and ``reliability.csv``."""
    names = pd.Index(EXPRESSIONS, name="true")
    confusion = pd.DataFrame(np.array(score.counts), index=names, columns=list(EXPRESSIONS))
    write_text(folder / "confusion.csv", confusion.to_csv(lineterminator="\n"))
    _write(folder / "classes.csv", _classes(score))
    _write(folder / "predictions.csv", _predictions(measured))
    _write(folder / "reliability.csv", _reliability(measured))


def _classes(score: CnnScore) -> pd.DataFrame:
    known, counts, rows = by_name(score.intervals), np.array(score.counts), []
    for number, name in enumerate(EXPRESSIONS):
        row = {"class": name, "faces": counts[number].sum(), "said": counts[:, number].sum()}
        for figure in ("recall", "precision", "f1"):
            around = known[f"{figure}_{name.lower()}"]
            row |= {figure: getattr(score, figure)[name], f"{figure}_low": around.low, f"{figure}_high": around.high}
        rows.append(row)
    return pd.DataFrame(rows).round(6)


def _predictions(measured: Measured) -> pd.DataFrame:
    columns = measured.table[["index", "source", "row", "file", "expression"]].copy()
    columns["predicted"] = np.array(EXPRESSIONS)[measured.predicted]
    for number, name in enumerate(EXPRESSIONS):
        columns[f"p_{name.lower()}"] = measured.answers[:, number].round(5)
    return columns


def _reliability(measured: Measured) -> pd.DataFrame:
    kinds = {"before": measured.before, "after": measured.after}
    rows = [
        {"answers": kind, **asdict(one)}
        for kind, answers in kinds.items()
        if answers is not None
        for one in reliability(answers, measured.labels)
    ]
    return pd.DataFrame(rows).round(6)


def _write(path: Path, table: pd.DataFrame) -> None:
    write_text(path, table.to_csv(index=False, lineterminator="\n"))
