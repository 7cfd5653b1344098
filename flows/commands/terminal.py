"""A step's progress in the terminal: a live bar and table where there is one, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from runs.progress import Progress, Report, Row, time_left

_SECONDS_BETWEEN_LINES = 5.0
_LINES_KEPT = 6
"""Lines of the screen that the table leaves free: the bar, the message, the table's head, the prompt."""
_WIDTH = 11
_open: list[Live] = []
"""The live display, while there is one: a terminal has room for one only."""


@contextmanager
def progress_bar(step: str) -> Iterator[Report]:
    """Yield the `Report` that shows a step's progress on standard error.

    In a terminal it is one bar with the latest message, and below it the step's table where it has one. In a log it
    is a line every five seconds, one for each message that ends its total, and one for each new row of the table.
    """
    if not sys.stderr.isatty():
        yield _Lines(step)
        return
    console = Console(stderr=True)
    shown = _Live(step, console)
    with Live(shown, console=console, refresh_per_second=4) as live:
        _open.append(live)
        try:
            yield shown
        finally:
            _open.remove(live)
            _close(live, shown)


def show(result: Any) -> None:
    """Print a step's result, a dataclass, one field a line; tables and long lists stay in their files.

    Inside `progress_bar` this ends the live display first, so that the result stands below it.
    """
    for live in _open:
        _close(live, live.renderable)
    for field in fields(result):
        value = getattr(result, field.name)
        if not isinstance(value, (tuple, list)):
            print(f"{_words(field.name):<24} {_readable(value)}")


def _readable(value: Any) -> str:
    if value is None or (isinstance(value, (str, Mapping)) and not value):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if is_dataclass(value):
        value = {_words(part.name): getattr(value, part.name) for part in fields(value)}
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_readable(one)}" for name, one in value.items())
    if isinstance(value, (tuple, list)):
        return ", ".join(map(_readable, value)) or "none"
    return str(value)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _close(live: Live, shown: Any) -> None:
    """Draw a last time, with the whole table, and let the terminal scroll again."""
    shown.whole = True
    live.vertical_overflow = "visible"
    live.stop()


class _Live:
    """The bar, the message and the table, drawn anew four times a second; `whole` shows what the screen cannot hold."""

    def __init__(self, step: str, console: Console) -> None:
        columns = (TextColumn("{task.fields[step]}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._bar = Bar(*columns, console=console)
        self._task = self._bar.add_task("", total=None, step=step)
        self._console = console
        self._message = ""
        self._rows: tuple[Row, ...] = ()
        self.whole = False

    def __call__(self, progress: Progress) -> None:
        self._bar.update(self._task, completed=progress.done, total=progress.total)
        self._message = _message(progress)
        if progress.table is not None:
            self._rows = progress.table

    def __rich__(self) -> RenderableType:
        message = Text(self._message, no_wrap=not self.whole, overflow="ellipsis")
        if not self._rows:
            return Group(self._bar, message)
        newest = self._rows if self.whole else self._rows[-max(1, self._console.height - _LINES_KEPT) :]
        table = Table(*(name.replace("_", " ") for name in newest[0]), box=None, pad_edge=False)
        for column in table.columns:
            column.justify = "right"
        for row in newest:
            table.add_row(*(_cell(value) for value in row.values()))
        return Group(self._bar, message, table)


class _Lines:
    def __init__(self, step: str) -> None:
        self._step = step
        self._last = float("-inf")
        self._rows = 0

    def __call__(self, progress: Progress) -> None:
        finished = progress.total is not None and progress.done >= progress.total
        if finished or time.monotonic() - self._last >= _SECONDS_BETWEEN_LINES:
            self._last = time.monotonic()
            share = f" {progress.done}/{progress.total}" if progress.total else ""
            print(f"{self._step}{share}: {_message(progress)}", file=sys.stderr, flush=True)
        for row in (progress.table or ())[self._rows :]:
            self._add(row)

    def _add(self, row: Row) -> None:
        if self._rows == 0:
            print(*(f"{name.replace('_', ' '):>{_WIDTH}}" for name in row), file=sys.stderr)
        print(*(f"{_cell(value):>{_WIDTH}}" for value in row.values()), file=sys.stderr, flush=True)
        self._rows += 1


def _message(progress: Progress) -> str:
    return "; ".join(filter(None, [progress.message, time_left(progress)]))


def _cell(value: float | int | str | None) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
