"""Scenes whose boxes are labelled with expressions: which label means which of the five."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from cascade.annotations import formats
from cascade.annotations.records import Annotation
from cascade.boxes import Box
from cascade.score.scenes import printable
from cnn.datasets.folder import ALIASES
from cnn.labels import EXPRESSIONS
from pair.errors import InputError
from runs.skips import Skip

_REMEDY = (
    f"Label each box with one of {', '.join(EXPRESSIONS)} in a format that carries labels "
    "(COCO, Pascal VOC, YOLO, dlib XML, or CSV with a column `label`)."
)


@dataclass(frozen=True)
class LabelledScene:
    """A picture with `boxes` (x, y, width, height) whose expressions are known, and `ignored` ones that do not count.

    `labels` are positions in `cnn.labels.EXPRESSIONS`, one a box.
    """

    picture: Path
    boxes: tuple[Box, ...]
    labels: tuple[int, ...]
    ignored: tuple[Box, ...]


def read_labelled_scenes(scenes: Path, format: str | None, problems: list[Skip]) -> list[LabelledScene]:
    """The scenes of a file or folder in any format of `cascade.annotations`.

    Labels may be written as in `cnn.datasets.folder.ALIASES` and in any case: ``happy``, ``Happiness``. A face of
    another expression, such as fear, or without a label counts for nothing: what is found there is neither right nor a
    false alarm.

    Parameters
    ----------
    format
        A name of `cascade.annotations.formats.FORMATS`; None: it is guessed.
    problems
        What is broken or counts for nothing is appended here.

    Raises
    ------
    InputError
        No box has the label of an expression; the message says how to label. (What cannot be read at all is a
        `cascade.errors.InputError`.)
    """
    annotations = formats.read(scenes, format=format, problems=problems)
    found = [_labelled(one, scenes, problems) for one in annotations]
    if not any(scene.boxes for scene in found):
        labels = Counter(label or "(none)" for one in annotations for _, label, _ in one.objects())
        told = ", ".join(f"{printable(label)}: {count}" for label, count in labels.most_common(8)) or "no boxes"
        raise InputError(f"{scenes} has no box with the label of an expression ({told}). {_REMEDY}")
    return found


def expression_of(label: str) -> int | None:
    """The position in `EXPRESSIONS` of what a label means; None where it means none of the five.

    >>> expression_of("happiness"), expression_of(" Happy"), expression_of("fear")
    (0, 0, None)
    """
    name = ALIASES.get(label.strip().lower())
    return None if name is None else EXPRESSIONS.index(name)


def _labelled(one: Annotation, scenes: Path, problems: list[Skip]) -> LabelledScene:
    known, others = list[tuple[Box, int]](), list(one.ignored)
    for box, label, ignored in one.objects():
        if ignored:
            continue
        expression = expression_of(label)
        if expression is None:
            others.append(box)
            problems.append(_skip(one, scenes, label))
        else:
            known.append((box, expression))
    return LabelledScene(one.picture, tuple(b for b, _ in known), tuple(e for _, e in known), tuple(others))


def _skip(one: Annotation, scenes: Path, label: str) -> Skip:
    rule = "label must be one of the five expressions" if label else "box must have a label"
    place, value = printable(str(one.file or scenes)), printable(f"{one.picture.name}: {label or 'none'}")
    return Skip(place, one.line, rule, value, "It counts for nothing. Correct it if it is one of the five.")
