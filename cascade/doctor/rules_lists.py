"""Rules on the lists themselves: lines that OpenCV's programs stumble over, and what a reader had to leave out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from cascade.doctor.evidence import Evidence
from cascade.doctor.findings import Finding, rule

MANY_LABELS = 8


@rule
def empty_line(evidence: Evidence) -> Iterator[Finding]:
    """An empty line before the last name; at the end of a file it does no harm."""
    for path, lines in evidence.lists.items():
        stripped = [line.strip() for line in lines]
        last = max((number for number, line in enumerate(stripped) if line), default=0)
        for number in (number for number in range(last) if not stripped[number]):
            lost = sum(bool(line) for line in stripped[number:])
            if path == evidence.negatives:
                remedy = "Remove the line: opencv_traincascade stops reading here."
                yield Finding("error", "empty line", str(path), number + 1, f"{lost} names after it", remedy)
            else:
                yield Finding("note", "empty line", str(path), number + 1, "''", "It is passed over; remove it.")


@rule
def windows_line_ends(evidence: Evidence) -> Iterator[Finding]:
    """Lines that end in CR LF: 3.4 copes, older programs take the CR for a part of the name."""
    for path, lines in evidence.lists.items():
        ends = [number for number, line in enumerate(lines, start=1) if line.endswith(b"\r")]
        if ends:
            remedy = "Save it with Unix line ends (or use --fix): older programs look for names that end in CR."
            yield Finding("warning", "Windows line ends", str(path), ends[0], f"{len(ends)} lines", remedy)


@rule
def broken_line(evidence: Evidence) -> Iterator[Finding]:
    """What the reader of the annotations could not take."""
    for skip in evidence.problems:
        yield Finding("error", skip.rule, skip.file, skip.line, skip.value, skip.remedy)


@rule
def name_with_a_space(evidence: Evidence) -> Iterator[Finding]:
    """Names that an info file cannot carry; `collect` gives every picture a plain name."""
    spaced = [entry.picture for entry in evidence.positive_entries if any(map(str.isspace, entry.picture.name))]
    if spaced:
        remedy = "`collect` renames them; opencv_createsamples alone cannot read them from an info file."
        value = f"{len(spaced)} names, the first {spaced[0].name!r}"
        yield Finding("note", "picture name with a space", str(evidence.positives), 0, value, remedy)


@rule
def mixed_labels(evidence: Evidence) -> Iterator[Finding]:
    """Several kinds of object among the positives: a cascade finds one kind."""
    counts = Counter(label for entry in evidence.positive_entries for label in entry.labels)
    if len(counts) > 1 and evidence.check.label is None:
        value = ", ".join(f"{label or '(none)'}: {count}" for label, count in counts.most_common(MANY_LABELS))
        remedy = "A cascade learns one kind of object: choose with `label`, or train one cascade for each."
        yield Finding("error", "mixed labels", str(evidence.positives), 0, value, remedy)


@rule
def name_relative_to_the_working_folder(evidence: Evidence) -> Iterator[Finding]:
    """Names that are right for opencv_traincascade where it is started, but not beside the list."""
    for entry in evidence.negative_entries:
        if entry.line and not entry.picture.exists():
            name = entry.picture.relative_to(evidence.negatives.parent) if not entry.picture.is_absolute() else None
            if name is not None and Path(name).is_file():
                remedy = "Here names are relative to the list's folder: move the list, or write the paths anew."
                yield Finding("note", "name relative to the working folder", entry.file, entry.line, str(name), remedy)
                return
