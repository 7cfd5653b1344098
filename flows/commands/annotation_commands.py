"""`facefoundry annotations ...`: convert boxes between formats, look at them, propose new ones and accept them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App
from rich.console import Console
from rich.table import Table

from cascade.annotations.box_sheet import PER_SHEET, Crop, draw_sheet, save_sheet
from cascade.annotations.convert import ConvertParams
from cascade.annotations.convert import convert as convert_annotations
from cascade.annotations.convert import join as join_annotations
from cascade.annotations.formats import FORMATS, FormatName
from cascade.annotations.propose import WARNING, ProposeParams
from cascade.annotations.propose import propose as propose_boxes
from cascade.annotations.records import UNLABELLED, Annotation
from cascade.annotations.review import accept as accept_proposals
from cascade.annotations.summary import Summary, summarise
from flows.commands.step_app import FLATTEN
from flows.commands.terminal import progress_bar
from flows.commands.terminal import show as show_result
from runs.files import replacing_file

annotations_app = App(name="annotations", help="Boxes in any format: convert, look at, propose and review them.")


@annotations_app.command
def convert(source: Path, out: Path, *, params: Annotated[ConvertParams, FLATTEN] = ConvertParams()) -> None:
    """Convert annotations between OpenCV info, COCO, Pascal VOC, YOLO, dlib XML and CSV.

    Pictures stay where they are (YOLO gets links to them). What a format has no place for is listed in
    OUT.skipped.csv, or OUT/skipped.csv where OUT is a folder.

    Parameters
    ----------
    source
        An annotation file, or the folder that holds it.
    out
        The file to write; a folder for VOC and YOLO.
    """
    with progress_bar("convert") as report:
        show_result(convert_annotations(source, out, params, report=report))


@annotations_app.command
def join(out: Path, *sources: Path, params: Annotated[ConvertParams, FLATTEN] = ConvertParams()) -> None:
    """Write several lists of boxes as one. Pictures stay where they are.

    Parameters
    ----------
    out
        The file to write; a folder for VOC and YOLO.
    sources
        Annotation files, or the folders that hold them, in any formats.
    """
    with progress_bar("join") as report:
        show_result(join_annotations(sources, out, params, report=report))


@annotations_app.command(name="formats")
def list_formats() -> None:
    """List the formats, and what each has a place for."""
    table = Table("format", "", "labels", "ignored boxes", box=None, header_style="bold")
    for one in FORMATS.values():
        table.add_row(one.name, one.summary, _yes(one.carries_labels), _yes(one.carries_ignored))
    Console().print(table)


@annotations_app.command
def show(source: Path, *, format: FormatName | None = None, sheet: Path | None = None) -> None:
    """Say what annotations hold: pictures, boxes, labels, sizes, problems.

    Parameters
    ----------
    source
        An annotation file, or the folder that holds it.
    format
        Its format; found out when not given.
    sheet
        Also draw a contact sheet of 48 of the boxes, evenly chosen, into this PNG file.
    """
    summary, annotations, problems = summarise(source, format=format)
    show_result(summary)
    Console().print(_sizes(summary))
    for problem in problems[:10]:
        print(problem)
    if sheet is not None:
        _draw(sheet, source, annotations)


@annotations_app.command
def propose(
    pictures: Path,
    out: Path,
    *,
    cascade: Path | None = None,
    params: Annotated[ProposeParams, FLATTEN] = ProposeParams(),
) -> None:
    """Propose boxes on pictures that nobody has annotated, for you to review on contact sheets.

    Parameters
    ----------
    pictures
        A folder of pictures.
    out
        The folder to write, whole or not at all: `proposals.csv`, `sheet_001.png`, ...
    cascade
        Find with this `cascade.xml` instead of dlib's detector of frontal faces.
    """
    with progress_bar("propose") as report:
        show_result(propose_boxes(pictures, out, params, cascade=cascade, report=report))
    print(f"\n{WARNING}\n  facefoundry annotations accept {out} OUT --drop 3,17,40-44")


@annotations_app.command
def accept(
    proposals: Path,
    out: Path,
    *,
    drop: str | None = None,
    keep: str | None = None,
    format: FormatName = "csv_table",
    label: str = UNLABELLED,
) -> None:
    """Write the proposals that you found right as annotations.

    Parameters
    ----------
    proposals
        What `facefoundry annotations propose` wrote.
    out
        The file to write; a folder for VOC and YOLO.
    drop
        The numbers on the sheets that are wrong, such as `3,17,40-44`, or `none`; all others are right.
    keep
        The numbers that are right, or `all`; all others are wrong. Without both, the column `state` of
        `proposals.csv` must say `accepted` or `dropped` in every row.
    format
        The format to write.
    label
        What the boxes show.
    """
    show_result(accept_proposals(proposals, out, drop=drop, keep=keep, format=format, label=label))


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _sizes(summary: Summary) -> Table:
    table = Table("side in pixels", "boxes", "", box=None, header_style="bold")
    most = max((count for _, _, count in summary.sizes), default=1)
    for least, greatest, count in summary.sizes:
        name = f"{least} and more" if greatest is None else f"{least} to {greatest}"
        table.add_row(name, str(count), "█" * max(round(30 * count / most), 1))
    return table


def _draw(sheet: Path, source: Path, annotations: list[Annotation]) -> None:
    boxes = [
        Crop(item.picture, box, _caption(number, label, ignored))
        for number, item in enumerate(annotations, start=1)
        for box, label, ignored in item.objects()
    ]
    count = min(len(boxes), PER_SHEET)
    rows = [boxes[number * len(boxes) // count] for number in range(count)]
    with replacing_file(sheet) as beside:
        save_sheet(beside, draw_sheet(rows, f"{source.name}: {len(rows)} of {len(boxes)} boxes"))
    print(sheet)


def _caption(number: int, label: str, ignored: bool) -> str:
    text = f"{number} {label}" + (" (ignored)" if ignored else "")
    return text.encode("ascii", "replace").decode()[:19]
