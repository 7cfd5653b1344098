"""The page that tells an evaluation: ``report.html``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from cascade.model import CascadeModel, read_cascade
from cascade.score.charts import Curve, Mark, alarms_chart, legend, precision_chart
from cascade.score.facts import facts, point_curve, precision_curve, skipped_table
from cascade.score.first_features import first_features, mean_of_objects, mean_of_samples
from cascade.score.intervals import Interval
from cascade.score.matching import OperatingPoint
from cascade.score.params import EvaluateCascadeParams
from cascade.score.result import CascadeScore, Measured
from cascade.score.scenes import printable
from cascade.score.sizes import SIZES, recall_by_size
from cascade.score.snippets import cpp_code, python_code
from cascade.score.template import environment
from cascade.score.tiles import png_data, scene_tiles, worst_scenes
from runs.page import Table, count, now, rate
from runs.skips import Skip

_FEW_SCENES, _FEW_OBJECTS = 30, 100
_SHOWN_POINTS = (1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 50, 75, 100)


def render_report(
    score: CascadeScore,
    measured: Measured,
    scenes: Path,
    params: EvaluateCascadeParams,
    problems: Sequence[Skip],
    positives: Path | None = None,
) -> str:
    """The whole page as HTML; names from files are escaped.

    Raises
    ------
    InputError
        `positives` cannot be read, or its samples are not of the cascade's window.
    """
    best, model = score.recommended, read_cascade(measured.cascade)
    context = {
        "eyebrow": "Cascade report",
        "title": printable(measured.name),
        "lead": f"Measured on {count(score.scenes, 'scene')} with {count(score.faces, 'object')}.",
        "date": now(),
        "tiles": _tiles(score),
        "warnings": _warnings(score),
        "point_words": _point_words(score, params),
        "python": python_code(printable(measured.cascade.name), best.min_neighbors, params),
        "cpp": cpp_code(printable(measured.cascade.name), best.min_neighbors, params),
        "budget": f"{params.false_alarm_budget:g}",
        "points": _points_table(measured.points, score),
        "skipped": skipped_table(problems),
        "facts": facts([(measured.name, measured.cascade)], scenes, params, measured.searched.speed),
        **_charts(score, measured, params),
        **_sizes(score, measured),
        **_stages(measured),
        **_features(measured, model, positives),
        **_scenes(score, measured, params),
    }
    return environment().get_template("report").render(context)


def _tiles(score: CascadeScore) -> list[dict[str, str]]:
    best, known = score.recommended, {one.name: one for one in score.recommended_intervals}
    overall = next((one for one in score.intervals if one.name == "average_precision"), None)
    alarms = known.get("false_alarms_per_image")
    values = (
        ("Recall", rate(best.recall), _spread(known.get("recall"))),
        ("False alarms an image", f"{best.false_alarms_per_image:.3g}", _spread(alarms)),
        ("Precision", rate(best.precision), _spread(known.get("precision"))),
        ("Average precision", rate(score.average_precision), _spread(overall)),
        ("Speed", f"{score.megapixels_per_second:.3g} MP/s", "the whole search, here"),
    )
    return [{"name": name, "value": value, "note": note} for name, value, note in values]


def _spread(interval: Interval | None) -> str:
    return "" if interval is None else f"95%: {interval.low:.3f} to {interval.high:.3f}"


def _warnings(score: CascadeScore) -> list[str]:
    found = []
    if score.scenes < _FEW_SCENES or score.faces < _FEW_OBJECTS:
        few = f"{count(score.scenes, 'scene')} with {count(score.faces, 'object')}"
        found.append(f"Only {few}: the intervals are wide. Measure on at least {_FEW_SCENES} and {_FEW_OBJECTS}.")
    if not score.within_budget:
        found.append("No setting keeps the budget of false alarms: the recommended one has the fewest.")
    if score.skipped:
        found.append(f"{count(score.skipped, 'thing')} could not be read and were left out: see the end of the page.")
    found.append(
        "The recommended setting was chosen on the same scenes that it is measured on, which flatters it a little."
    )
    return found


def _point_words(score: CascadeScore, params: EvaluateCascadeParams) -> str:
    best = score.recommended
    why = f"the highest recall with at most {params.false_alarm_budget:g} false alarms an image"
    told = why if score.within_budget else f"no setting keeps {params.false_alarm_budget:g} false alarms an image"
    figures = f"{best.hits} of {best.hits + best.misses} found, {count(best.false_alarms, 'false alarm')}"
    return f"min_neighbors {best.min_neighbors}: {told}. {figures}. Registration stores it with the model."


def _points_table(points: Sequence[OperatingPoint], score: CascadeScore) -> Table:
    chosen = {*_SHOWN_POINTS, score.point.min_neighbors, score.recommended.min_neighbors}
    shown = [point for point in points if point.min_neighbors in chosen]
    best = [n for n, point in enumerate(shown) if point.min_neighbors == score.recommended.min_neighbors]
    head = ("min_neighbors", "recall", "precision", "F1", "found", "missed", "false alarms", "an image")
    return Table(head, [_point_row(point) for point in shown], best)


def _point_row(point: OperatingPoint) -> list[str]:
    rates = [rate(point.recall), rate(point.precision), rate(point.f1)]
    numbers = [f"{point.hits:,}", f"{point.misses:,}", f"{point.false_alarms:,}"]
    return [str(point.min_neighbors), *rates, *numbers, f"{point.false_alarms_per_image:.3g}"]


def _charts(score: CascadeScore, measured: Measured, params: EvaluateCascadeParams) -> dict[str, Markup]:
    best, points = score.recommended, measured.points
    mark = Mark("recommended", best.false_alarms_per_image, best.recall or 0.0)
    other = [] if best.precision is None else [Mark("recommended", best.recall or 0.0, best.precision)]
    return {
        "roc": alarms_chart([point_curve(measured.name, points)], [mark], params.false_alarm_budget),
        "precision": precision_chart([precision_curve(measured.name, points)], other),
    }


def _sizes(score: CascadeScore, measured: Measured) -> dict[str, Any]:
    scenes, points = measured.searched.matched, [p for p in measured.points if p.min_neighbors in _SHOWN_POINTS]
    at = [(point, recall_by_size(scenes, point.min_neighbors)) for point in points]
    curves = []
    for number, name in enumerate(SIZES):
        places = tuple((point.false_alarms_per_image, sizes[number].recall or 0.0) for point, sizes in at)
        tips = tuple(f"{name}, min_neighbors {point.min_neighbors}" for point, _ in at)
        curves.append(Curve(name, places, tips) if score.by_size[number].faces else Curve(name, ()))
    best = recall_by_size(scenes, score.recommended.min_neighbors)
    rows = [(f"{one.name}, {one.range}", str(one.faces), str(one.hits), rate(one.recall)) for one in best]
    head = ("size", "objects", f"found at min_neighbors {score.recommended.min_neighbors}", "recall")
    return {"size_chart": alarms_chart(curves), "size_legend": legend(list(SIZES)), "sizes": Table(head, rows)}


def _stages(measured: Measured) -> dict[str, Any]:
    trace = measured.trace
    if trace is None:
        return {"stages": [], "stage_words": "Not counted."}
    rows = [
        {
            "stage": row.stage,
            "weak": row.weak_classifiers,
            "reached": f"{row.reached:,}",
            "width": f"{100 * row.share:.2f}",
            "share": f"{100 * row.share:.3g}%",
            "rejected": "\u2013" if row.rejected is None else f"{row.rejected:.1%}",
        }
        for row in trace.rows()
    ]
    cost = f"{trace.features_per_window or 0:.2f} features are evaluated on a window in the mean"
    where = f"{trace.windows:,} windows of {count(trace.scenes, 'scene')}, searched as OpenCV does"
    return {"stages": rows, "stage_words": f"{cost}; {trace.reached[-1]:,} of {where}, pass all stages."}


def _features(measured: Measured, model: CascadeModel, positives: Path | None) -> dict[str, Any]:
    mean = mean_of_samples(positives, model) if positives else mean_of_objects(measured.searched.scenes, model)
    if mean is None:
        return {"features": [], "feature_words": "", "mean": "", "window": (1, 1)}
    of = "the samples that it was trained with" if positives else "the scenes' true boxes"
    words = f"Drawn on the mean of {of}. The sum under the light part less that under the dark is compared."
    if model.feature_type == "LBP":
        words = f"Drawn on the mean of {of}. The eight cells around are compared with the light one in the middle."
    drawn = first_features(model)
    return {"features": drawn, "feature_words": words, "mean": png_data(mean), "window": (model.width, model.height)}


def _scenes(score: CascadeScore, measured: Measured, params: EvaluateCascadeParams) -> dict[str, Any]:
    scenes, at = measured.searched.scenes, score.recommended.min_neighbors
    tiles = scene_tiles(scenes, at, params.montage_scenes)
    words = f"At min_neighbors {at}."
    if len(tiles) < len(scenes):
        words += f" {len(tiles)} of {len(scenes)}: half those with the most mistakes, half those with the most found."
    rows = [(name, *map(str, numbers)) for name, *numbers in worst_scenes(scenes, at)]
    head = ("scene", "objects", "missed", "false alarms")
    return {"scenes": tiles, "scene_words": words, "worst": Table(head, rows)}
