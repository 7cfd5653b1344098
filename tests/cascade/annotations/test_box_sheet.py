"""Contact sheets: every box in its tile, wherever it lies."""

import cv2
import numpy as np
import pytest

from cascade.annotations.box_sheet import PER_SHEET, Crop, draw_sheet, save_sheet

FRAME = (33, 162, 255)


@pytest.fixture
def picture(tmp_path):
    image = np.zeros((100, 200), np.uint8)
    image[40:60, 80:100] = 255
    assert cv2.imwrite(str(tmp_path / "a.png"), image)
    return tmp_path / "a.png"


def tile(crop, context=0.5):
    sheet = draw_sheet([crop], "title", context)
    assert sheet.shape == (226, 1290, 3)
    return sheet[44:194, 10:160]


def test_the_box_fills_the_middle_and_is_framed(picture):
    shown = tile(Crop(picture, (80, 40, 20, 20), "#1"))
    assert (shown[40:110, 40:110] == 255).all()
    assert (shown[:30] == 0).all()
    assert tuple(shown[38, 75]) == FRAME


def test_outside_the_picture_it_is_dark(picture):
    shown = tile(Crop(picture, (-20, -20, 40, 40), "#1"))
    assert (shown[5:30, 5:30] == 40).all()
    assert (shown[120:145, 120:145] == 0).all()


@pytest.mark.parametrize(
    "box", [(500, 500, 9, 9), (0, 0, 0, 0), (-(10**9), 0, 10**9, 5), (5, 5, -3, -3), (0, 0, 10**9, 10**9)]
)
def test_monstrous_boxes_are_drawn_in_bounded_memory(picture, box):
    assert tile(Crop(picture, box, "#1")).shape == (150, 150, 3)


def test_a_missing_picture_is_an_empty_tile_and_the_rest_is_shown(picture, tmp_path):
    crops = [Crop(tmp_path / "none.png", (1, 1, 5, 5), "#1"), Crop(picture, (80, 40, 20, 20), "#2")]
    sheet = draw_sheet(crops, "title")
    assert (sheet[44:194, 10:160] == sheet[0, 0]).all()
    assert (sheet[44 + 75, 170 + 75] == 255).all()


def test_a_full_sheet_is_saved_as_it_is(picture, tmp_path):
    sheet = draw_sheet([Crop(picture, (80, 40, 20, 20), str(n)) for n in range(PER_SHEET)], "title")
    save_sheet(tmp_path / "s.png", sheet)
    assert np.array_equal(cv2.imread(str(tmp_path / "s.png")), sheet)
    assert (sheet[-10 - 22 - 75, -10 - 75] == 255).all()
