"""Where pictures are looked for, what new files are called, and sizes read from headers."""

import os
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest

from cascade.annotations.places import (
    check_new_folder,
    exif_orientation,
    find_picture,
    measure,
    own_names,
    relative_name,
)
from cascade.errors import InputError
from cascade.pictures import PictureError, load_grey


def test_the_first_folder_with_the_file_wins_and_the_first_is_named_where_none_has_it(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    (two / "sub").mkdir(parents=True)
    (two / "sub/a.png").write_bytes(b"x")
    assert find_picture([one, two], "sub/a.png") == two / "sub/a.png"
    assert find_picture([one, two], "sub\\a.png") == two / "sub/a.png"
    assert find_picture([one, two], "sub/a") == two / "sub/a.png"
    assert find_picture([one, two], "b.png") == one / "b.png"
    assert find_picture([one], str(two / "sub/a.png")) == two / "sub/a.png"


@pytest.mark.parametrize("name", ["", "a\0.png"])
def test_names_that_no_file_can_have(tmp_path, name):
    with pytest.raises(ValueError, match="must not be empty and must not hold a zero byte"):
        find_picture([tmp_path], name)


def test_relative_names_are_right_below_a_symbolic_link(tmp_path):
    (tmp_path / "deep/er").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "deep/er")
    (tmp_path / "a.png").write_bytes(b"x")
    name = relative_name(tmp_path / "link", tmp_path / "a.png")
    assert name == "../../a.png"
    assert (tmp_path / "link" / name).is_file()


def test_names_are_given_once_whatever_the_case():
    paths = [Path(name) for name in ("x/a.png", "y/A.jpg", "a_2.png", "z/a.bmp", "..hidden.png")]
    assert list(own_names(paths)) == ["a", "A_2", "a_2_2", "a_3", "hidden"]


def exif(order: str, tag: int, value: int) -> bytes:
    mark = b"II" if order == "<" else b"MM"
    entry = struct.pack(f"{order}HHIHH", tag, 3, 1, value, 0)
    return b"Exif\0\0" + mark + struct.pack(f"{order}HI", 42, 8) + struct.pack(f"{order}H", 1) + entry


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("value", range(1, 9))
def test_a_turned_jpeg_is_measured_as_it_is_decoded(tmp_path, order, value):
    data = cv2.imencode(".jpg", np.zeros((20, 30), np.uint8))[1].tobytes()
    body = exif(order, 0x0112, value) + b"\0\0\0\0"
    path = tmp_path / "a.jpg"
    path.write_bytes(data[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[2:])
    assert exif_orientation(path.read_bytes()) == value
    assert measure(path) == load_grey(path).shape[::-1] == ((30, 20) if value < 5 else (20, 30))


def test_broken_exif_data_turn_nothing():
    start = b"\xff\xd8\xff\xe1  "
    for data in (exif("<", 0x0112, 9), exif("<", 0x0111, 6), exif(">", 0x0112, 6)[:20], b"Exif\0\0II", b""):
        assert exif_orientation(start + data) == 1


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".pgm", ".tiff", ".webp"])
def test_every_kind_of_picture_is_measured(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    assert cv2.imwrite(str(path), np.zeros((11, 17), np.uint8))
    assert measure(path) == (17, 11)


def test_a_missing_picture_and_another_file(tmp_path):
    with pytest.raises(PictureError, match="missing file"):
        measure(tmp_path / "none.png")
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(PictureError, match="missing file"):
        measure(tmp_path / "pipe.png")
    (tmp_path / "a.png").write_bytes(b"text")
    with pytest.raises(PictureError, match="not decodable"):
        measure(tmp_path / "a.png")


def test_a_folder_with_something_in_it_is_not_written_to(tmp_path):
    check_new_folder(tmp_path)
    check_new_folder(tmp_path / "new")
    (tmp_path / "mine").write_bytes(b"x")
    with pytest.raises(InputError, match="is there already and is not touched"):
        check_new_folder(tmp_path)
