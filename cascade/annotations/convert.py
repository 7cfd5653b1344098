"""Convert annotations from any format to any other, several into one, and say what did not come along."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cascade.annotations import formats
from cascade.annotations.formats import FormatName
from cascade.annotations.records import UNLABELLED, Annotation, choose_labels, count_labels, merge_pictures
from cascade.errors import InputError
from cascade.pictures import check_output
from runs.files import replacing_folder, write_json
from runs.parameters import Parameters
from runs.progress import Progress, Report, silent
from runs.skips import Skip, count_by_rule, write_skips

_BY_ENDING: dict[str, FormatName] = {
    ".lst": "opencv_info",
    ".txt": "opencv_info",
    ".json": "coco",
    ".xml": "dlib_xml",
    ".csv": "csv_table",
}


@dataclass(frozen=True, kw_only=True)
class ConvertParams(Parameters):
    """From what to what, and which boxes."""

    format: FormatName | None = None
    """The format to write; empty: by `out`: .lst and .txt are OpenCV info, .json COCO, .xml dlib, .csv a table."""
    source_format: FormatName | None = None
    """The format that is read; empty: found out by the file's name and first bytes."""
    label: str | None = None
    """Keep only boxes with this label, or these with commas between them; empty: all."""
    unlabelled: str = UNLABELLED
    """The label that boxes without one get in COCO, VOC and YOLO, which need one."""
    overwrite: bool = False
    """Replace `out` where it is a file already; a folder is replaced only when an earlier conversion wrote it."""


@dataclass(frozen=True)
class Converted:
    """What `convert` wrote: pictures, boxes that count, ignored boxes; and what it lost, by rule."""

    out: Path
    format: str
    pictures: int
    boxes: int
    ignored: int
    skipped: dict[str, int]


def convert(source: Path, out: Path, params: ConvertParams = ConvertParams(), *, report: Report = silent) -> Converted:
    """Convert annotations. Pictures are neither copied nor changed; `out` names them from where it is.

    Parameters
    ----------
    source
        A file or folder in any format of `formats.FORMATS`.
    out
        The file to write, whole or not at all; a folder for VOC and YOLO, with ``report.json`` in it. What was broken
        in `source` or has no place in the new format is in ``<out>.skipped.csv``, in a folder in ``skipped.csv``.

    Raises
    ------
    InputError
        `source` cannot be read or has no picture, no box has a wanted label, or `out` is there already.
    """
    return join([source], out, params, report=report)


def join(
    sources: Sequence[Path], out: Path, params: ConvertParams = ConvertParams(), *, report: Report = silent
) -> Converted:
    """Write several annotation files or folders as one, as `convert` writes one; see there.

    A picture that several of them name comes once, with the boxes of all. Boxes without a label get
    ``params.unlabelled`` where the format has labels, so that those of different sources are of one kind.
    """
    skips: list[Skip] = []
    format = formats.FORMATS[params.format or _format_of(out)]
    annotations = merge_pictures(item for source in sources for item in _read(source, params, skips, report))
    if format.needs_label or (len(sources) > 1 and format.carries_labels):
        annotations = [_named(item, params.unlabelled) for item in annotations]
    report(Progress(f"writing {out}", 0, len(annotations)))
    if format.is_folder:
        converted = _write_folder(sources, out, annotations, format.name, skips)
    else:
        converted = _write_file(sources, out, annotations, format.name, skips, overwrite=params.overwrite)
    report(Progress(f"{converted.boxes} boxes in {converted.pictures} pictures", len(annotations), len(annotations)))
    return converted


def _format_of(out: Path) -> FormatName:
    """The format that a file's ending stands for."""
    format = _BY_ENDING.get(out.suffix.lower())
    if format is None:
        known = ", ".join(_BY_ENDING)
        raise InputError(f"`format` must be given where `out` does not end with {known}. Got {out}.")
    return format


def _read(source: Path, params: ConvertParams, skips: list[Skip], report: Report) -> list[Annotation]:
    report(Progress(f"reading {source}"))
    before = len(skips)
    annotations = formats.read(source, format=params.source_format, problems=skips)
    if not annotations:
        reasons = f" The first problem: {skips[before]}" if len(skips) > before else ""
        raise InputError(f"{source} names no picture that can be used.{reasons}")
    return annotations if params.label is None else choose_labels(annotations, params.label, source)


def _named(item: Annotation, name: str) -> Annotation:
    """The annotation with a label on every box."""
    labels = tuple(label or name for label in item.labels or ("",) * len(item.boxes))
    ignored_labels = tuple(label or name for label in item.ignored_labels or ("",) * len(item.ignored))
    return replace(item, labels=labels, ignored_labels=ignored_labels)


def _write_folder(
    sources: Sequence[Path], out: Path, annotations: Sequence[Annotation], format: str, skips: list[Skip]
) -> Converted:
    for source in sources:
        check_output(out, source)
    with replacing_folder(out.resolve()) as beside:
        # `beside` is a sibling of `out`: what is relative to the one is right for the other.
        formats.write(beside, annotations, format=format, problems=skips)
        converted = _converted(out, format, beside, skips)
        write_skips(beside / "skipped.csv", skips)
        counts = {"pictures": converted.pictures, "boxes": converted.boxes, "ignored": converted.ignored}
        write_json(beside / "report.json", {**counts, "skipped": converted.skipped})
        return converted


def _write_file(
    sources: Sequence[Path],
    out: Path,
    annotations: Sequence[Annotation],
    format: str,
    skips: list[Skip],
    *,
    overwrite: bool,
) -> Converted:
    if out.resolve() in [source.resolve() for source in sources]:
        raise InputError(f"`out` must not be the source itself. Got {out}. Choose another file.")
    if out.is_dir() or (out.exists() and not overwrite):
        raise InputError(f"{out} is there already. Choose another name, or replace a file with `overwrite`.")
    formats.write(out, annotations, format=format, problems=skips)
    listed = out.with_name(f"{out.name}.skipped.csv")
    if skips:
        write_skips(listed, skips)
    else:
        listed.unlink(missing_ok=True)
    return _converted(out, format, out, skips)


def _converted(out: Path, format: str, written: Path, skips: Sequence[Skip]) -> Converted:
    """The counts, from what is on the disk rather than from what should be."""
    found = formats.read(written, format=format, problems=[])
    ignored = sum(len(item.ignored) for item in found)
    return Converted(out, format, len(found), count_labels(found).total(), ignored, count_by_rule(skips))
