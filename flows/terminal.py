"""A step's progress in the terminal: a live bar where there is one, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from runs.progress import Progress, Report

_SECONDS_BETWEEN_LINES = 5.0


@contextmanager
def progress_bar(step: str) -> Iterator[Report]:
    """Yield the `Report` that shows a step's progress on standard error.

    In a terminal it is one bar with the latest message; in a log it is a line every five seconds, and one
    for each message that ends its total.
    """
    if not sys.stderr.isatty():
        yield _Lines(step)
        return
    columns = (TextColumn("{task.fields[step]}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bar(*columns, TextColumn("{task.description}"), console=Console(stderr=True)) as bar:
        yield _Live(bar, bar.add_task("", total=None, step=step))


def show(result: Any) -> None:
    """Print a step's result, a dataclass, one field a line; tables and long lists stay in their files."""
    for field in fields(result):
        value = getattr(result, field.name)
        if isinstance(value, float):
            value = f"{value:.4g}"
        if not isinstance(value, (tuple, list)):
            print(f"{field.name.replace('_', ' '):<24} {value}")


class _Live:
    def __init__(self, bar: Bar, task: TaskID) -> None:
        self._bar, self._task = bar, task

    def __call__(self, progress: Progress) -> None:
        message = progress.message.replace("[", "\\[")
        self._bar.update(self._task, completed=progress.done, total=progress.total, description=message)


class _Lines:
    def __init__(self, step: str) -> None:
        self._step = step
        self._last = float("-inf")

    def __call__(self, progress: Progress) -> None:
        finished = progress.total is not None and progress.done >= progress.total
        if finished or time.monotonic() - self._last >= _SECONDS_BETWEEN_LINES:
            self._last = time.monotonic()
            share = f" {progress.done}/{progress.total}" if progress.total else ""
            print(f"{self._step}{share}: {progress.message}", file=sys.stderr, flush=True)
