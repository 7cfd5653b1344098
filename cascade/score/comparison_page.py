"""The page that sets cascades side by side: ``comparison.html``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cascade.model import read_cascade
from cascade.score.charts import alarms_chart, legend, precision_chart
from cascade.score.facts import facts, point_curve, precision_curve, skipped_table
from cascade.score.params import EvaluateCascadeParams
from cascade.score.result import BUDGETS, Measured
from cascade.score.scenes import printable
from cascade.score.template import environment
from runs.page import Table, count, now, rate
from runs.skips import Skip

_FLATTERED = "Each setting was chosen on the scenes that it is measured on, which flatters all cascades a little."


@dataclass(frozen=True)
class CascadeRow:
    """One cascade of a comparison; `recalls` are those at each of `BUDGETS`, None where no setting keeps it.

    `features_per_window` is a mean, None where it was not counted.
    """

    name: str
    average_precision: float | None
    recalls: tuple[float | None, ...]
    megapixels_per_second: float
    features_per_window: float | None
    stages: int
    weak_classifiers: int
    stumps: int
    window: str

    def flat(self) -> dict[str, Any]:
        """The row with one column a budget, ready for CSV and JSON."""
        row = asdict(self)
        recalls = {f"recall_at_{budget:g}": value for budget, value in zip(BUDGETS, row.pop("recalls"), strict=True)}
        return {**row, **recalls}


def row_of(measured: Measured) -> CascadeRow:
    """The figures of one cascade."""
    at = [measured.best_within(budget) for budget in BUDGETS]
    counts = read_cascade(measured.cascade).summary()
    return CascadeRow(
        name=printable(measured.name),
        average_precision=measured.average_precision,
        recalls=tuple(None if point is None else point.recall for point in at),
        megapixels_per_second=measured.searched.speed.megapixels_per_second,
        features_per_window=measured.trace.features_per_window if measured.trace else None,
        stages=int(counts["stages"]),
        weak_classifiers=int(counts["weak_classifiers"]),
        stumps=int(counts["stumps"]),
        window=f"{counts['window_width']}x{counts['window_height']}",
    )


def render_comparison(
    measured: Sequence[Measured],
    rows: Sequence[CascadeRow],
    scenes: Path,
    params: EvaluateCascadeParams,
    problems: Sequence[Skip],
) -> str:
    """The whole page as HTML; names from files are escaped."""
    searched = measured[0].searched
    faces = sum(len(scene.truth) for scene in searched.matched)
    names = [printable(one.name) for one in measured]
    context = {
        "eyebrow": "Cascades compared",
        "title": " \u00b7 ".join(names),
        "lead": f"Measured on the same {count(len(searched.scenes), 'scene')} with {count(faces, 'object')}.",
        "date": now(),
        "warnings": [_FLATTERED],
        "table_words": "Recall at the best setting within each budget of false alarms an image, and average precision.",
        "recalls": _recalls(rows),
        "costs": _costs(rows),
        "roc": alarms_chart([point_curve(one.name, one.points) for one in measured]),
        "precision": precision_chart([precision_curve(one.name, one.points) for one in measured]),
        "legend": legend(names),
        "facts": facts([(one.name, one.cascade) for one in measured], scenes, params, searched.speed),
        "skipped": skipped_table(problems),
    }
    return environment().get_template("comparison").render(context)


def _recalls(rows: Sequence[CascadeRow]) -> Table:
    head = ("cascade", *(f"at {budget:g}" for budget in BUDGETS), "average precision")
    highest = max((row.average_precision or 0.0 for row in rows), default=0.0)
    best = [n for n, row in enumerate(rows) if highest and row.average_precision == highest]
    cells = [(row.name, *map(rate, row.recalls), rate(row.average_precision)) for row in rows]
    return Table(head, cells, best)


def _costs(rows: Sequence[CascadeRow]) -> Table:
    head = ("cascade", "window", "stages", "weak classifiers", "stumps", "features a window", "megapixels/s")
    cells = []
    for row in rows:
        numbers = map(str, (row.stages, row.weak_classifiers, row.stumps))
        cost = "\u2013" if row.features_per_window is None else f"{row.features_per_window:.2f}"
        cells.append((row.name, row.window, *numbers, cost, f"{row.megapixels_per_second:.3g}"))
    return Table(head, cells)
