"""What a training tells while it runs: where it is, the table of its stages, and about how long it will take."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from runs.progress import Progress, Row

_FADING = 0.6
"""Each stage counts so many times as much as the one after it."""
_PRIOR_GROWTH, _PRIOR_WEIGHT = 0.25, 20.0
"""Log seconds a stage, before anything is known, and how much that counts: chosen on eight trainings."""
_UNSURE_GROWTH, _UNSURE_LEVEL = 0.06, 1.5
"""How far growth (log seconds a stage) and level (a factor) may be off: 78 of 100 ranges held in these trainings."""


@dataclass
class StageRow:
    """The figures of one stage: one row of ``history.csv``. What is not known (a lost row) is None.

    `stage` is 0 for the first, as in OpenCV's ``stage0.xml``; files and tables for people count from 1.
    """

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
        interrupted calls included), and, once two stages are finished, ``seconds_left``, with ``seconds_left_low`` and
        ``seconds_left_high``, between which it will probably be. A training may end sooner, when it reaches its
        false alarm goal.
    """
    names = ("weak_classifiers", "hit_rate", "false_alarm_rate", "acceptance_ratio", "num_pos", "num_neg")
    figures = {name: float(value) for name in names if (value := getattr(current, name)) is not None}
    figures |= {"stage": float(current.stage), "seconds": sum(row.seconds or 0.0 for row in rows) + seconds}
    left = expected_seconds(rows, num_stages, seconds)
    if left is not None:
        figures |= {"seconds_left": left.seconds, "seconds_left_low": left.low, "seconds_left_high": left.high}
    text = f"stage {current.stage + 1} of {num_stages}: {message}"
    return Progress(text, current.stage, num_stages, figures, table(rows))


@dataclass(frozen=True)
class Expected:
    """Seconds to go, about; and between which bounds, which three of four times will hold."""

    seconds: float
    low: float
    high: float


def expected_seconds(rows: Sequence[StageRow], num_stages: int, seconds: float) -> Expected | None:
    """About how long the stages that are missing will take; None before two are finished: the first may have waited
    for kernels to be compiled, and does not count.

    Stages take longer and longer, by a factor that itself grows when negatives become rare. A line through the
    logarithms of the seconds says how much, the newest stages counting most; until there are many, stages are taken to
    grow by a quarter. Growth is never taken to be less than none or more than twofold. The current stage has had
    `seconds` of its own; one that takes longer than thought is taken to last a tenth of that longer.

    Examples
    --------
    >>> grown = [StageRow(number, seconds=10 * 1.284**number) for number in range(4)]
    >>> round(expected_seconds(grown, 6, 0.0).seconds), round(10 * (1.284**4 + 1.284**5))
    (62, 62)
    """
    known = [(row.stage, math.log(max(row.seconds, 0.1))) for row in rows[1:] if row.seconds is not None]
    if not known:
        return None
    line = _Line.through(known)
    missing = range(len(rows), num_stages)
    likely, least, most = (_sum(line, missing, seconds, more) for more in (0.0, -_UNSURE_GROWTH, _UNSURE_GROWTH))
    return Expected(likely, least / _UNSURE_LEVEL, most * _UNSURE_LEVEL)


@dataclass(frozen=True)
class _Line:
    """The mean of weighted points, and the growth: log seconds a stage."""

    stage: float
    level: float
    growth: float

    @classmethod
    def through(cls, points: Sequence[tuple[int, float]]) -> _Line:
        newest = points[-1][0]
        weights = [_FADING ** (newest - stage) for stage, _ in points]
        stage, level = (
            sum(w * p[axis] for w, p in zip(weights, points, strict=True)) / sum(weights) for axis in (0, 1)
        )
        spread = sum(w * (x - stage) ** 2 for w, (x, _) in zip(weights, points, strict=True))
        slope = sum(w * (x - stage) * (y - level) for w, (x, y) in zip(weights, points, strict=True))
        return cls(stage, level, (slope + _PRIOR_GROWTH * _PRIOR_WEIGHT) / (spread + _PRIOR_WEIGHT))


def _sum(line: _Line, missing: range, spent: float, more: float) -> float:
    growth = min(max(line.growth + more, 0.0), math.log(2))
    each = [math.exp(line.level + growth * (stage - line.stage)) for stage in missing]
    return max(each[0] / 10, each[0] - spent) + sum(each[1:]) if each else 0.0


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
