"""How a long step tells where it is. A library never owns a progress bar: it calls one of these."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Progress:
    """One report of a step's progress.

    `done` of `total` units are finished (`total` is None when nobody knows it); `message` is one line for a
    person; `figures` are the numbers of the moment, such as a stage's hit rate, by name.
    """

    message: str
    done: int = 0
    total: int | None = None
    figures: dict[str, float] = field(default_factory=dict)


Report = Callable[[Progress], None]


def silent(progress: Progress) -> None:
    """Report to nobody: the default of every step."""
