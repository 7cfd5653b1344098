"""What the doctor finds, and the registry of its rules."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from runs.files import replacing_file

if TYPE_CHECKING:
    from cascade.doctor.evidence import Evidence

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
"""The gravest first: the training would fail or learn wrong; it would be worse than it could be; good to know."""


@dataclass(frozen=True)
class Finding:
    """One thing found: `line` is the line in `file` (the first is 1), or 0 where the whole file is meant."""

    severity: Severity
    rule: str
    file: str
    line: int
    value: str
    remedy: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.rule} (got {self.value}). {self.remedy}"


Rule = Callable[["Evidence"], Iterator[Finding]]
Made = TypeVar("Made", bound=Rule)

RULES: dict[str, Rule] = {}
"""Every rule by its function's name, in the order in which they look."""


def rule(function: Made) -> Made:
    """Register a rule: a function from the evidence to its findings."""
    RULES[function.__name__] = function
    return function


def write_findings(path: Path, findings: Iterable[Finding]) -> None:
    """Write the findings as CSV with a header line; bytes of a name that are not UTF-8 become ``\\udcXX``."""
    with (
        replacing_file(path) as beside,
        beside.open("w", newline="", encoding="utf-8", errors="backslashreplace") as stream,
    ):
        writer = csv.writer(stream)
        writer.writerow([field.name for field in fields(Finding)])
        writer.writerows(astuple(finding) for finding in findings)
