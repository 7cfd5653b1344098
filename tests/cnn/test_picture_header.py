"""Sizes from headers: as OpenCV decodes them, whatever the format, and nothing from half a header."""

from __future__ import annotations

import struct

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn.picture_header import picture_size

FORMATS = [
    (".jpg", []),
    (".jpg", [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]),
    (".jpg", [cv2.IMWRITE_JPEG_RST_INTERVAL, 2]),
    (".png", []),
    (".bmp", []),
    (".gif", []),
    (".ppm", []),
    (".tiff", []),
    (".webp", [cv2.IMWRITE_WEBP_QUALITY, 80]),
    (".webp", [cv2.IMWRITE_WEBP_QUALITY, 101]),
]


def encoded(suffix: str, options: list[int], width: int = 83, height: int = 59) -> bytes:
    picture = np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)
    return cv2.imencode(suffix, picture, options)[1].tobytes()


@pytest.mark.parametrize(("suffix", "options"), FORMATS)
def test_size_is_that_of_the_picture(suffix: str, options: list[int]) -> None:
    assert picture_size(encoded(suffix, options)) == (83, 59)


@pytest.mark.parametrize(("suffix", "options"), [(suffix, options) for suffix, options in FORMATS if suffix != ".ppm"])
def test_half_a_header_tells_nothing_or_the_same(suffix: str, options: list[int]) -> None:
    data = encoded(suffix, options)
    assert {picture_size(data[:length]) for length in range(min(len(data), 700))} <= {None, (83, 59)}


def test_size_comes_before_a_thumbnail_of_another_one() -> None:
    data = encoded(".jpg", [])
    thumbnail = encoded(".jpg", [], 16, 12)
    segment = b"\xff\xe1" + struct.pack(">H", len(thumbnail) + 2) + thumbnail
    assert picture_size(data[:2] + segment + b"\xff" + data[2:]) == (83, 59)


def test_extended_webp() -> None:
    header = b"RIFF\0\0\0\0WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + bytes([82, 0, 0, 58, 0, 0])
    assert picture_size(header) == (83, 59)


def test_bitmap_of_the_first_kind_and_one_from_the_top() -> None:
    assert picture_size(b"BM" + bytes(12) + struct.pack("<IHH", 12, 83, 59)) == (83, 59)
    assert picture_size(b"BM" + bytes(12) + struct.pack("<Iii", 40, 83, -59)) == (83, 59)


@pytest.mark.parametrize("order", ["<", ">"])
def test_tiff_in_both_byte_orders(order: str) -> None:
    mark = b"II*\0" if order == "<" else b"MM\0*"
    wide = struct.pack(f"{order}HHIHH", 256, 3, 1, 83, 0)
    high = struct.pack(f"{order}HHII", 257, 4, 1, 59)
    assert picture_size(mark + struct.pack(f"{order}IH", 8, 2) + wide + high) == (83, 59)


def test_of_a_tiff_with_two_widths_the_first_is_decoded() -> None:
    data = encoded(".tiff", [cv2.IMWRITE_TIFF_COMPRESSION, 1])
    start = struct.unpack_from("<I", data, 4)[0]
    (count,) = struct.unpack_from("<H", data, start)
    tags = [data[start + 2 + 12 * index :][:12] for index in range(count)]
    (place,) = (index for index, tag in enumerate(tags) if tag[:2] == struct.pack("<H", 256))
    tags.insert(place + 1, struct.pack("<HHII", 256, 4, 1, 7))
    twice = data[:4] + struct.pack("<I", len(data)) + data[8:]
    twice += struct.pack("<H", len(tags)) + b"".join(tags) + bytes(4)
    decoded = cv2.imdecode(np.frombuffer(twice, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert decoded is not None
    assert picture_size(twice) == decoded.shape[::-1] == (83, 59)


def test_comments_in_a_portable_map() -> None:
    assert picture_size(b"P6 # made by hand\n# 1 2\n83\n59 255\n") == (83, 59)


def test_tiff_with_a_size_of_no_known_kind() -> None:
    assert picture_size(b"II*\0" + struct.pack("<IHHHI", 8, 1, 256, 99, 1) + bytes(20)) is None


@given(st.binary(max_size=200), st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"BM", b"P5", b"II*\0"]))
def test_any_bytes_are_read_without_an_error(rest: bytes, start: bytes) -> None:
    size = picture_size(start + rest)
    assert size is None or all(isinstance(side, int) for side in size)


@pytest.mark.parametrize("data", [b"", b"text", b"%PDF-1.7", b"\0" * 100])
def test_other_files_have_no_size(data: bytes) -> None:
    assert picture_size(data) is None
