"""How good is a cascade: recall and false alarms on scenes with known boxes, at one operating point and over all.

The curve is one over `min_neighbors`, OpenCV's own knob, from 1 up. One search a scene gives all of it: OpenCV's
grouping at `min_neighbors` k is its grouping at 1 without the groups of k windows or fewer (a group inside another
is dropped only in favour of a larger one, which a higher k keeps longer). 0 is left out: it switches grouping off.
"""

from __future__ import annotations

from pathlib import Path

from cascade.score.curve_picture import save_curve
from cascade.score.files import require_own, write_points, write_sizes, write_speed, write_stages
from cascade.score.montage import MontageScene, save_montage
from cascade.score.page import render_report
from cascade.score.params import EvaluateCascadeParams
from cascade.score.result import CascadeScore, Measured, measure, score_of
from cascade.score.scenes import read_scenes
from cascade.score.sizes import SIZES
from runs.files import replacing_folder, write_json, write_text
from runs.progress import Report, silent
from runs.skips import Skip, write_skips

__all__ = ["OUTPUTS", "SIZES", "CascadeScore", "EvaluateCascadeParams", "evaluate_cascade"]

OUTPUTS = (
    "report.html",
    "metrics.json",
    "measured.json",
    "speed.json",
    "curve.csv",
    "sizes.csv",
    "stages.csv",
    "curve.png",
    "montage.png",
    "skipped.csv",
)
"""The files of an evaluation; a folder that holds anything else is never replaced by one."""


def evaluate_cascade(
    cascade: Path,
    scenes: Path,
    out: Path,
    params: EvaluateCascadeParams = EvaluateCascadeParams(),
    *,
    positives: Path | None = None,
    report: Report = silent,
) -> CascadeScore:
    """Measure a cascade on scenes with known boxes.

    Parameters
    ----------
    cascade
        A ``cascade.xml``.
    scenes
        Annotations in any format: a file, or a folder that holds one, such as ``info.lst``. Pictures with 0 boxes count
        for false alarms; boxes may reach outside their picture; what only lies in a box that is marked to be
        ignored counts for nothing. Pictures are searched in grey.
    out
        A folder that is written whole or not at all, over an earlier evaluation: ``report.html``, one page that tells
        everything; ``metrics.json``; ``measured.json`` (the settings, and what the scenes are called); ``speed.json``;
        ``curve.csv`` (operating points by `min_neighbors`), ``sizes.csv`` (recall by size at each), ``stages.csv``
        (what each stage rejects); ``curve.png``, ``montage.png``; ``skipped.csv`` (pictures that could not be read,
        broken lines, boxes without area in their picture).
    positives
        The ``.vec`` that the cascade was trained with: its mean is what the page draws the first features on.

    Raises
    ------
    InputError
        The cascade, the annotations or `positives` cannot be read, no scene is left, or `out` holds files that no
        evaluation wrote.
    """
    require_own(out, OUTPUTS)
    problems: list[Skip] = []
    annotations = read_scenes(scenes, params, problems)
    measured = measure(cascade.name, cascade, scenes, annotations, params, problems, report)
    score = score_of(measured, out, params, len(problems))
    page = render_report(score, measured, scenes, params, problems, positives)
    with replacing_folder(out) as beside:
        write_text(beside / "report.html", page)
        _write(beside, score, measured, params)
        write_json(beside / "measured.json", {"parameters": params.as_dict(), "scenes": scenes.absolute().name})
        write_skips(beside / "skipped.csv", problems)
    return score


def _write(folder: Path, score: CascadeScore, measured: Measured, params: EvaluateCascadeParams) -> None:
    write_json(folder / "metrics.json", score.metrics())
    write_speed(folder / "speed.json", measured.searched.speed)
    write_points(folder / "curve.csv", measured.points)
    write_sizes(folder / "sizes.csv", measured)
    write_stages(folder / "stages.csv", measured.trace)
    budget = params.false_alarm_budget
    save_curve(folder / "curve.png", measured.points, score.point, score.recommended, score.by_size, budget)
    at = [MontageScene(one.picture, one.matched.above(params.min_neighbors)) for one in measured.searched.scenes]
    save_montage(folder / "montage.png", at, score.point, params.montage_scenes, params.montage_columns)
