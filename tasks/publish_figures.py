"""Figures as MLflow takes them: flat names, finite numbers, and the steps of a history."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_FORBIDDEN_IN_NAMES = re.compile(r"[^\w\-. /]")  # MLflow's rule for the names of parameters and metrics
_LONGEST_NAME = 250


def read_history(path: Path) -> list[tuple[str, float, int]]:
    """The rows of a history as ``(name, value, step)``.

    A name is the first column's, a point, and the value's own column, such as ``epoch.loss``. The step is
    the first column, or the row's number from 1 where that column does not count upwards. What is no finite
    number is left out.
    """
    with path.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    if not rows:
        return []
    first, *columns = [name for name in rows[0] if name is not None]
    steps = _steps([row[first] for row in rows])
    cells = [(column, row[column], step) for row, step in zip(rows, steps, strict=True) for column in columns]
    return [
        (_name(f"{first}.{column}"), number, step)
        for column, cell, step in cells
        if (number := _number(cell)) is not None
    ]


def flatten(value: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Nested objects as one, their names joined by points; lists stay whole.

    >>> flatten({"a": {"b": 1}, "c": [2]})
    {'a.b': 1, 'c': [2]}
    """
    flat: dict[str, Any] = {}
    for name, each in value.items():
        full = f"{above}.{name}" if above else str(name)
        flat |= flatten(each, full) if isinstance(each, Mapping) else {_name(full): each}
    return flat


def is_number(value: Any) -> bool:
    """Whether MLflow takes it as a figure: a finite number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _steps(values: list[str]) -> list[int]:
    counted = [int(value) if value and value.strip().isdecimal() else -1 for value in values]
    upwards = all(later > earlier for earlier, later in zip([-1, *counted], counted, strict=False))
    return counted if upwards else list(range(1, len(values) + 1))


def _number(cell: str | None) -> float | None:
    try:
        number = float(cell or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _name(name: str) -> str:
    return _FORBIDDEN_IN_NAMES.sub("_", name)[:_LONGEST_NAME]
