"""Propose boxes on pictures that nobody has annotated, for a person to review.

What comes out are proposals, not annotations: no step takes them until somebody has looked at the contact sheets and
said which are right (`cascade.annotations.review.accept`).
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Le
from numpy.typing import NDArray

from cascade.annotations.box_sheet import PER_SHEET, Crop, draw_sheet, save_sheet
from cascade.annotations.csv_table import PROPOSED
from cascade.annotations.places import relative_name
from cascade.boxes import Box
from cascade.detect import Detector, DetectParams
from cascade.errors import InputError
from cascade.pictures import PictureError, check_output, list_files, load_grey
from runs.files import replacing_folder, write_json
from runs.parameters import Parameters
from runs.progress import Progress, Report, silent
from runs.skips import Skip, count_by_rule, write_skips

HEADER = ("number", "path", "x", "y", "width", "height", "score", "state")
WARNING = (
    "These boxes are PROPOSALS of a detector, not annotations. It misses objects and takes other things for objects, "
    "and a model that is trained on its finds learns its mistakes. Look at the sheets, then accept what is right."
)

Find = Callable[[NDArray[np.uint8]], list[tuple[Box, float]]]
"""A detector: a grey picture (height, width) in, boxes with scores out."""


@dataclass(frozen=True, kw_only=True)
class ProposeParams(Parameters):
    """How boxes are found."""

    min_score: float = 0.0
    """Worse finds are not proposed: dlib's confidence (0 is its own limit, 1 is sure), or how many windows agreed."""
    upsample: Annotated[int, Ge(0), Le(3)] = 1
    """dlib: double the picture so many times; its smallest face is 80 pixels wide, then 40, 20. Each time 4x slower."""
    scale_factor: Annotated[float, Ge(1.01), Le(4)] = 1.1
    """A cascade: each search window is so many times larger than the one before."""
    min_neighbors: Annotated[int, Ge(0), Le(10_000)] = 3
    """A cascade: more windows than this must agree on an object."""
    min_size: Annotated[int, Ge(1)] = 20
    """Boxes with a shorter side are not proposed (pixels)."""
    most: Annotated[int, Ge(1)] | None = None
    """At most so many proposals a picture, the best; 1 for pictures that show one object each."""
    max_megapixels: Annotated[float, Gt(0)] = 100.0
    """Larger pictures, counted after upsampling, are skipped before they fill the memory."""
    context: Annotated[float, Ge(0), Le(4)] = 0.5
    """How much of the picture the sheets show on each side of a box, as a share of its larger side."""


@dataclass(frozen=True)
class Proposals:
    """What `propose` left in `out`: pictures searched, those with a proposal, proposals, sheets, and skips by rule."""

    out: Path
    proposed_by: str
    pictures: int
    with_proposals: int
    proposals: int
    sheets: int
    skipped: dict[str, int]


@dataclass(frozen=True)
class Proposal:
    """One proposed box, inside its picture."""

    picture: Path
    box: Box
    score: float


def propose(
    pictures: Path,
    out: Path,
    params: ProposeParams = ProposeParams(),
    *,
    cascade: Path | None = None,
    report: Report = silent,
) -> Proposals:
    """Search pictures for objects and write numbered proposals with contact sheets.

    Parameters
    ----------
    pictures
        A folder; folders in it are searched too. Its pictures are not changed.
    out
        Replaced as a whole: ``proposals.csv`` (one box a row, the best score first), ``sheet_001.png`` and so on with
        the boxes by their numbers, ``proposals.json`` that says what they are and what made them, ``skipped.csv`` and
        ``report.json``.
    cascade
        Any ``cascade.xml``; None: dlib's detector of frontal faces (King, "Max-Margin Object Detection", 2015). A box
        of dlib that reaches over the picture's edge is cut there.

    Raises
    ------
    InputError
        There is no picture, `cascade` is no cascade, nothing is found, or `out` holds somebody's files.
    """
    check_output(out, pictures)
    name, find = _dlib(params) if cascade is None else _cascade(cascade, params)
    skips: list[Skip] = []
    paths, _ = list_files(pictures)
    found = list(_search(paths, find, params, 0 if cascade else params.upsample, skips, report))
    if not found:
        reasons = ", ".join(f"{rule}: {count}" for rule, count in count_by_rule(skips).items()) or "none skipped"
        raise InputError(f"{name} found nothing in {len(paths)} pictures of {pictures} ({reasons}). Lower `min_score`.")
    found.sort(key=lambda one: -one.score)
    sheets = -(-len(found) // PER_SHEET)
    searched, with_proposals = len(paths) - len(skips), len({one.picture for one in found})
    proposals = Proposals(out, name, searched, with_proposals, len(found), sheets, count_by_rule(skips))
    with replacing_folder(out.resolve()) as beside:
        _write_table(beside, found)
        _draw_sheets(beside, found, name, params.context, report)
        _write_card(beside, proposals, params, cascade)
        write_skips(beside / "skipped.csv", skips)
    return proposals


def _dlib(params: ProposeParams) -> tuple[str, Find]:
    import dlib

    detector = dlib.get_frontal_face_detector()

    def find(image: NDArray[np.uint8]) -> list[tuple[Box, float]]:
        rectangles, scores, _ = detector.run(image, params.upsample, params.min_score)
        boxes = [(one.left(), one.top(), one.width(), one.height()) for one in rectangles]
        return list(zip(boxes, map(float, scores), strict=True))

    return f"dlib {dlib.__version__} frontal face detector", find


def _cascade(path: Path, params: ProposeParams) -> tuple[str, Find]:
    detection = DetectParams(
        scale_factor=params.scale_factor, min_neighbors=params.min_neighbors, min_size=params.min_size
    )
    detector = Detector(path, detection)

    def find(image: NDArray[np.uint8]) -> list[tuple[Box, float]]:
        boxes, scores = detector.detect(image)
        return [((x, y, w, h), score) for (x, y, w, h), score in zip(boxes.tolist(), scores.tolist(), strict=True)]

    return f"cascade {path.name}", find


def _search(
    paths: Sequence[Path], find: Find, params: ProposeParams, upsample: int, skips: list[Skip], report: Report
) -> Iterator[Proposal]:
    most = int(params.max_megapixels * 1e6) >> (2 * upsample)
    count = 0
    for number, path in enumerate(paths):
        report(Progress("searching", number, len(paths), {"proposals": count}))
        try:
            image = load_grey(path, most)
        except PictureError as error:
            skips.append(Skip(str(path), 0, error.rule, error.value, error.remedy))
            continue
        good = _good(find(image), image.shape[1], image.shape[0], params)
        count += len(good)
        yield from (Proposal(path, box, score) for box, score in good)
    report(Progress(f"{count} proposals", len(paths), len(paths), {"proposals": count}))


def _good(found: list[tuple[Box, float]], width: int, height: int, params: ProposeParams) -> list[tuple[Box, float]]:
    """The finds worth proposing, the best first."""
    inside = [(_inside(box, width, height), score) for box, score in found if score >= params.min_score]
    large = [(box, score) for box, score in inside if min(box[2:]) >= params.min_size]
    return sorted(large, key=lambda one: -one[1])[: params.most]


def _inside(box: Box, width: int, height: int) -> Box:
    x, y = max(box[0], 0), max(box[1], 0)
    return x, y, max(min(box[0] + box[2], width) - x, 0), max(min(box[1] + box[3], height) - y, 0)


def _write_table(folder: Path, found: Sequence[Proposal]) -> None:
    path = folder / "proposals.csv"
    with path.open("w", newline="", encoding="utf-8", errors="surrogateescape") as stream:
        writer = csv.writer(stream)
        writer.writerow(HEADER)
        for number, one in enumerate(found, start=1):
            writer.writerow((number, relative_name(folder, one.picture), *one.box, f"{one.score:.3f}", PROPOSED))


def _draw_sheets(folder: Path, found: Sequence[Proposal], name: str, context: float, report: Report) -> None:
    starts = range(0, len(found), PER_SHEET)
    for sheet, start in enumerate(starts, start=1):
        report(Progress("drawing contact sheets", sheet - 1, len(starts)))
        rows = found[start : start + PER_SHEET]
        crops = [Crop(one.picture, one.box, f"#{n}  {one.score:.2f}") for n, one in enumerate(rows, start=start + 1)]
        title = f"PROPOSALS, not reviewed: {name}, best first, sheet {sheet} of {len(starts)}"
        save_sheet(folder / f"sheet_{sheet:03d}.png", draw_sheet(crops, title, context))
    report(Progress("contact sheets drawn", len(starts), len(starts)))


def _write_card(folder: Path, proposals: Proposals, params: ProposeParams, cascade: Path | None) -> None:
    card = {
        "kind": "proposals",
        "reviewed": False,
        "warning": WARNING,
        "proposed_by": proposals.proposed_by,
        "cascade_sha256": None if cascade is None else hashlib.sha256(cascade.read_bytes()).hexdigest(),
        "parameters": params.as_dict(),
        "accept": "facefoundry annotations accept FOLDER OUT --drop 3,17,40-44",
    }
    counts = {name: value for name, value in asdict(proposals).items() if name not in ("out", "proposed_by")}
    write_json(folder / "proposals.json", card | counts)
    write_json(folder / "report.json", counts)
