"""What a set of annotations holds, in figures."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cascade.annotations import formats
from cascade.annotations.records import Annotation, count_labels
from runs.skips import Skip, count_by_rule

SIDES = (12, 16, 20, 24, 32, 48, 64, 96, 128, 256)
"""The limits of the histogram's classes: the square root of a box's area, in pixels."""


@dataclass(frozen=True)
class Summary:
    """Counts of pictures (with boxes, without, missing on the disk), of boxes by label and by size, and of problems.

    `sizes` has a row for each class that is not empty: least side (included), greatest (excluded; None: without limit),
    and how many boxes that count. `aspect` is the median of width over height, None without a box.
    """

    format: str
    pictures: int
    empty: int
    missing: int
    boxes: int
    ignored: int
    labels: dict[str, int]
    aspect: float | None
    sizes: tuple[tuple[int, int | None, int], ...]
    problems: dict[str, int]


def summarise(path: Path, *, format: str | None = None) -> tuple[Summary, list[Annotation], list[Skip]]:
    """Read annotations of any format and count what is in them.

    Returns
    -------
    The counts, the annotations, and what was broken in them.

    Raises
    ------
    InputError
        Nothing is there, or it is in no known format.
    """
    problems: list[Skip] = []
    found = formats.read(path, format=format, problems=problems)
    boxes = [box for item in found for box in item.boxes]
    aspects = sorted(box[2] / box[3] for box in boxes if box[3] > 0)
    summary = Summary(
        format=format or formats.guess(path) or "",
        pictures=len(found),
        empty=sum(not item.boxes for item in found),
        missing=sum(not item.picture.is_file() for item in found),
        boxes=len(boxes),
        ignored=sum(len(item.ignored) for item in found),
        labels={label or "(none)": count for label, count in count_labels(found).most_common()},
        aspect=aspects[len(aspects) // 2] if aspects else None,
        sizes=_histogram([math.sqrt(max(box[2], 0) * max(box[3], 0)) for box in boxes]),
        problems=count_by_rule(problems),
    )
    return summary, found, problems


def _histogram(sides: Sequence[float]) -> tuple[tuple[int, int | None, int], ...]:
    limits: list[int | None] = [0, *SIDES, None]
    counts = Counter(sum(side >= limit for limit in SIDES) for side in sides)
    return tuple((limits[n] or 0, limits[n + 1], counts[n]) for n in sorted(counts))
