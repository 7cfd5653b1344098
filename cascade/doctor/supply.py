"""How much a training gets of what the doctor looks at: all of it, or what `collect` leaves where it comes next."""

from __future__ import annotations

from dataclasses import dataclass

from cascade.doctor.evidence import Entry, Evidence


@dataclass(frozen=True)
class Supply:
    """The number of objects, and width and height of every negative."""

    positives: int
    negatives: list[tuple[int, int]]


def count_supply(evidence: Evidence) -> Supply:
    """Count what is sound; with `collect` before the training, what it takes: the same pixels once, to its limits."""
    seen: set[bytes] = set()
    positives = 0
    for entry in evidence.positive_entries:
        boxes = evidence.good_boxes(entry)
        if boxes and _is_taken(evidence, entry, seen):
            positives += len(boxes)
    sizes = [evidence.size(entry) for entry in evidence.negative_entries if _holds_negatives(evidence, entry, seen)]
    limits = evidence.collect
    if limits is None:
        return Supply(positives, sizes)
    return Supply(min(positives, limits.max_positives or positives), sizes[: limits.max_negatives])


def _holds_negatives(evidence: Evidence, entry: Entry, seen: set[bytes]) -> bool:
    sound = evidence.looks[entry.picture].problem is None and not evidence.is_left_out(evidence.size(entry))
    return sound and _is_taken(evidence, entry, seen)


def _is_taken(evidence: Evidence, entry: Entry, seen: set[bytes]) -> bool:
    digest = evidence.looks[entry.picture].digest
    if evidence.collect is not None and digest in seen:
        return False
    seen.add(digest)
    return True
