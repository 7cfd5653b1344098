"""The third step: every annotated object cut out and scaled to the window, once or in many variations.

Without variation opencv_createsamples does it, where it is there; else `cascade.positives.cut`, from the same pictures.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from pathlib import Path

from cascade import process
from cascade.annotations import opencv_info
from cascade.annotations.opencv_info import Annotation
from cascade.errors import InputError, ToolFailedError, ToolMissingError
from cascade.opencv import apps as opencv_apps
from cascade.positives.cut import check_annotation, cut_samples
from cascade.positives.params import SampleParams as SampleParams
from cascade.vec.file import check_sidecar, check_window, inspect, sidecar, write_shape, writing_vec
from runs.files import replacing_file
from runs.progress import Progress, Report, silent


@dataclass(frozen=True)
class Samples:
    """A .vec file of `count` samples of `width` x `height` pixels."""

    vec: Path
    count: int
    width: int
    height: int


def create_samples(info: Path, vec: Path, params: SampleParams = SampleParams(), *, report: Report = silent) -> Samples:
    """Make a .vec file from an info file, and beside it a JSON file with its shape (`cascade.vec.file.sidecar`).

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
        opencv_createsamples is asked for and not here, or left no whole .vec although the input is right.
    """
    annotations = opencv_info.read(info)
    num = _choose_num(info, annotations, params)
    check_sidecar(vec)
    report(Progress(f"making {num} samples of {params.width}x{params.height}", 0, num))
    if _is_for_opencv(params):
        with replacing_file(vec) as beside:
            _run(info, annotations, beside, num, params)
            # From here to the end the old sidecar would be a lie about the new file.
            sidecar(vec).unlink(missing_ok=True)
        write_shape(vec, num, params.width, params.height)
    else:
        with writing_vec(vec, params.width, params.height) as writer:
            cut_samples(info, annotations, writer, num, params, report)
    report(Progress(f"{num} samples made", num, num))
    return Samples(vec, num, params.width, params.height)


def _is_for_opencv(params: SampleParams) -> bool:
    if params.cutter != "auto" or not params.is_plain:
        return params.cutter == "opencv"
    try:
        opencv_apps.find(opencv_apps.CREATESAMPLES)
    except ToolMissingError:
        return False
    return True


def _choose_num(info: Path, annotations: list[Annotation], params: SampleParams) -> int:
    boxes = sum(len(annotation.boxes) for annotation in annotations)
    if not boxes:
        raise InputError(f"{info} names no boxes. Annotate objects, or run `collect` and `describe`.")
    most, asked = boxes * params.copies, params.num
    if asked is not None and asked > most:
        whence = f"the boxes in {info}" + (f" times {params.copies} copies" if params.copies > 1 else "")
        raise InputError(f"`num` must be at most {most}, {whence}. Got {asked}. Leave it out for all.")
    return most if asked is None else asked


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
        for annotation in annotations:
            check_annotation(info, annotation)
        last = " / ".join(line for line in lines if line.strip())[-500:] or "nothing"
        raise ToolFailedError(
            f"opencv_createsamples failed on {info}: {problem}; exit status {status}. Its last words: {last}. "
            "Is the disk full?"
        )
