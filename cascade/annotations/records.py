"""The record that every annotation format is read into and written from."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from cascade.boxes import Box
from cascade.errors import InputError

UNLABELLED = "object"
"""The label that formats which need one get for a box without."""

_FARTHEST = 10**9


@dataclass(frozen=True)
class Annotation:
    """What is known of one picture.

    `boxes` are the objects that count; `labels` names them one by one, or is empty. `ignored` are boxes that are marked
    difficult, crowd or ignore, with `ignored_labels` in the same way: they are neither positives to train on nor
    misses or false alarms in an evaluation. `line` is the line of `file` (the first is 1), 0 where there is none.
    `size` is the picture's width and height in pixels, where the file says it.

    Raises
    ------
    ValueError
        There are labels, but not one for each box.
    """

    picture: Path
    boxes: tuple[Box, ...]
    line: int = 0
    labels: tuple[str, ...] = ()
    ignored: tuple[Box, ...] = ()
    ignored_labels: tuple[str, ...] = ()
    size: tuple[int, int] | None = field(default=None, compare=False)
    file: Path | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        for boxes, labels in ((self.boxes, self.labels), (self.ignored, self.ignored_labels)):
            if labels and len(labels) != len(boxes):
                raise ValueError(f"{len(boxes)} boxes need as many labels or none. Got {len(labels)}.")

    def objects(self) -> Iterator[tuple[Box, str, bool]]:
        """Every box with its label (empty where it has none) and whether it is ignored; those that count come first."""
        yield from ((box, label, False) for box, label in _labelled(self.boxes, self.labels))
        yield from ((box, label, True) for box, label in _labelled(self.ignored, self.ignored_labels))


def annotation_of(
    picture: Path,
    objects: Iterable[tuple[Box, str, bool]],
    *,
    line: int = 0,
    size: tuple[int, int] | None = None,
    file: Path | None = None,
) -> Annotation:
    """The inverse of `Annotation.objects`: sort boxes into those that count and those that are ignored."""
    given = list(objects)
    counted = [(box, label) for box, label, ignored in given if not ignored]
    ignored = [(box, label) for box, label, ignored in given if ignored]
    return Annotation(
        picture,
        tuple(box for box, _ in counted),
        line,
        _labels(counted),
        tuple(box for box, _ in ignored),
        _labels(ignored),
        size,
        file,
    )


def box_between(left: float, top: float, right: float, bottom: float) -> Box:
    """The box between edges that need not be whole: each goes to the nearest pixel's edge, halves to the right or down.

    Rounding edges, not sizes, keeps boxes that touch touching.

    Raises
    ------
    ValueError
        An edge is not finite, or farther than 1,000,000,000 pixels away.

    Examples
    --------
    >>> box_between(0.5, 0.4, 10.49, 10)
    (1, 0, 9, 10)
    """
    edges = (left, top, right, bottom)
    if not all(math.isfinite(edge) and abs(edge) <= _FARTHEST for edge in edges):
        raise ValueError(f"box edges must be finite and at most {_FARTHEST} pixels away. Got {edges}.")
    x, y, x_end, y_end = (math.floor(edge + 0.5) for edge in edges)
    return x, y, x_end - x, y_end - y


def merge_pictures(annotations: Iterable[Annotation]) -> list[Annotation]:
    """One annotation a picture: lists with one line a box name a picture often. An object named again is there once."""
    merged: dict[Path, Annotation] = {}
    for item in annotations:
        first = merged.get(item.picture)
        if first is None:
            merged[item.picture] = item
            continue
        there = list(first.objects())
        there += [one for one in item.objects() if one not in there]
        made = annotation_of(item.picture, there, line=first.line)
        merged[item.picture] = replace(made, size=first.size or item.size, file=first.file)
    return list(merged.values())


def count_labels(annotations: Iterable[Annotation]) -> Counter[str]:
    """How many boxes that count have each label; those without one are counted under the empty name."""
    return Counter(label for item in annotations for _, label, ignored in item.objects() if not ignored)


def choose_labels(annotations: Sequence[Annotation], wanted: str | None, place: Path) -> list[Annotation]:
    """Only the objects with the wanted labels; every picture stays, perhaps without a box.

    Parameters
    ----------
    wanted
        One label, or several with commas between them; None takes all, if they all have the same.
    place
        Where the annotations are from, for the messages.

    Raises
    ------
    InputError
        No box has a wanted label, or boxes have different labels and none is chosen.
    """
    counts = count_labels(annotations)
    found = ", ".join(f"{label or '(none)'}: {count}" for label, count in counts.most_common(20)) or "no boxes"
    if wanted is None:
        if len(counts) > 1:
            raise InputError(f"{place} has boxes of {len(counts)} labels ({found}). Choose with `label` (`--label`).")
        return list(annotations)
    names = {name.strip() for name in wanted.split(",")} - {""}
    missing = sorted(names - counts.keys())
    if missing or not names:
        raise InputError(f"`label` must name labels that {place} has ({found}). Got {wanted!r}.")
    return [_chosen(item, names) for item in annotations]


def _chosen(item: Annotation, names: set[str]) -> Annotation:
    """An ignored box without a label may be any object, so it stays."""
    kept = [one for one in item.objects() if one[1] in names or (one[2] and not one[1])]
    return replace(annotation_of(item.picture, kept, line=item.line), size=item.size, file=item.file)


def _labelled(boxes: tuple[Box, ...], labels: tuple[str, ...]) -> Iterator[tuple[Box, str]]:
    return zip(boxes, labels or ("",) * len(boxes), strict=True)


def _labels(pairs: list[tuple[Box, str]]) -> tuple[str, ...]:
    labels = tuple(label for _, label in pairs)
    return labels if any(labels) else ()
