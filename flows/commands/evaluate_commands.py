"""`facefoundry cascade evaluate` and `cascade compare`: how good is one cascade, and which of several is best."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from cascade import compare as comparing
from cascade.evaluate import EvaluateCascadeParams, evaluate_cascade
from flows.commands.step_app import FLATTEN
from flows.commands.terminal import progress_bar, show


def evaluate(
    cascade: Path,
    scenes: Path,
    out: Path,
    *,
    positives: Path | None = None,
    params: Annotated[EvaluateCascadeParams, FLATTEN] = EvaluateCascadeParams(),
) -> None:
    """Measure a cascade on scenes with ground truth, and write one page that tells everything: OUT/report.html.

    Parameters
    ----------
    cascade
        The `cascade.xml`, ours or any that OpenCV loads.
    scenes
        The true boxes in any annotation format: a file, or a folder that holds one, such as `info.lst`.
    out
        The folder to write, whole or not at all.
    positives
        The `.vec` it was trained with; the page draws the first features on its mean.
    """
    with progress_bar("evaluate_cascade") as report:
        show(evaluate_cascade(cascade, scenes, out, params, positives=positives, report=report))


def compare(
    scenes: Path,
    out: Path,
    *cascades: str,
    stock: Annotated[bool, Parameter(negative="")] = False,
    params: Annotated[EvaluateCascadeParams, FLATTEN] = EvaluateCascadeParams(),
) -> None:
    """Measure several cascades on the same scenes, and set them side by side: OUT/comparison.html.

    Parameters
    ----------
    scenes
        The true boxes in any annotation format: a file, or a folder that holds one, such as `info.lst`.
    out
        The folder to write, whole or not at all.
    cascades
        `name=path` or a path, as many as are to be compared.
    stock
        Add OpenCV's own frontal face cascades, which the wheels of OpenCV 4 ship.
    """
    chosen = [comparing.parse_cascade(text) for text in cascades]
    chosen += comparing.stock_cascades() if stock else []
    with progress_bar("compare_cascades") as report:
        found = comparing.compare_cascades(chosen, scenes, out, params, report=report)
    for row in found.rows:
        recall = " ".join("   -  " if value is None else f"{value:6.3f}" for value in row.recalls)
        whole = "-" if row.average_precision is None else f"{row.average_precision:.3f}"
        print(f"{row.name:<24} average precision {whole}   recall {recall}   {row.megapixels_per_second:.3g} MP/s")
    budgets = ", ".join(f"{budget:g}" for budget in comparing.BUDGETS)
    print(f"Recall is that with at most {budgets} false alarms an image. The page: {out / 'comparison.html'}")
