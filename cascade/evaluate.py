"""How good is a cascade: recall and false alarms on scenes with known boxes, at one operating point and over all.

The curve is one over `min_neighbors`, OpenCV's own knob, from 1 up. One detection a scene gives all of it: OpenCV's
grouping at `min_neighbors` k is its grouping at 1 without the groups of k windows or fewer (a group inside another
is dropped only in favour of a larger one, which a higher k keeps longer). 0 is left out: it switches grouping off.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Le

from cascade.annotations import opencv_info
from cascade.annotations.opencv_info import Annotation
from cascade.boxes import Box, iou
from cascade.detect import Detector, DetectParams
from cascade.errors import InputError
from cascade.matching import Matched, OperatingPoint, average_precision, match, operating_point, recommend
from cascade.montage import MontageScene, save_montage
from cascade.pictures import PictureError, load_grey
from cascade.report import SizeRecall, save_curve
from runs.files import replacing_folder, write_json
from runs.parameters import Parameters
from runs.progress import Progress, Report, silent
from runs.skips import Skip, write_skips

OUTPUTS = ("metrics.json", "curve.csv", "curve.png", "montage.png", "skipped.csv")
"""The files of an evaluation; a folder that holds anything else is never replaced by one."""

SIZES = {"small": (0.0, 32.0), "medium": (32.0, 64.0), "large": (64.0, float("inf"))}
"""Objects by size: the least side (included) and the greatest (not), in pixels; the side is sqrt(width * height)."""


@dataclass(frozen=True, kw_only=True)
class EvaluateCascadeParams(Parameters):
    """How a cascade is run and measured."""

    scale_factor: Annotated[float, Ge(1.01), Le(4)] = 1.1
    """Each search window is so many times larger than the one before; smaller finds more and takes longer."""
    min_neighbors: Annotated[int, Ge(1), Le(10_000)] = 3
    """The operating point that is reported: more windows than this must agree on an object."""
    min_size: Annotated[int, Ge(1)] = 20
    """Smaller windows are not searched: the least width and height in pixels."""
    max_size: Annotated[int, Ge(1)] | None = None
    """Larger windows are not searched: the greatest width and height in pixels; empty: the whole picture."""
    iou: Annotated[float, Gt(0), Le(1)] = 0.3
    """A detection is a hit when its intersection over union with a true box is at least this."""
    false_alarm_budget: Annotated[float, Ge(0)] = 0.5
    """The recommended point has the highest recall with at most so many false alarms an image."""
    curve_points: Annotated[int, Ge(1), Le(10_000)] = 100
    """The curve goes from `min_neighbors` 1 to this."""
    montage_scenes: Annotated[int, Ge(1), Le(48)] = 24
    """So many scenes are shown: half with the most mistakes, half with the most hits."""
    montage_columns: Annotated[int, Ge(2), Le(8)] = 4
    """Scenes in a row of the montage, which is 1600 pixels wide."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.detection()

    def detection(self) -> DetectParams:
        """How the scenes are searched: so that every detection of the curve is there."""
        factor, least, most = self.scale_factor, self.min_size, self.max_size
        return DetectParams(scale_factor=factor, min_neighbors=1, min_size=least, max_size=most)


@dataclass(frozen=True)
class CascadeScore:
    """What `evaluate_cascade` found; rates are None where the set has nothing to divide by.

    `point` is the reported operating point, `recommended` the best one within the budget (`within_budget` False: none
    was), `by_size` the recall at `point` for each class of `SIZES`, `searched` how the scenes were searched, `out` the
    folder with the files.
    """

    out: Path
    scenes: int
    skipped: int
    faces: int
    point: OperatingPoint
    average_precision: float | None
    recommended: OperatingPoint
    within_budget: bool
    by_size: tuple[SizeRecall, ...]
    searched: DetectParams

    def metrics(self) -> dict[str, int | float | bool | None]:
        """All figures, flat, as in ``metrics.json``."""
        counts = {"scenes": self.scenes, "skipped": self.skipped, "faces": self.faces}
        sizes = {f"recall_{one.name}": one.recall for one in self.by_size}
        numbers = {f"faces_{one.name}": one.faces for one in self.by_size}
        best = {f"recommended_{name}": value for name, value in asdict(self.recommended).items()}
        kept = {"recommended_within_budget": self.within_budget}
        settings = {name: getattr(self.searched, name) for name in ("scale_factor", "min_size", "max_size")}
        return {
            **counts,
            **asdict(self.point),
            "average_precision": self.average_precision,
            **sizes,
            **numbers,
            **best,
            **kept,
            **settings,
        }


def evaluate_cascade(
    cascade: Path,
    scenes: Path,
    out: Path,
    params: EvaluateCascadeParams = EvaluateCascadeParams(),
    *,
    report: Report = silent,
) -> CascadeScore:
    """Measure a cascade on scenes with known boxes.

    Parameters
    ----------
    cascade
        A ``cascade.xml``.
    scenes
        An OpenCV info file, or a folder with one called ``info.lst``. Pictures with 0 boxes count for false alarms;
        boxes may reach outside their picture. Pictures are searched in grey.
    out
        A folder that is written whole or not at all, over an earlier evaluation: ``metrics.json``, ``curve.csv`` and
        ``curve.png`` (recall over false alarms, by `min_neighbors`), ``montage.png`` (hits, misses and false alarms),
        ``skipped.csv`` (pictures that could not be read, broken lines, boxes without area in their picture).

    Raises
    ------
    InputError
        The cascade or the list cannot be read, no scene is left, or `out` holds files that no evaluation wrote.
    """
    _check_out(out)
    detector = Detector(cascade, params.detection())
    problems: list[Skip] = []
    info = scenes / "info.lst" if scenes.is_dir() else scenes
    annotations = opencv_info.read(info, problems)
    matched = _detect_all(detector, info, annotations, params, problems, report)
    if not matched:
        reason = f"; the first: {problems[0]}" if problems else ": the list is empty"
        raise InputError(f"{scenes}: no scene can be evaluated{reason}")
    points = [operating_point([m for _, m in matched], k) for k in _thresholds(params)]
    score = _score(out, [m for _, m in matched], points, params, len(problems))
    report(Progress("Drawing the curve and the montage", len(annotations), len(annotations)))
    with replacing_folder(out) as beside:
        _write(beside, score, points, matched, params, problems)
    return score


def _check_out(out: Path) -> None:
    strangers = [out.name] if out.is_file() else sorted(set(_names(out)) - set(OUTPUTS))
    if strangers:
        raise InputError(
            f"`out` holds files that no evaluation wrote: {out} ({strangers[0]}). They are not touched; "
            "choose a new folder."
        )


def _names(folder: Path) -> list[str]:
    return [entry.name for entry in folder.iterdir()] if folder.is_dir() else []


def _detect_all(
    detector: Detector,
    info: Path,
    annotations: Sequence[Annotation],
    params: EvaluateCascadeParams,
    problems: list[Skip],
    report: Report,
) -> list[tuple[Annotation, Matched]]:
    matched = []
    for number, annotation in enumerate(annotations, start=1):
        name = _printable(annotation.picture.name)
        try:
            image = load_grey(annotation.picture)
        except PictureError as error:
            problems.append(_skip(info, annotation, error.rule, error.value, error.remedy))
            message = f"{name}: skipped, {error.rule}"
        else:
            truth = _truth(info, annotation, (image.shape[1], image.shape[0]), problems)
            one = match(*detector.detect(image), truth, params.iou)
            matched.append((annotation, one))
            at = one.above(params.min_neighbors)
            alarms = f"{at.false_alarms} false alarm{'s' * (at.false_alarms != 1)}"
            message = f"{name}: {at.hits} of {len(at.truth)} found, {alarms}"
        report(Progress(message, number, len(annotations)))
    return matched


def _truth(info: Path, annotation: Annotation, size: tuple[int, int], problems: list[Skip]) -> list[Box]:
    """The boxes that something could be found in: with an area, and at least partly in the picture."""
    whole = (0, 0, *size)
    usable = [box for box in annotation.boxes if iou([box], [whole]).item() > 0]
    for box in annotation.boxes:
        if box not in usable:
            value = f"{' '.join(map(str, box))} in {size[0]}x{size[1]} pixels"
            problems.append(_skip(info, annotation, "box without area in its picture", value, "Correct the box."))
    return usable


def _skip(info: Path, annotation: Annotation, rule: str, value: str, remedy: str) -> Skip:
    return Skip(_printable(str(info)), annotation.line, rule, _printable(f"{annotation.picture.name}: {value}"), remedy)


def _printable(text: str) -> str:
    """A name that is not UTF-8 could be neither written into a list nor shown on a terminal."""
    return os.fsencode(text).decode("utf-8", "replace")


def _thresholds(params: EvaluateCascadeParams) -> list[int]:
    return sorted({*range(1, params.curve_points + 1), params.min_neighbors})


def _score(
    out: Path, scenes: list[Matched], points: list[OperatingPoint], params: EvaluateCascadeParams, skipped: int
) -> CascadeScore:
    recommended, within = recommend(points, params.false_alarm_budget)
    return CascadeScore(
        out=out,
        scenes=len(scenes),
        skipped=skipped,
        faces=sum(len(scene.truth) for scene in scenes),
        point=next(point for point in points if point.min_neighbors == params.min_neighbors),
        average_precision=average_precision(scenes),
        recommended=recommended,
        within_budget=within,
        by_size=_recall_by_size([scene.above(params.min_neighbors) for scene in scenes]),
        searched=params.detection(),
    )


def _recall_by_size(scenes: list[Matched]) -> tuple[SizeRecall, ...]:
    sides = np.concatenate([np.sqrt(scene.truth[:, 2:].clip(0).prod(axis=1)) for scene in scenes])
    found = np.concatenate([scene.found for scene in scenes])
    classes = {name: (sides >= least) & (sides < most) for name, (least, most) in SIZES.items()}
    return tuple(
        SizeRecall(name, int(these.sum()), int(found[these].sum()), *SIZES[name]) for name, these in classes.items()
    )


def _write(
    folder: Path,
    score: CascadeScore,
    points: list[OperatingPoint],
    matched: list[tuple[Annotation, Matched]],
    params: EvaluateCascadeParams,
    problems: list[Skip],
) -> None:
    write_json(folder / "metrics.json", score.metrics())
    write_skips(folder / "skipped.csv", problems)
    with (folder / "curve.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, [field.name for field in fields(OperatingPoint)])
        writer.writeheader()
        writer.writerows(asdict(point) for point in points)
    save_curve(folder / "curve.png", points, score.point, score.recommended, score.by_size, params.false_alarm_budget)
    scenes = [MontageScene(annotation.picture, one.above(params.min_neighbors)) for annotation, one in matched]
    save_montage(folder / "montage.png", scenes, score.point, params.montage_scenes, params.montage_columns)
