"""What a training tells: figures, the table, and about how long it will take."""

import pytest

from cascade.train_progress import StageRow, expected_seconds, stage_progress, table

ROWS = [StageRow(0, 2, 1.0, 0.25, 1.0, 700, 350, 10.0), StageRow(1, 3, 0.99, 0.4, 0.2, 700, 350, 30.0)]


def test_the_figures_of_the_stage_and_the_time():
    progress = stage_progress("looks", StageRow(2, 1, 0.98), ROWS, 5, 4.0)
    assert (progress.message, progress.done, progress.total) == ("stage 3 of 5: looks", 2, 5)
    assert progress.figures == {
        "stage": 2,
        "weak_classifiers": 1,
        "hit_rate": 0.98,
        "seconds": 44.0,
        "seconds_left": 56.0,
    }
    assert [row["stage"] for row in progress.table] == [1, 2]


def test_before_the_first_stage_nobody_knows_how_long_it_takes():
    progress = stage_progress("starts", StageRow(0), [], 5, 4.0)
    assert progress.figures == {"stage": 0, "seconds": 4.0}
    assert progress.table == ()


@pytest.mark.parametrize(
    ("seconds", "num_stages", "current", "expected"),
    [
        ([10.0], 3, 0.0, 20.0),
        ([1.0, 10.0, 20.0, 30.0], 6, 5.0, 35.0),  # only the newest three count
        ([10.0], 3, 25.0, 11.0),  # the current stage takes longer than thought
        ([10.0, 10.0], 2, 0.0, 0.0),
        ([None, 10.0], 4, 0.0, 20.0),  # a row that was lost in a crash
        ([None], 4, 9.0, None),
    ],
)
def test_the_time_to_go(seconds, num_stages, current, expected):
    rows = [StageRow(number, seconds=took) for number, took in enumerate(seconds)]
    assert expected_seconds(rows, num_stages, current) == expected


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
