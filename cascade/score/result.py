"""What an evaluation found: the figures that are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from cascade.annotations.records import Annotation
from cascade.detect import DetectParams
from cascade.score.intervals import Interval, point_intervals, precision_interval
from cascade.score.matching import Matched, OperatingPoint, average_precision, operating_point, recommend
from cascade.score.params import EvaluateCascadeParams
from cascade.score.scenes import Searched, require_scenes, search
from cascade.score.sizes import SizeRecall, recall_by_size
from cascade.score.stages import StageTrace, trace_scenes
from runs.progress import Progress, Report, silent
from runs.record import digest
from runs.skips import Skip

BUDGETS = (0.1, 0.25, 0.5, 1.0, 2.0)
"""False alarms an image at which the recall of cascades is compared."""


@dataclass(frozen=True)
class CascadeScore:
    """What `evaluate_cascade` found; rates are None where the set has nothing to divide by.

    `point` is the reported operating point, `recommended` the best one within the budget (`within_budget` False: none
    was), which is registered with the model. `by_size` is the recall at `point` for each class of `SIZES`, `searched`
    how the scenes were searched, `out` the folder with the files. `intervals` and `recommended_intervals` say what 95%
    of the draws of a bootstrap over scenes give. `features_per_window` is None where it was not counted. `model_sha256`
    is that of the cascade's file, so that nobody takes these figures for another's.
    """

    out: Path
    model_sha256: str
    scenes: int
    skipped: int
    faces: int
    point: OperatingPoint
    average_precision: float | None
    recommended: OperatingPoint
    within_budget: bool
    by_size: tuple[SizeRecall, ...]
    searched: DetectParams
    intervals: tuple[Interval, ...]
    recommended_intervals: tuple[Interval, ...]
    features_per_window: float | None
    megapixels_per_second: float

    def metrics(self) -> dict[str, str | int | float | bool | None]:
        """All figures but the speed, flat, as in ``metrics.json``: the same for the same cascade and scenes."""
        counts = {"scenes": self.scenes, "skipped": self.skipped, "faces": self.faces}
        sizes = {f"recall_{one.name}": one.recall for one in self.by_size}
        numbers = {f"faces_{one.name}": one.faces for one in self.by_size}
        best = {f"recommended_{name}": value for name, value in asdict(self.recommended).items()}
        kept = {
            "recommended_within_budget": self.within_budget,
            "registered_min_neighbors": best["recommended_min_neighbors"],
        }
        settings = {name: getattr(self.searched, name) for name in ("scale_factor", "min_size", "max_size")}
        return {
            "model_sha256": self.model_sha256,
            **counts,
            **asdict(self.point),
            "average_precision": self.average_precision,
            **_bounds(self.intervals, ""),
            **sizes,
            **numbers,
            **best,
            **_bounds(self.recommended_intervals, "recommended_"),
            **kept,
            **settings,
            "features_per_window": self.features_per_window,
        }


@dataclass(frozen=True)
class Measured:
    """A cascade after all measurements: what the curves and the page are drawn from."""

    name: str
    cascade: Path
    sha256: str
    searched: Searched
    points: list[OperatingPoint]
    trace: StageTrace | None

    def best_within(self, budget: float) -> OperatingPoint | None:
        """The point of the highest recall with at most so many false alarms an image; None where there is none."""
        point, within = recommend(self.points, budget)
        return point if within else None

    @property
    def average_precision(self) -> float | None:
        """See `cascade.score.matching.average_precision`."""
        return average_precision(self.searched.matched)


def measure(
    name: str,
    cascade: Path,
    scenes: Path,
    annotations: Sequence[Annotation],
    params: EvaluateCascadeParams,
    problems: list[Skip],
    report: Report = silent,
) -> Measured:
    """Run one cascade over the scenes, and take all measurements.

    Parameters
    ----------
    name
        What it is called where cascades stand side by side.
    scenes, annotations
        Where the scenes are from, and what `read_scenes` gave.
    problems
        What is left out is appended here.

    Raises
    ------
    InputError
        The cascade cannot be read, or no scene is left.
    """
    searched, sha256 = search(cascade, scenes, annotations, params, report), digest(cascade)
    problems += searched.problems
    require_scenes(searched, scenes, problems)
    report(Progress("Counting what each stage rejects", len(annotations), len(annotations)))
    trace = trace_scenes(cascade, searched.scenes, params.detection(), params.traced_megapixels)
    return Measured(name, cascade, sha256, searched, curve_points(searched.matched, params), trace)


def curve_points(scenes: Sequence[Matched], params: EvaluateCascadeParams) -> list[OperatingPoint]:
    """The operating points from `min_neighbors` 1 up, and the reported one."""
    thresholds = sorted({*range(1, params.curve_points + 1), params.min_neighbors})
    return [operating_point(scenes, threshold) for threshold in thresholds]


def score_of(measured: Measured, out: Path, params: EvaluateCascadeParams, skipped: int) -> CascadeScore:
    """The figures of a measured cascade."""
    scenes, trace = measured.searched.matched, measured.trace
    recommended, within = recommend(measured.points, params.false_alarm_budget)
    return CascadeScore(
        out=out,
        model_sha256=measured.sha256,
        scenes=len(scenes),
        skipped=skipped,
        faces=sum(len(scene.truth) for scene in scenes),
        point=next(point for point in measured.points if point.min_neighbors == params.min_neighbors),
        average_precision=measured.average_precision,
        recommended=recommended,
        within_budget=within,
        by_size=recall_by_size(scenes, params.min_neighbors),
        searched=params.detection(),
        intervals=point_intervals(scenes, params.min_neighbors) + precision_interval(scenes),
        recommended_intervals=point_intervals(scenes, recommended.min_neighbors),
        features_per_window=trace.features_per_window if trace else None,
        megapixels_per_second=measured.searched.speed.megapixels_per_second,
    )


def _bounds(intervals: Sequence[Interval], prefix: str) -> dict[str, float]:
    bounds: dict[str, float] = {}
    for one in intervals:
        bounds |= {f"{prefix}{one.name}_low": one.low, f"{prefix}{one.name}_high": one.high}
    return bounds
