"""`--fix`: new lists of what is sound, with every change told. The inputs are never touched, no picture is copied."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from cascade.annotations import opencv_info
from cascade.annotations.records import Annotation
from cascade.boxes import Box
from cascade.doctor.check import Diagnosis
from cascade.doctor.evidence import Entry, Evidence
from cascade.doctor.look import Look
from cascade.errors import InputError
from cascade.pictures import check_output
from runs.files import replacing_folder, write_json


@dataclass(frozen=True)
class Change:
    """One difference between the inputs and the new lists."""

    file: str
    line: int
    change: str
    value: str


@dataclass(frozen=True)
class Mended:
    """The new lists, and how many objects and negatives they name; `changes` counts the rows of ``changes.csv``."""

    info: Path
    background: Path
    positives: int
    negatives: int
    changes: int


def fix(diagnosis: Diagnosis, out: Path) -> Mended:
    """Write ``info.lst`` and ``bg.txt`` of what is sound, ``changes.csv`` and ``report.json``.

    Left out: broken and missing pictures, duplicates (a negative that is also a positive goes from the negatives),
    negatives smaller than the window, boxes without an area, names that an info file cannot carry. Clipped: boxes
    with at most `max_clip` of their area outside. Lines get Unix ends, and none is empty.

    Parameters
    ----------
    diagnosis
        What `check` returned; the pictures must not have changed since.
    out
        Replaced as a whole.

    Raises
    ------
    InputError
        `out` holds somebody's files, or nothing sound is left.
    """
    evidence = diagnosis.evidence
    check_output(out, evidence.positives, evidence.negatives)
    changes = [Change(skip.file, skip.line, f"left out: {skip.rule}", skip.value) for skip in evidence.problems]
    changes += _list_changes(evidence)
    seen: dict[bytes, Path] = {}
    annotations = [item for entry in evidence.positive_entries if (item := _positive(evidence, entry, seen, changes))]
    background = [entry.picture for entry in evidence.negative_entries if _keeps(evidence, entry, seen, changes)]
    if not annotations or not background:
        lack = "negatives" if annotations else "positives"
        raise InputError(f"Nothing sound is left of the {lack}: mend them by hand, see the findings.")
    objects = sum(len(item.boxes) for item in annotations)
    with replacing_folder(out.resolve()) as beside:
        # `beside` is a sibling of `out`: paths relative to the one are right for the other.
        opencv_info.write(beside / "info.lst", annotations)
        opencv_info.write_background(beside / "bg.txt", [path.resolve() for path in background])
        _write_changes(beside / "changes.csv", changes)
        counts = dict(Counter(change.change for change in changes).most_common())
        write_json(beside / "report.json", {"positives": objects, "negatives": len(background), "changes": counts})
    return Mended(out / "info.lst", out / "bg.txt", objects, len(background), len(changes))


def _list_changes(evidence: Evidence) -> list[Change]:
    changes = []
    for path, lines in evidence.lists.items():
        last = max((number for number, line in enumerate(lines) if line.strip()), default=0)
        empty = [number + 1 for number in range(last) if not lines[number].strip()]
        changes += [Change(str(path), number, "left out: empty line", "") for number in empty]
        if any(line.endswith(b"\r") for line in lines):
            changes.append(Change(str(path), 0, "Unix line ends", "all lines"))
    return changes


def _positive(evidence: Evidence, entry: Entry, seen: dict[bytes, Path], changes: list[Change]) -> Annotation | None:
    if not _is_sound(evidence, entry, seen, changes):
        return None
    look = evidence.looks[entry.picture]
    if any(map(str.isspace, str(entry.picture.resolve()))):
        changes.append(Change(entry.file, entry.line, "left out: picture name with a space", entry.picture.name))
        return None
    whole: tuple[Box, ...] = ((0, 0, look.width, look.height),)
    kept = [
        box
        for given in (whole if entry.boxes is None else entry.boxes)
        if (box := _mend_box(evidence, entry, given, changes))
    ]
    return Annotation(entry.picture.resolve(), tuple(kept)) if kept else None


def _keeps(evidence: Evidence, entry: Entry, seen: dict[bytes, Path], changes: list[Change]) -> bool:
    look, (width, height) = evidence.looks[entry.picture], evidence.window
    if look.problem is None and (look.width < width or look.height < height):
        changes.append(Change(entry.file, entry.line, "left out: smaller than the window", entry.picture.name))
        return False
    return _is_sound(evidence, entry, seen, changes)


def _is_sound(evidence: Evidence, entry: Entry, seen: dict[bytes, Path], changes: list[Change]) -> bool:
    look = evidence.looks[entry.picture]
    if look.problem is not None:
        changes.append(Change(entry.file, entry.line, f"left out: {look.problem.rule}", entry.picture.name))
        return False
    if look.digest in seen:
        value = f"{entry.picture.name}: the same pixels as {seen[look.digest]}"
        changes.append(Change(entry.file, entry.line, "left out: duplicate", value))
        return False
    seen[look.digest] = entry.picture
    return True


def _mend_box(evidence: Evidence, entry: Entry, box: Box, changes: list[Change]) -> Box | None:
    clipped = clip(box, evidence.looks[entry.picture])
    if clipped == box:
        return box
    area, left = box[2] * box[3], 0 if clipped is None else clipped[2] * clipped[3]
    if box[2] <= 0 or box[3] <= 0:
        what = "left out: zero-size box"
    elif clipped is None or area - left > evidence.check.max_clip * area:
        what = "left out: box outside the picture"
    else:
        changes.append(Change(entry.file, entry.line, "clipped", f"{entry.picture.name}: {box} to {clipped}"))
        return clipped
    changes.append(Change(entry.file, entry.line, what, f"{entry.picture.name}: {box}"))
    return None


def clip(box: Box, look: Look) -> Box | None:
    """The part of a box that lies in the picture; None where there is none."""
    x, y = max(box[0], 0), max(box[1], 0)
    width, height = min(box[0] + box[2], look.width) - x, min(box[1] + box[3], look.height) - y
    return (x, y, width, height) if width > 0 and height > 0 else None


def _write_changes(path: Path, changes: Iterable[Change]) -> None:
    with path.open("w", newline="", encoding="utf-8", errors="backslashreplace") as stream:
        writer = csv.writer(stream)
        writer.writerow([field.name for field in fields(Change)])
        writer.writerows(astuple(change) for change in changes)
