"""The files in a training's folder: are they whole, what do they hold, and which of them can be resumed from.

OpenCV writes them in place, so a killed run or a full disk may leave a cut-off one; opencv_traincascade would stop, or
go on with half a stage, when it meets it again.
"""

from __future__ import annotations

import csv
import dataclasses
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_type_hints
from xml.etree import ElementTree

from cascade.train_output import StageRow
from runs.files import replacing_file

CASCADE = "cascade.xml"
PARAMS = "params.xml"
HISTORY = "history.csv"
TRAINING = "training.json"

_STAGE_FILE = re.compile(r"stage(\d+)\.xml")


@dataclass(frozen=True)
class CascadeCounts:
    """How large a cascade is."""

    stages: int
    weak_classifiers: int
    features: int


def count_cascade(path: Path) -> CascadeCounts | None:
    """The size of a cascade file in the new or the old format; None when it is missing, cut off or without stages."""
    root = _parse(path)
    cascade = root[0] if root is not None and len(root) else None
    stages = cascade.find("stages") if cascade is not None else None
    if cascade is None or stages is None or len(stages) == 0:
        return None
    said = cascade.findtext("stageNum")
    if said is not None and (not said.strip().isdigit() or int(said) != len(stages)):
        return None
    weak = sum(_count(stage, "weakClassifiers") + _count(stage, "trees") for stage in stages)
    features = cascade.find("features")
    old = {ElementTree.tostring(feature).strip() for feature in cascade.iter("feature")}
    return CascadeCounts(len(stages), weak, len(old) if features is None else len(features))


def count_stage(path: Path) -> int | None:
    """The number of weak classifiers in a stage file; None when it is missing, cut off or empty."""
    root = _parse(path)
    stage = root[0] if root is not None and len(root) else None
    if stage is None or stage.find("stageThreshold") is None:
        return None
    return _count(stage, "weakClassifiers") or None


def count_whole_stages(folder: Path) -> int:
    """How many stages the program can resume from: whole files, numbered from 0 without a gap."""
    if _parse(folder / PARAMS) is None:
        return 0
    number = 0
    while count_stage(folder / f"stage{number}.xml") is not None:
        number += 1
    return number


def repair(folder: Path) -> int:
    """Delete what the program must not meet when it resumes; return the number of whole stages left."""
    whole = count_whole_stages(folder)
    for path in folder.glob("stage*.xml"):
        match = _STAGE_FILE.fullmatch(path.name)
        if match and int(match[1]) >= whole:
            path.unlink()
    if whole == 0:
        (folder / PARAMS).unlink(missing_ok=True)
    for name in (CASCADE, TRAINING):
        (folder / name).unlink(missing_ok=True)
    return whole


def read_history(folder: Path, stages: int) -> list[StageRow]:
    """The rows of the first `stages` stages; a row that was lost is made up from its stage file."""
    kept = {row.stage: row for row in _read_rows(folder / HISTORY)}
    return [kept.get(i) or StageRow(i, count_stage(folder / f"stage{i}.xml")) for i in range(stages)]


def write_history(folder: Path, rows: list[StageRow]) -> None:
    """Write ``history.csv``: a row a stage, empty where a figure is not known.

    Its stages are counted from 1, for people; the files beside it are numbered from 0, as OpenCV names them.
    """
    with replacing_file(folder / HISTORY) as beside, beside.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow([field.name for field in dataclasses.fields(StageRow)])
        writer.writerows(dataclasses.astuple(dataclasses.replace(row, stage=row.stage + 1)) for row in rows)


def read_training(folder: Path) -> dict[str, Any] | None:
    """What ``training.json`` says, when it and the cascade it tells of are whole; else None."""
    try:
        training = json.loads((folder / TRAINING).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    counts = count_cascade(folder / CASCADE)
    if counts is None or not isinstance(training, dict) or training.get("stages") != counts.stages:
        return None
    return training


def _parse(path: Path) -> ElementTree.Element | None:
    try:
        return ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError, ValueError):
        return None


def _count(element: ElementTree.Element, name: str) -> int:
    found = element.find(name)
    return 0 if found is None else len(found)


def _read_rows(path: Path) -> list[StageRow]:
    kinds = {name: int if "int" in str(hint) else float for name, hint in get_type_hints(StageRow).items()}
    rows = []
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            for words in csv.DictReader(stream):
                values: dict[str, Any] = {name: kinds[name](text) if text else None for name, text in words.items()}
                rows.append(StageRow(**values))
    except (OSError, ValueError, KeyError, TypeError, csv.Error):
        return []
    first = 0 if any(row.stage == 0 for row in rows) else 1  # older files count from 0
    return [dataclasses.replace(row, stage=row.stage - first) for row in rows]
