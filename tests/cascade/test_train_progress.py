"""What a training tells: figures, the table, and about how long it will take."""

import math
import re

import pytest

from cascade.train_progress import StageRow, expected_seconds, stage_progress, table
from runs.progress import time_left

ROWS = [StageRow(0, 2, 1.0, 0.25, 1.0, 700, 350, 10.0), StageRow(1, 3, 0.99, 0.4, 0.2, 700, 350, 30.0)]


def test_the_figures_of_the_stage_and_the_time():
    progress = stage_progress("looks", StageRow(2, 1, 0.98), ROWS, 5, 4.0)
    assert (progress.message, progress.done, progress.total) == ("stage 3 of 5: looks", 2, 5)
    left = expected_seconds(ROWS, 5, 4.0)
    assert progress.figures == {
        "stage": 2,
        "weak_classifiers": 1,
        "hit_rate": 0.98,
        "seconds": 44.0,
        "seconds_left": left.seconds,
        "seconds_left_low": left.low,
        "seconds_left_high": left.high,
    }
    assert re.fullmatch(r"\d+ \w+ to \d+ \w+ to go", time_left(progress))
    assert [row["stage"] for row in progress.table] == [1, 2]


def test_before_the_first_stage_nobody_knows_how_long_it_takes():
    progress = stage_progress("starts", StageRow(0), [], 5, 4.0)
    assert progress.figures == {"stage": 0, "seconds": 4.0}
    assert progress.table == ()


GROWTH = math.exp(0.25)


def rows(*seconds):
    return [StageRow(number, seconds=took) for number, took in enumerate(seconds)]


@pytest.mark.parametrize(
    ("done", "num_stages", "current", "expected"),
    [
        ([99.0, 10.0], 4, 0.0, 10 * GROWTH + 10 * GROWTH**2),  # the first does not count, one says nothing of growth
        ([99.0, 10.0], 4, 5.0, 10 * GROWTH + 10 * GROWTH**2 - 5),
        ([99.0, 10.0], 3, 77.0, GROWTH),  # the current stage takes longer than thought
        ([None, 10.0], 3, 0.0, 10 * GROWTH),  # a row that was lost in a crash
        ([8.0 * GROWTH**number for number in range(9)], 11, 0.0, 8 * GROWTH**9 + 8 * GROWTH**10),
        ([10.0, 10.0], 2, 0.0, 0.0),
    ],
)
def test_the_time_to_go(done, num_stages, current, expected):
    left = expected_seconds(rows(*done), num_stages, current)
    assert left.seconds == pytest.approx(expected)
    assert left.low <= left.seconds <= left.high


def test_growth_has_bounds():
    falling = expected_seconds(rows(*(0.1**number for number in range(-3, 5))), 9, 0.0)
    explosive = expected_seconds(rows(*(10.0**number for number in range(8))), 10, 0.0)
    alone = expected_seconds(rows(*(10.0**number for number in range(8))), 9, 0.0)
    assert falling.low > 0
    assert explosive.seconds == pytest.approx(3 * alone.seconds)


def test_nothing_is_known_of_stages_without_a_time():
    assert expected_seconds(rows(9.0), 4, 9.0) is None
    assert expected_seconds(rows(9.0, None), 4, 9.0) is None


# Of the shape of real trainings: slow growth while stages are trained, then the search for negatives takes over.
TRAININGS = [
    [0.5 * 1.17**stage + 0.0006 * 1.75**stage + (start if stage == 0 else 0) for stage in range(20)]
    for start in (0.0, 3.0, 60.0)
] + [
    [3.0 * 1.2**stage + 0.01 * 1.7**stage for stage in range(18)],
    [1.0 * 1.25**stage * (1.3 if stage % 2 else 0.8) for stage in range(17)],
]


def test_forecasts_are_no_longer_far_too_short():
    cases = [(done[:count], done[count:]) for done in TRAININGS for count in range(2, len(done))]
    forecasts = [expected_seconds(rows(*past), len(past) + len(future), 0.0) for past, future in cases]
    truths = [sum(future) for _, future in cases]
    close = [0.5 < left.seconds / truth < 2 for left, truth in zip(forecasts, truths, strict=True)]
    held = [left.low <= truth <= left.high for left, truth in zip(forecasts, truths, strict=True)]
    mean_of_three = [sum(past[-3:]) / len(past[-3:]) * len(future) for past, future in cases]
    before = [0.5 < guess / truth < 2 for guess, truth in zip(mean_of_three, truths, strict=True)]
    assert sum(close) > 0.6 * len(close) > 2 * sum(before)
    assert sum(held) > 0.7 * len(held)


def test_people_count_stages_from_one():
    assert table(ROWS)[0] == {
        "stage": 1,
        "weak": 2,
        "hit rate": 1.0,
        "false alarm": 0.25,
        "acceptance": 1.0,
        "positives": 700,
        "negatives": 350,
        "seconds": 10.0,
    }
