"""`facefoundry cascade inspect|diff|convert`: look into a cascade file, compare two, bring one into the new format."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from cascade.model import CascadeModel, read_cascade
from cascade.model.diff import diff as differences
from cascade.model.write import write_cascade

_SHOWN = 40


def inspect(file: Path, *, as_json: Annotated[bool, Parameter(name="--json", negative="")] = False) -> None:
    """Say what is in a cascade: its window, how it was trained, and a table of its stages.

    Stage 1 is the first, as everywhere in this program; OpenCV counts from 0, in `stage0.xml` and inside the file.

    Parameters
    ----------
    file
        A `cascade.xml`, in the new format or that of OpenCV 1.
    as_json
        Print the same as JSON.
    """
    model = read_cascade(file)
    if as_json:
        print(json.dumps(_described(model), indent=2))
        return
    for name, value in _described(model).items():
        if name != "stage_table":
            print(f"{name.replace('_', ' '):<18} {value}")
    print(f"\n{'stage':>5} {'weak':>5} {'nodes':>6} {'features':>8} {'tilted':>6} {'threshold':>12}")
    for row in _stages(model):
        print(
            f"{row['stage']:>5} {row['weak_classifiers']:>5} {row['nodes']:>6} {row['features']:>8} "
            f"{row['tilted']:>6} {row['threshold']:>12.6f}"
        )


def diff(first: Path, second: Path, *, tolerance: float = 0.0) -> int:
    """Compare two cascades by what they compute; status 0 when they are equal, 1 when they differ.

    Parameters
    ----------
    first
        A cascade.
    second
        Another.
    tolerance
        The greatest difference of two thresholds, leaves or parameters that counts as none.
    """
    found = differences(read_cascade(first), read_cascade(second), tolerance)
    for one in found[:_SHOWN]:
        print(f"{one.place}: {one.first} | {one.second}")
    if len(found) > _SHOWN:
        print(f"... and {len(found) - _SHOWN} more")
    print(f"{first} and {second} {'differ' if found else 'are equal'}.")
    return int(bool(found))


def convert(old: Path, new: Path) -> None:
    """Write a cascade in the new format, as OpenCV's trainer does: from the format of OpenCV 1, or tidied.

    Parameters
    ----------
    old
        A cascade in either format.
    new
        The file to write, whole or not at all.
    """
    write_cascade(read_cascade(old), new)
    print(new)


def _described(model: CascadeModel) -> dict[str, Any]:
    trained = {name: value for name, value in asdict(model.training).items() if value is not None}
    return {**model.summary(), **trained, "stage_table": _stages(model)}


def _stages(model: CascadeModel) -> list[dict[str, Any]]:
    rows = []
    for number, stage in enumerate(model.stages, start=1):
        nodes = [node for weak in stage.weak_classifiers for node in weak.nodes]
        used = {node.feature for node in nodes}
        rows.append(
            {
                "stage": number,
                "weak_classifiers": len(stage.weak_classifiers),
                "nodes": len(nodes),
                "features": len(used),
                "tilted": sum(model.features[feature].tilted for feature in used),
                "threshold": stage.threshold,
            }
        )
    return rows
