"""From picture to face: clipping by arithmetic, shrinking by averages, and refusal of what is no whole picture."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn.preprocess import PictureError, crop, decode, to_face, to_grey

PICTURE = np.random.default_rng(0).integers(0, 256, (60, 80)).astype(np.uint8)


def encoded(suffix: str) -> bytes:
    return cv2.imencode(suffix, PICTURE)[1].tobytes()


@pytest.mark.parametrize("suffix", [".png", ".bmp"])
def test_decode_is_exact_without_loss(suffix: str) -> None:
    assert np.array_equal(decode(encoded(suffix)), PICTURE)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.999])
def test_truncated_jpeg_is_refused(share: float) -> None:
    data = encoded(".jpg")
    with pytest.raises(PictureError, match=r"must (be whole|decode)"):
        decode(data[: int(len(data) * share)])


def test_jpeg_with_something_behind_its_end_is_read() -> None:
    assert decode(encoded(".jpg") + b"\0\0trailer").shape == (60, 80)


@pytest.mark.parametrize(("data", "rule"), [(b"", "empty"), (b"text", "must decode"), (b"\xff\xd8", "must decode")])
def test_no_picture_is_refused(data: bytes, rule: str) -> None:
    with pytest.raises(PictureError, match=rule):
        decode(data)


def test_more_pixels_than_opencv_takes_is_refused() -> None:
    header = b"P5 1000000 1000000 255\n"
    with pytest.raises(PictureError, match="must decode"):
        decode(header + bytes(100))


@given(st.integers(-200, 200), st.integers(-200, 200), st.integers(1, 300), st.integers(1, 300))
def test_crop_is_the_common_part(x: int, y: int, width: int, height: int) -> None:
    columns = [column for column in range(x, x + width) if 0 <= column < 80]
    rows = [row for row in range(y, y + height) if 0 <= row < 60]
    if rows and columns:
        assert np.array_equal(crop(PICTURE, (x, y, width, height)), PICTURE[np.ix_(rows, columns)])
    else:
        with pytest.raises(PictureError, match="box must touch its picture"):
            crop(PICTURE, (x, y, width, height))


@pytest.mark.parametrize("box", [(0, 0, 0, 5), (0, 0, 5, 0), (5, 5, -3, 4)])
def test_box_without_area_is_refused(box: tuple[int, int, int, int]) -> None:
    with pytest.raises(PictureError, match="box must be at least 1x1"):
        crop(PICTURE, box)


def test_shrinking_averages_areas() -> None:
    blocks = np.random.default_rng(1).integers(0, 64, (48, 48)).astype(np.uint8) * 4
    checkered = blocks.repeat(2, 0).repeat(2, 1)
    checkered[::2, ::2] += 2
    checkered[1::2, 1::2] -= np.minimum(checkered[1::2, 1::2], 2)
    difference = to_face(checkered).astype(int) - blocks
    assert np.abs(difference).max() <= 1


def test_face_of_the_right_size_is_untouched() -> None:
    assert np.array_equal(to_face(PICTURE, (3, 4, 48, 48)), PICTURE[4:52, 3:51])


@pytest.mark.parametrize("shape", [(1, 1), (7, 300), (48, 48, 1), (60, 80, 3), (60, 80, 4)])
def test_every_picture_becomes_a_face(shape: tuple[int, ...]) -> None:
    face = to_face(np.full(shape, 77, np.uint8))
    assert face.shape == (48, 48)
    assert (face == 77).all()


def test_grey_weighs_colors_as_opencv_orders_them() -> None:
    blue, green, red = (to_grey(np.eye(3, dtype=np.uint8)[[[channel]]] * 200)[0, 0] for channel in range(3))
    assert (blue, green, red) == (23, 117, 60)


@pytest.mark.parametrize("image", [np.zeros((4, 4)), np.zeros((4, 4, 2), np.uint8), np.zeros(4, np.uint8)])
def test_other_arrays_are_refused(image: np.ndarray) -> None:
    with pytest.raises(ValueError, match="`image` must"):
        to_grey(image)


def test_picture_without_pixels_is_refused() -> None:
    with pytest.raises(PictureError, match="must have pixels"):
        to_face(np.zeros((0, 5), np.uint8))
