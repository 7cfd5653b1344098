"""The tables of an evaluation, and the folder that they go into."""

from __future__ import annotations

import csv
import platform
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import cv2

from cascade.errors import InputError
from cascade.score.matching import OperatingPoint
from cascade.score.result import Measured
from cascade.score.scenes import Speed
from cascade.score.sizes import recall_by_size
from cascade.score.stages import StageTrace
from runs.files import write_json


def require_own(out: Path, outputs: Collection[str]) -> None:
    """Refuse to replace files that are not ours.

    Raises
    ------
    InputError
        `out` is a file, or a folder with something in it that is not among `outputs`.
    """
    names = [entry.name for entry in out.iterdir()] if out.is_dir() else []
    strangers = [out.name] if out.is_file() else sorted(set(names) - set(outputs))
    if strangers:
        raise InputError(
            f"`out` holds files that no evaluation wrote: {out} ({strangers[0]}). They are not touched; "
            "choose a new folder."
        )


def write_points(path: Path, points: Sequence[OperatingPoint]) -> None:
    """Write operating points, one a row."""
    write_rows(path, [field.name for field in fields(OperatingPoint)], (asdict(point) for point in points))


def write_sizes(path: Path, measured: Measured) -> None:
    """Write the recall of each class of sizes at each operating point, and its false alarms an image."""
    rows = (
        {
            "min_neighbors": point.min_neighbors,
            "false_alarms_per_image": point.false_alarms_per_image,
            "size": one.name,
            "faces": one.faces,
            "hits": one.hits,
            "recall": one.recall,
        }
        for point in measured.points
        for one in recall_by_size(measured.searched.matched, point.min_neighbors)
    )
    write_rows(path, ["min_neighbors", "false_alarms_per_image", "size", "faces", "hits", "recall"], rows)


def write_stages(path: Path, trace: StageTrace | None) -> None:
    """Write what each stage gets and rejects; a head alone where the stages were not traced."""
    rows = () if trace is None else (asdict(row) for row in trace.rows())
    write_rows(path, ["stage", "weak_classifiers", "reached", "share", "rejected"], rows)


def write_speed(path: Path, speed: Speed) -> None:
    """Write how fast it was, and on what machine: another measurement of the same cascade differs."""
    machine = {"machine": platform.machine(), "opencv": cv2.__version__}
    write_json(path, {"megapixels_per_second": speed.megapixels_per_second, **asdict(speed), **machine})


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> None:
    """Write a CSV table."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, columns)
        writer.writeheader()
        writer.writerows(rows)
