"""The third step: opencv_createsamples cuts every annotated object out and scales it to the window."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from annotated_types import Ge

from cascade import opencv_apps, process
from cascade.annotations import opencv_info
from cascade.annotations.opencv_info import Annotation
from cascade.boxes import is_inside
from cascade.errors import InputError, ToolFailedError
from cascade.pictures import PictureError, load_grey
from cascade.vec import check_window, inspect, sidecar, write_shape
from runs.files import replacing_file
from runs.parameters import Parameters
from runs.progress import Progress, Report, silent


@dataclass(frozen=True, kw_only=True)
class SampleParams(Parameters):
    """The window of the samples, which must be the window of the training too, and how many to make."""

    width: Annotated[int, Ge(1)] = 20
    """Window width in pixels."""
    height: Annotated[int, Ge(1)] = 20
    """Window height in pixels."""
    num: Annotated[int, Ge(1)] | None = None
    """How many samples to make, in the info file's order; empty: one of every box."""


@dataclass(frozen=True)
class Samples:
    """A .vec file of `count` samples of `width` x `height` pixels."""

    vec: Path
    count: int
    width: int
    height: int


def create_samples(info: Path, vec: Path, params: SampleParams = SampleParams(), *, report: Report = silent) -> Samples:
    """Make a .vec file from an info file, and beside it a JSON file with its shape (`cascade.vec.sidecar`).

    Parameters
    ----------
    info
        An OpenCV info file; its pictures' paths are relative to its folder.
    vec
        Replaced as a whole; the JSON file has its name with the ending ``.json``.

    Raises
    ------
    InputError
        The info file is broken, names fewer boxes than asked or a picture that cannot be used.
    ToolMissingError, ToolFailedError
        opencv_createsamples is not here, or left no whole .vec although the input is right.
    """
    annotations = opencv_info.read(info)
    num = _choose_num(info, annotations, params.num)
    _check_sidecar(vec)
    report(Progress(f"making {num} samples of {params.width}x{params.height}", 0, num))
    with replacing_file(vec) as beside:
        _run(info, annotations, beside, num, params)
        # From here to the end the old sidecar would be a lie about the new file.
        sidecar(vec).unlink(missing_ok=True)
    write_shape(vec, num, params.width, params.height)
    report(Progress(f"{num} samples made", num, num))
    return Samples(vec, num, params.width, params.height)


def _choose_num(info: Path, annotations: list[Annotation], asked: int | None) -> int:
    boxes = sum(len(annotation.boxes) for annotation in annotations)
    if not boxes:
        raise InputError(f"{info} names no boxes. Annotate objects, or run `collect` and `describe`.")
    if asked is not None and asked > boxes:
        raise InputError(f"`num` must be at most {boxes}, the boxes in {info}. Got {asked}. Leave it out for all.")
    return boxes if asked is None else asked


def _check_sidecar(vec: Path) -> None:
    """Do not overwrite a JSON file of somebody else that happens to have the sidecar's name."""
    path = sidecar(vec)
    if path == vec:
        raise InputError(f"`vec` must not end in .json. Got {vec}. Name it .vec.")
    if path.exists():
        try:
            known = {"samples", "width", "height"} <= json.loads(path.read_text(encoding="utf-8")).keys()
        except (OSError, ValueError, AttributeError):
            known = False
        if not known:
            raise InputError(f"{path} stands where the shape of {vec.name} goes, and no step wrote it. Move it.")


def _run(info: Path, annotations: list[Annotation], beside: Path, num: int, params: SampleParams) -> None:
    values = {"info": info.resolve(), "vec": beside.resolve(), "num": num}
    size = {"width": params.width, "height": params.height}
    lines: deque[str] = deque(maxlen=20)
    status = process.stream(opencv_apps.command(opencv_apps.CREATESAMPLES, {**values, **size}), lines.append)
    try:
        summary = inspect(beside)
        check_window(summary, params.width, params.height)
        made = summary.count
        problem = f"it made {made} samples of {num}" if made != num else ""
    except InputError as error:
        problem = f"it left no whole .vec ({error})"
    if problem:
        _find_culprit(info, annotations)
        last = " / ".join(line for line in lines if line.strip())[-500:] or "nothing"
        raise ToolFailedError(
            f"opencv_createsamples failed on {info}: {problem}; exit status {status}. Its last words: {last}. "
            "Is the disk full?"
        )


def _find_culprit(info: Path, annotations: list[Annotation]) -> None:
    """Name the picture or box that made the program fail, if one did."""
    for annotation in annotations:
        place = f"{info}:{annotation.line}: {annotation.picture.name}"
        try:
            height, width = load_grey(annotation.picture).shape
        except PictureError as error:
            raise InputError(f"{place}: {error} Run `collect`, which leaves such pictures out.") from error
        for box in annotation.boxes:
            if box[2] <= 0 or box[3] <= 0 or not is_inside(box, width, height):
                raise InputError(
                    f"{place}: the box must lie in the picture of {width}x{height} and have an area. Got {box}. "
                    "Correct it, or run `collect`, which leaves such boxes out."
                )
