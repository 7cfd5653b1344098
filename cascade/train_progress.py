"""What a training tells while it runs: where it is, the table of its stages, and about how long it will take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runs.progress import Progress, Row

_LAST = 3
"""So many of the newest stages say how long the next ones take: stages grow, and the first ones take no time."""


@dataclass
class StageRow:
    """The figures of one stage: one row of ``history.csv``. What is not known (a lost row) is None."""

    stage: int
    weak_classifiers: int | None = None
    hit_rate: float | None = None
    false_alarm_rate: float | None = None
    acceptance_ratio: float | None = None
    num_pos: int | None = None
    num_neg: int | None = None
    seconds: float | None = None


def stage_progress(
    message: str, current: StageRow, rows: Sequence[StageRow], num_stages: int, seconds: float
) -> Progress:
    """Where a training is, in the form that every trainer reports it.

    Parameters
    ----------
    message
        What happens in the stage, without the stage's number.
    current
        The figures of the stage that is being trained, as far as they are known.
    rows
        The finished stages.
    seconds
        How long the current stage has taken until now.

    Returns
    -------
    Progress
        `figures` hold what is known of the stage, ``seconds`` since the training's beginning (the time of earlier,
        interrupted calls included), and ``seconds_left``, about, once a stage is finished. A training may end sooner,
        when it reaches its false alarm goal.
    """
    names = ("weak_classifiers", "hit_rate", "false_alarm_rate", "acceptance_ratio", "num_pos", "num_neg")
    figures = {name: float(value) for name in names if (value := getattr(current, name)) is not None}
    figures |= {"stage": float(current.stage), "seconds": sum(row.seconds or 0.0 for row in rows) + seconds}
    left = expected_seconds(rows, num_stages, seconds)
    if left is not None:
        figures["seconds_left"] = left
    text = f"stage {current.stage + 1} of {num_stages}: {message}"
    return Progress(text, current.stage, num_stages, figures, table(rows))


def expected_seconds(rows: Sequence[StageRow], num_stages: int, seconds: float) -> float | None:
    """About how long the stages that are missing will take; None before one is finished.

    Each is taken to last as long as the mean of the newest three, and the current one has had `seconds` of that; one
    that takes longer than thought is taken to last a tenth of that mean longer.

    Examples
    --------
    >>> expected_seconds([StageRow(0, seconds=10.0), StageRow(1, seconds=20.0)], 4, 5.0)
    25.0
    """
    known = [row.seconds for row in rows if row.seconds is not None][-_LAST:]
    if not known:
        return None
    each = sum(known) / len(known)
    missing = num_stages - len(rows)
    return max(each / 10, each - seconds) + each * (missing - 1) if missing > 0 else 0.0


def table(rows: Sequence[StageRow]) -> tuple[Row, ...]:
    """The finished stages for people, who count from 1."""
    return tuple(
        {
            "stage": row.stage + 1,
            "weak": row.weak_classifiers,
            "hit rate": row.hit_rate,
            "false alarm": row.false_alarm_rate,
            "acceptance": row.acceptance_ratio,
            "positives": row.num_pos,
            "negatives": row.num_neg,
            "seconds": row.seconds,
        }
        for row in rows
    )
