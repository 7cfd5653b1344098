"""Markdown for model cards: tables, numbers, and text from a record that may be anybody's writing."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

UNKNOWN = "unknown"
"""Stands for what the record does not tell."""

INTERVALS = "The intervals say how far a figure could be off by the choice of the pictures, and by nothing else."
NO_FIGURES = "Unknown: the record of this run has no figures."

_MARKUP = re.compile(r"([\\`*_\[\]<>|#])")
_LONGEST = 300


def plain(value: Any) -> str:
    r"""A value as one line of Markdown that shows it and does nothing else; nothing is unknown.

    >>> plain("a | b\n<script>")
    'a \\| b \\<script\\>'
    """
    text = "" if value is None else str(value).encode("utf-8", "replace").decode("utf-8")
    line = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    return _MARKUP.sub(r"\\\1", line[:_LONGEST]) or UNKNOWN


def number(value: Any, digits: int = 3) -> str:
    """A figure for people; what is no finite number is unknown.

    >>> number(0.68319), number(22080), number(None)
    ('0.683', '22,080', 'unknown')
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return UNKNOWN
    return f"{value:,}" if isinstance(value, int) else f"{value:,.{digits}f}"


def interval(figures: Mapping[str, Any], name: str) -> str:
    """The bounds of a figure, which stand under its name with ``_low`` and ``_high``; a dash where there are none.

    >>> interval({"recall_low": 0.25, "recall_high": 0.5}, "recall")
    '0.250 to 0.500'
    """
    low, high = number(figures.get(f"{name}_low")), number(figures.get(f"{name}_high"))
    return "-" if UNKNOWN in (low, high) else f"{low} to {high}"


def figure_rows(figures: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """A table of figures by what they are called in the record, and what they are called here."""
    rows = [[shown, number(figures.get(name)), interval(figures, name)] for name, shown in names.items()]
    return table(("figure", "value", "95 % interval"), rows)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the cells must be Markdown already."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def points(lines: Sequence[str]) -> str:
    """A list, a line a point."""
    return "\n".join(f"- {line}" for line in lines)


def block(language: str, text: str) -> str:
    """A fenced block that its text cannot leave."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    return f"{fence}{language}\n{text.strip()}\n{fence}"
