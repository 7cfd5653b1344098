"""From picture to face: clipping by arithmetic, shrinking by averages, and refusal of what is no whole picture."""

from __future__ import annotations

import struct
import tracemalloc

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn.preprocess import Box, ExactBox, PictureError, crop, decode, read_face, reduction, to_face, to_grey

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


@pytest.mark.parametrize(
    "data",
    [
        b"P5 1000000 1000000 255\n" + bytes(100),
        b"\xff\xd8\xff\xc0\0\x11\x08\xff\xff\xff\xff\x03" + bytes(20) + b"\xff\xd9",
        encoded(".png")[:16] + b"\0\1\0\0\0\1\0\0" + encoded(".png")[24:],
    ],
)
def test_picture_with_too_many_pixels_is_refused_by_its_header(data: bytes) -> None:
    tracemalloc.start()
    with pytest.raises(PictureError, match=r"at most 100 megapixels \(got (1000000|65535|65536)x"):
        read_face(data)
    assert tracemalloc.get_traced_memory()[1] < 100_000
    tracemalloc.stop()


@pytest.mark.parametrize("share", [0.2, 0.9])
def test_truncated_png_is_refused(share: float) -> None:
    data = encoded(".png")
    with pytest.raises(PictureError, match="must be whole"):
        decode(data[: int(len(data) * share)])


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


def smooth_picture(width: int, height: int) -> np.ndarray:
    """Grain of several sizes, as in a photograph: what is finer than two pixels is weak."""
    rng = np.random.default_rng(3)
    picture = np.full((height, width), 128, np.float32)
    for cell in (2, 4, 8, 16, 32, 64):
        grain = rng.normal(0, 0.75 * cell, (height // cell + 2, width // cell + 2)).astype(np.float32)
        picture += cv2.resize(grain, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(picture, 0, 255).astype(np.uint8)


def jpeg(picture: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes()


def turned(data: bytes, orientation: int) -> bytes:
    """The JPEG with EXIF data that ask for a turn."""
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01" + struct.pack(">HHIHH", 0x0112, 3, 1, orientation, 0) + bytes(4)
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:]


@pytest.mark.parametrize(
    ("side", "factor"), [(48, 1), (191, 1), (192, 2), (383, 2), (384, 4), (767, 4), (768, 8), (1800, 8)]
)
def test_jpeg_is_reduced_while_the_face_keeps_twice_its_size(side: int, factor: int) -> None:
    start = b"\xff\xd8"
    assert reduction(start, (2000, 2000), (0, 10, side, side)) == factor
    assert reduction(start, (2000, 2000), (0, 10, 1900, side)) == factor
    assert reduction(start, (2000, 2000), (2000 - side, 10, 9999, 9999)) == factor
    assert reduction(start, (side, 2000), None) == factor


def test_only_jpeg_is_reduced() -> None:
    assert reduction(b"\x89PNG", (2000, 2000), None) == 1


@pytest.mark.parametrize("box", [(37, 21, 201, 195), (11, 80, 390, 400), (3, 5, 771, 901), (-50, -30, 500, 500), None])
def test_reduced_face_is_that_of_the_full_picture(box: Box | None) -> None:
    data = jpeg(smooth_picture(801, 907))
    assert reduction(data, (801, 907), box) > 1
    difference = read_face(data, box).astype(int) - to_face(decode(data), box)
    assert np.abs(difference).mean() < 0.75
    assert np.abs(difference).max() <= 4


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("box", [(30, 500, 290, 280), (20, 30, 100, 120)])
def test_box_is_in_the_upright_picture(orientation: int, box: tuple[int, int, int, int]) -> None:
    upright = smooth_picture(400, 801)
    turns = [None, 1, cv2.ROTATE_180, 0, None, cv2.ROTATE_90_COUNTERCLOCKWISE, None, cv2.ROTATE_90_CLOCKWISE]
    stored = upright
    if orientation in (2, 4):
        stored = cv2.flip(upright, turns[orientation - 1] or 0)
    elif orientation in (5, 7):
        stored = upright.T if orientation == 5 else cv2.flip(upright.T, -1)
    elif orientation > 1:
        stored = cv2.rotate(upright, turns[orientation - 1] or 0)
    face = read_face(turned(jpeg(stored), orientation), box)
    assert np.abs(face.astype(int) - to_face(upright, box)).mean() < 2


def test_edges_between_pixels() -> None:
    ramp = np.tile(np.arange(100, dtype=np.uint8) * 2, (100, 1))
    data = cv2.imencode(".png", ramp)[1].tobytes()
    face = read_face(data, (10.5, 20.25, 72, 72))
    expected = 2 * (10.5 + (np.arange(48) + 0.5) * 1.5 - 0.5)
    assert np.abs(face - expected).max() <= 1


@pytest.mark.parametrize("box", [(float("nan"), 0, 50, 50), (0, 0, float("inf"), 50), (0, 0, 50, float("nan"))])
@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_box_without_end_is_refused(box: ExactBox, suffix: str) -> None:
    data = cv2.imencode(suffix, smooth_picture(300, 300))[1].tobytes()
    with pytest.raises(PictureError, match="box must be finite"):
        read_face(data, box)
