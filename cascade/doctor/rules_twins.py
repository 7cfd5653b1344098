"""Rules on pictures against each other: the same twice, nearly the same, and positives among the negatives."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from cascade.doctor.evidence import Entry, Evidence
from cascade.doctor.findings import Finding, rule

_MOST_COMPARED = 30_000
_BLOCK = 128
_BITS = 6
"""Signatures that differ in more of their 64 bits are not compared further."""

_ALIKE = 0.99
"""Correlation of two thumbnails from which two pictures are nearly the same."""


@rule
def duplicate(evidence: Evidence) -> Iterator[Finding]:
    """The same pixels twice; as positive and negative it is an error, as the trainer is told both."""
    seen: dict[bytes, tuple[str, Entry]] = {}
    for kind, entry in _all(evidence):
        digest = evidence.looks[entry.picture].digest
        other_kind, other = seen.setdefault(digest, (kind, entry))
        if not digest or other is entry:
            continue
        value = f"{entry.picture.name}: the same pixels as {_place(other)}"
        if kind != other_kind:
            remedy = "Remove it from one of the two: is the object in it?"
            yield Finding("error", "both positive and negative", entry.file, entry.line, value, remedy)
        elif entry.picture == other.picture:
            remedy = "Name it once."
            yield Finding("warning", "picture named twice", entry.file, entry.line, value, remedy)
        else:
            remedy = "Remove one of the two; twice the same teaches nothing new."
            yield Finding("warning", f"duplicate {kind}", entry.file, entry.line, value, remedy)


@rule
def near_duplicate(evidence: Evidence) -> Iterator[Finding]:
    """The same picture in another size, format or quality; each is told once, with the first that is like it."""
    if not evidence.check.near_duplicates:
        return
    kept = {evidence.looks[entry.picture].digest: (kind, entry) for kind, entry in reversed(list(_all(evidence)))}
    looks = {digest: evidence.looks[entry.picture] for digest, (_, entry) in kept.items()}
    digests = [digest for digest, look in reversed(looks.items()) if digest and not look.flat][:_MOST_COMPARED]
    signatures = np.array([looks[digest].signature for digest in digests], np.uint64)
    thumbnails = np.array([np.frombuffer(looks[digest].thumbnail, np.uint8) for digest in digests], np.float32)
    for second, first in sorted(_pairs(signatures, thumbnails).items()):
        (kind, entry), (other_kind, other) = kept[digests[second]], kept[digests[first]]
        value = f"{entry.picture.name}: nearly the same as {_place(other)}"
        name = f"near-duplicate {kind}" if kind == other_kind else "nearly both positive and negative"
        remedy = "Look at the two, and keep one if they are one picture."
        yield Finding("warning", name, entry.file, entry.line, value, remedy)


@rule
def hidden_positive(evidence: Evidence) -> Iterator[Finding]:
    """What a known cascade finds among the negatives; see ``suspects.png``."""
    for entry in evidence.negative_entries:
        for box, score in evidence.looks[entry.picture].found:
            value = f"{entry.picture.name}: box {box}, score {score:g}"
            remedy = "Look at it in suspects.png: if it is the object, remove the picture or cover it."
            yield Finding("warning", "negative may hold the object", entry.file, entry.line, value, remedy)


def _all(evidence: Evidence) -> Iterator[tuple[str, Entry]]:
    yield from (("positive", entry) for entry in evidence.positive_entries)
    yield from (("negative", entry) for entry in evidence.negative_entries)


def _place(entry: Entry) -> str:
    return f"{entry.file}:{entry.line}" if entry.line else str(entry.picture)


def _pairs(signatures: NDArray[np.uint64], thumbnails: NDArray[np.float32]) -> dict[int, int]:
    """For each picture that is nearly the same as an earlier one, the first such; the blocks bound the memory."""
    found: dict[int, int] = {}
    for start in range(0, len(signatures), _BLOCK):
        block = signatures[start : start + _BLOCK]
        different = np.bitwise_count(block[:, None] ^ signatures[None, : start + len(block)])
        rows, columns = np.nonzero(different <= _BITS)
        for row, column in zip((rows + start).tolist(), columns.tolist(), strict=True):
            if column < row and row not in found and _alike(thumbnails[row], thumbnails[column]):
                found[row] = column
    return found


def _alike(one: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    a, b = one - one.mean(), other - other.mean()
    return bool(a @ b > _ALIKE * np.sqrt((a @ a) * (b @ b)))
