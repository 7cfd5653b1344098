"""The second step: write the two lists that OpenCV's programs read, from what `collect` left."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cascade.annotations import opencv_info
from cascade.annotations.opencv_info import Annotation
from cascade.errors import InputError
from cascade.pictures import check_output
from runs.files import replacing_folder, write_json
from runs.progress import Progress, Report, silent


@dataclass(frozen=True)
class Description:
    """The lists that `describe` wrote, and how many objects (boxes) and negatives they name."""

    info: Path
    background: Path
    positives: int
    negatives: int


def describe(collected: Path, out: Path, *, report: Report = silent) -> Description:
    """Write ``out/info.lst`` and ``out/bg.txt`` for a folder that `collect` filled.

    Parameters
    ----------
    collected
        `collect`'s `out`. Its pictures stay where they are; the lists name them relative to `out`.
    out
        Replaced as a whole; besides the lists it gets ``report.json``.

    Raises
    ------
    InputError
        `collected` is not such a folder, `out` holds somebody's files, or the path between them has a space.
    """
    check_output(out, collected)
    root = collected.resolve()
    annotations = [_annotation(root, name, boxes) for name, boxes in sorted(_boxes(collected).items())]
    negatives = sorted((root / "negatives").glob("*.png"))
    if not negatives:
        raise InputError(f"{collected / 'negatives'} holds no pictures. Run `collect` first.")
    with replacing_folder(out.resolve()) as beside:
        # `beside` is a sibling of `out`: paths relative to the one are right for the other.
        opencv_info.write(beside / "info.lst", annotations)
        opencv_info.write_background(beside / "bg.txt", negatives)
        objects = sum(len(annotation.boxes) for annotation in annotations)
        write_json(beside / "report.json", {"positives": objects, "negatives": len(negatives)})
    report(Progress(f"{objects} objects and {len(negatives)} negatives listed", 1, 1))
    return Description(out / "info.lst", out / "bg.txt", objects, len(negatives))


def _boxes(collected: Path) -> dict[str, Any]:
    path = collected / "boxes.json"
    try:
        boxes = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {error}. Give a folder that `collect` wrote.") from error
    if not isinstance(boxes, dict) or not boxes:
        raise InputError(f"{path} names no pictures. Run `collect` again.")
    return boxes


def _annotation(root: Path, name: str, boxes: Any) -> Annotation:
    try:
        return Annotation(root / name, tuple((int(x), int(y), int(w), int(h)) for x, y, w, h in boxes))
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{root / 'boxes.json'}: {name!r} needs a list of [x, y, width, height]. Got {boxes!r}."
        ) from error
