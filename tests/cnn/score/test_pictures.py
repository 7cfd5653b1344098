from __future__ import annotations

import base64

import cv2
import numpy as np
import pytest

from cnn.score.pictures import jpeg_data, map_on_face, png_data, scaled, tiled

FACE = np.random.default_rng(0).integers(0, 256, (48, 48)).astype(np.uint8)


def decoded(address: str) -> np.ndarray:
    content = base64.b64decode(address.split(",")[1])
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    return picture


def test_a_picture_is_read_back_from_its_address() -> None:
    np.testing.assert_array_equal(decoded(png_data(FACE)), FACE)
    assert jpeg_data(FACE).startswith("data:image/jpeg;base64,")
    assert decoded(jpeg_data(FACE)).shape == FACE.shape


def test_where_a_map_is_zero_the_face_is_as_it_was_and_where_it_is_high_coloured() -> None:
    heat = np.zeros((8, 8))
    heat[:, 4:] = 1
    drawn = map_on_face(np.full((48, 48), 100, np.uint8), heat)
    assert drawn.shape == (144, 144, 3)
    assert (drawn[:, :50] == 100).all()
    blue, _, red = drawn[:, 110:].reshape(-1, 3).mean(axis=0)
    assert red > 150
    assert red > blue


def test_maps_are_scaled_one_by_one() -> None:
    maps = np.stack([np.full((2, 2), 4.0), np.zeros((2, 2)), [[0, 1], [2, 8]]])
    np.testing.assert_array_equal(scaled(maps).max(axis=(1, 2)), [1, 0, 1])
    assert scaled(maps)[2, 1, 0] == 0.25


def test_tiles_stand_in_rows_with_gaps_that_let_the_page_through() -> None:
    maps = np.arange(3 * 4).reshape(3, 2, 2).astype(float)
    sheet = tiled(maps, 2, factor=3)
    assert sheet.shape == (2 * 6 + 2, 2 * 6 + 2, 4)
    assert (sheet[:6, 6:8, 3] == 0).all()
    assert (sheet[8:, 8:, 3] == 0).all()
    assert (sheet[:6, :6, 3] == 255).all()
    for top, left in ((0, 0), (0, 8), (8, 0)):
        np.testing.assert_array_equal(sheet[top : top + 6 : 3, left : left + 6 : 3, 0], [[0, 85], [170, 255]])


def test_signed_tiles_share_one_scale_with_zero_in_the_middle() -> None:
    sheet = tiled(np.array([[[-2.0, 0.0]], [[1.0, 2.0]]]), 1, signed=True)
    assert sheet[0, :2, 0].tolist() == [0, 128]
    assert sheet[3, :2, 0].tolist() == [191, 255]


@pytest.mark.parametrize("signed", [True, False])
def test_tiles_without_a_difference_are_drawn(signed: bool) -> None:
    assert tiled(np.zeros((1, 2, 2)), 4, signed=signed).shape == (2, 14, 4)
