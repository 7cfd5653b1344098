"""How a long step tells where it is. A library never owns a progress bar: it calls one of these."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Row = Mapping[str, float | int | str | None]
"""One line of a step's table: figures by column; None where a figure is not known."""


@dataclass(frozen=True)
class Progress:
    """One report of a step's progress.

    `done` of `total` units are finished (`total` is None when nobody knows it); `message` is one line for a
    person; `figures` are the numbers of the moment, such as a stage's hit rate, by name.

    `table` is the step's history so far, one row for each part that is finished (a stage, an epoch), the newest last;
    None where a step has none to show, and then what was shown stays. Rows are only ever added.
    """

    message: str
    done: int = 0
    total: int | None = None
    figures: dict[str, float] = field(default_factory=dict)
    table: tuple[Row, ...] | None = None


Report = Callable[[Progress], None]


def silent(progress: Progress) -> None:
    """Report to nobody: the default of every step."""


def time_left(progress: Progress) -> str | None:
    """How much is to go, in words, from `figures`: a range where the step knows one; None where nobody knows.

    Examples
    --------
    >>> time_left(Progress("works", figures={"seconds_left": 75.0}))
    'about 1 min 15 s to go'
    >>> time_left(Progress("works", figures={"seconds_left": 300.0, "seconds_left_low": 95, "seconds_left_high": 815}))
    '2 min to 14 min to go'
    """
    left, low, high = (progress.figures.get(f"seconds_left{end}") for end in ("", "_low", "_high"))
    if left is None or low is None or high is None:
        return None if left is None else f"about {duration(left)} to go"
    words = [_roughly(low), _roughly(high)]
    return f"about {words[0]} to go" if words[0] == words[1] else f"{words[0]} to {words[1]} to go"


def _roughly(seconds: float) -> str:
    """A duration in one unit, whole; seconds in tens."""
    for size, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 1.5 * size:
            return f"{round(seconds / size)} {name}"
    return f"{max(10, 10 * round(seconds / 10))} s"


def duration(seconds: float) -> str:
    """Seconds as people say them, to the two largest units.

    Examples
    --------
    >>> duration(8.4), duration(75), duration(3720), duration(200_000)
    ('8 s', '1 min 15 s', '1 h 2 min', '2 d 7 h')
    """
    whole = round(seconds)
    for size, name, part, small in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            return f"{whole // size} {name} {whole % size // part} {small}"
    return f"{whole} s"
