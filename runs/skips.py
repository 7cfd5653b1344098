"""Input that a step leaves out is reported, never lost: file, line, rule, value, remedy."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path

from runs.files import replacing_file

_LONGEST_VALUE = 300


@dataclass(frozen=True)
class Skip:
    """One piece of input left out.

    `line` is the line in `file` (the first is 1), or 0 where the whole file is meant; `rule` is a short name
    of the rule, the same for every skip for that reason; `value` is what broke it; `remedy` says what to do.
    """

    file: str
    line: int
    rule: str
    value: str
    remedy: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.rule} (got {_short(self.value)}). {self.remedy}"


def write_skips(path: Path, skips: Iterable[Skip]) -> None:
    """Write the skips as CSV with a header line; an empty list leaves the header alone.

    Bytes of a file name that are not UTF-8 are written as ``\\udcXX``. A value is cut after some hundred characters:
    readers of CSV refuse fields without end, and it may be a whole broken file.
    """
    with (
        replacing_file(path) as beside,
        beside.open("w", newline="", encoding="utf-8", errors="backslashreplace") as stream,
    ):
        writer = csv.writer(stream)
        writer.writerow([field.name for field in fields(Skip)])
        writer.writerows(astuple(replace(skip, value=_short(skip.value))) for skip in skips)


def count_by_rule(skips: Iterable[Skip]) -> dict[str, int]:
    """How many skips each rule caused, the most frequent first."""
    return dict(Counter(skip.rule for skip in skips).most_common())


def _short(value: str) -> str:
    if len(value) <= _LONGEST_VALUE:
        return value
    return f"{value[:_LONGEST_VALUE]}... ({len(value)} characters)"
