"""Rules on single pictures: missing, broken, too small, flat, and how they are stored."""

from __future__ import annotations

from collections.abc import Iterator

from cascade.collect import is_too_small
from cascade.doctor.evidence import Evidence
from cascade.doctor.findings import Finding, rule
from cascade.doctor.rules_boxes import SMALL_REMEDY
from cascade.doctor.supply import count_supply

_TRAITS = {
    "colour": "They are turned to grey: nothing to do.",
    "16-bit": "They are cut to 8 bits: see that their contrast survives it.",
    "alpha": "What is transparent keeps its hidden colour: flatten the pictures on a plain ground.",
    "turned by EXIF": "They are turned upright: boxes must be those of the upright picture.",
}


@rule
def broken_picture(evidence: Evidence) -> Iterator[Finding]:
    """Missing, unreadable, cut off, too large. opencv_traincascade passes over such negatives without a word."""
    for entry in evidence.positive_entries + evidence.negative_entries:
        problem = evidence.looks[entry.picture].problem
        if problem is not None:
            value = f"{entry.picture.name}: {problem.value}"
            yield Finding("error", problem.rule, entry.file, entry.line, value, problem.remedy)


@rule
def small_negative(evidence: Evidence) -> Iterator[Finding]:
    """A negative that holds no window; opencv_traincascade passes over it."""
    width, height = evidence.window
    for entry in evidence.negative_entries:
        size = evidence.size(entry)
        value = f"{entry.picture.name}: {size[0]}x{size[1]}"
        if evidence.looks[entry.picture].problem is not None:
            continue
        if evidence.is_left_out(size):
            yield Finding("warning", "negative too small for collect", entry.file, entry.line, value, SMALL_REMEDY)
        elif is_too_small(size, (width, height)):
            remedy = f"It must hold the window of {width}x{height}: remove it, or use larger pictures."
            yield Finding("warning", "negative smaller than the window", entry.file, entry.line, value, remedy)


@rule
def flat_picture(evidence: Evidence) -> Iterator[Finding]:
    """A picture of one shade: nothing to learn from."""
    for entry in evidence.positive_entries + evidence.negative_entries:
        if evidence.looks[entry.picture].flat:
            value = f"{entry.picture.name}: one shade"
            yield Finding("warning", "flat picture", entry.file, entry.line, value, "It holds no detail: remove it.")


@rule
def stored_otherwise(evidence: Evidence) -> Iterator[Finding]:
    """Colour, 16 bits, alpha, EXIF rotation: one note for each kind, a warning where boxes may be turned."""
    groups = (
        (str(evidence.positives), evidence.positive_entries),
        (str(evidence.negatives), evidence.negative_entries),
    )
    for place, entries in groups:
        for trait, remedy in _TRAITS.items():
            having = [entry for entry in entries if trait in evidence.looks[entry.picture].traits]
            if having:
                boxed = trait == "turned by EXIF" and any(entry.boxes for entry in having)
                value = f"{len(having)} of {len(entries)}, the first {having[0].picture.name}"
                yield Finding("warning" if boxed else "note", f"{trait} pictures", place, 0, value, remedy)


@rule
def few_pictures(evidence: Evidence) -> Iterator[Finding]:
    """Nothing to learn from, or little."""
    supply, check = count_supply(evidence), evidence.check
    yield from _few("positives", supply.positives, check.few_positives, str(evidence.positives))
    holding = sum(not is_too_small(size, evidence.window) for size in supply.negatives)
    yield from _few("negatives", holding, check.few_negatives, str(evidence.negatives))


def _few(kind: str, count: int, few: int, place: str) -> Iterator[Finding]:
    if count == 0:
        yield Finding("error", f"no {kind}", place, 0, "0 that can be used", f"Add {kind}, or mend what is broken.")
    elif count < few:
        remedy = f"A robust cascade needs thousands: add {kind}. (This warns below {few}.)"
        yield Finding("warning", f"few {kind}", place, 0, str(count), remedy)
