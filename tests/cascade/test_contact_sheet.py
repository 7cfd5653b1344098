"""The sheet's layout in pixels, and that workers do every job and stop at the first error."""

import numpy as np
import pytest

from cascade.contact_sheet import draw_sheet, write_sheet
from cascade.errors import InputError
from cascade.workers import for_each


def test_pictures_stand_in_rows_with_a_gap():
    sheet = draw_sheet([np.full((4, 6), grey, np.uint8) for grey in (50, 100, 150)], columns=2)
    assert sheet.shape == (2 * 6 + 2, 2 * 8 + 2)
    assert (sheet[2:6, 2:8] == 50).all()
    assert (sheet[2:6, 10:16] == 100).all()
    assert (sheet[8:12, 2:8] == 150).all()
    assert sheet[8:12, 10:16].max() == 32


def test_pictures_are_fitted_into_their_cells_and_captions_stand_below():
    tall, small = np.full((40, 10), 200, np.uint8), np.full((2, 2), 90, np.uint8)
    sheet = draw_sheet([tall, small], columns=2, cell=(20, 20), captions=["a", "\u00e9"])
    assert sheet.shape == (2 + 20 + 2 + 14, 2 * 22 + 2)
    assert (sheet[2:22, 9:14] == 200).all()
    assert sheet[10, 4] == 32
    assert (sheet[2:22, 24:44] == 90).all()
    assert sheet[22:36].max() > 100


def test_a_sheet_of_nothing_or_of_another_format(tmp_path):
    with pytest.raises(InputError, match="at least one picture"):
        draw_sheet([])
    with pytest.raises(InputError, match=r"must be named \.png"):
        write_sheet(tmp_path / "a.jpg", [np.zeros((3, 3), np.uint8)])


def test_every_job_is_done_once_and_reported():
    done, reported = [], []
    for_each(range(1000), lambda job: done.append(job) or 2, reported.append, "working", 2000)
    assert sorted(done) == list(range(1000))
    assert (reported[-1].done, reported[-1].total) == (2000, 2000)


def test_the_first_error_ends_the_work():
    done = []

    def work(job):
        done.append(job)
        return 1 // (job - 3)

    with pytest.raises(ZeroDivisionError, match="by zero"):
        for_each(range(5000), work, print, "working", 5000)
    assert len(done) < 500
