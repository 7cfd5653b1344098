"""What a reader or writer leaves out: told to the caller's list, or an error where there is none."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cascade.annotations.records import Annotation, count_labels
from cascade.errors import InputError
from runs.skips import Skip


def complain(problem: Skip, problems: list[Skip] | None) -> None:
    """Append the problem to the list.

    Raises
    ------
    InputError
        There is no list.
    """
    if problems is None:
        raise InputError(str(problem))
    problems.append(problem)


def shortened(value: object) -> str:
    """The value as it would stand in Python code, cut to 80 characters."""
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def origin(annotation: Annotation) -> str:
    """The file that a problem with this annotation is told about: the one it was read from, or the picture."""
    return str(annotation.file or annotation.picture)


def tell_lost_labels(path: Path, annotations: Sequence[Annotation], problems: list[Skip] | None) -> None:
    """Say that the format of `path` has no place for labels, if there are any."""
    labels = sorted(label for label in count_labels(annotations) if label)
    if labels:
        remedy = "This format has no labels: choose another, or choose one label first."
        complain(Skip(str(path), 0, "labels lost", shortened(", ".join(labels)), remedy), problems)


def tell_lost_ignored(path: Path, annotations: Sequence[Annotation], problems: list[Skip] | None) -> None:
    """Say that the format of `path` has no place for ignored boxes, for each picture with some."""
    for item in annotations:
        if item.ignored:
            value = f"{len(item.ignored)} in {item.picture.name}"
            remedy = f"{path.name} cannot mark boxes as ignored: choose coco, voc, dlib_xml or csv_table."
            complain(Skip(origin(item), item.line, "ignored boxes lost", value, remedy), problems)
