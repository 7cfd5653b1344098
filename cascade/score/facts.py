"""What both pages say: what was measured with what, tables, curves and figures as text."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import cv2

from cascade.score.charts import Curve
from cascade.score.matching import OperatingPoint
from cascade.score.params import EvaluateCascadeParams
from cascade.score.scenes import Speed, printable
from runs.page import Table, count, now, rate
from runs.record import digest
from runs.skips import Skip


def facts(
    cascades: Sequence[tuple[str, Path]], scenes: Path, params: EvaluateCascadeParams, speed: Speed
) -> list[tuple[str, str]]:
    """What was measured, with what, as rows of a name and a value."""
    files = [(name, f"{printable(str(path))}, SHA-256 {digest(path)[:16]}") for name, path in cascades]
    machine = f"OpenCV {cv2.__version__}, {count(speed.threads, 'thread')}, {count(speed.cores, 'core')}"
    machine += f", load {os.getloadavg()[0]:.1f} while measuring"
    settings = [(name, printable(str(value))) for name, value in params.as_dict().items() if value is not None]
    shown = [(printable(name), value) for name, value in files]
    return [*shown, ("scenes", printable(str(scenes))), ("date", now()), ("machine", machine), *settings]


def skipped_table(problems: Sequence[Skip]) -> Table:
    """What was left out, by rule."""
    rules = Counter(one.rule for one in problems)
    return Table(("rule", "left out"), [(rule, str(number)) for rule, number in rules.most_common()])


def point_curve(name: str, points: Sequence[OperatingPoint]) -> Curve:
    """Recall over false alarms an image."""
    places = tuple((point.false_alarms_per_image, point.recall or 0.0) for point in points)
    return Curve(printable(name), places, tuple(_tip(name, point) for point in points))


def precision_curve(name: str, points: Sequence[OperatingPoint]) -> Curve:
    """Precision over recall, where both are there."""
    usable = [point for point in points if point.precision is not None and point.recall is not None]
    places = tuple((point.recall or 0.0, point.precision or 0.0) for point in usable)
    return Curve(printable(name), places, tuple(_tip(name, point) for point in usable))


def _tip(name: str, point: OperatingPoint) -> str:
    told = f"min_neighbors {point.min_neighbors}: recall {rate(point.recall)}, precision {rate(point.precision)}"
    return f"{printable(name)}, {told}, {point.false_alarms_per_image:.3g} false alarms an image"
