"""Decoding: every format, cut-off and hostile files, and folders."""

import struct

import cv2
import numpy as np
import pytest

from cascade.errors import InputError
from cascade.pictures import SUFFIXES, PictureError, check_output, list_files, load_grey, read_size


@pytest.fixture
def picture():
    return np.random.default_rng(1).integers(0, 256, (33, 47, 3)).astype(np.uint8)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_format_is_decoded_to_grey(tmp_path, picture, suffix):
    image = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY) if suffix == ".pgm" else picture
    (tmp_path / f"pictüre 1{suffix}").write_bytes(cv2.imencode(suffix, image)[1].tobytes())
    grey = load_grey(tmp_path / f"pictüre 1{suffix}")
    assert (grey.shape, grey.dtype) == ((33, 47), np.uint8)
    assert grey.std() > 20


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".pgm", ".ppm"])
def test_the_header_tells_the_size(picture, suffix):
    image = picture[..., 0] if suffix == ".pgm" else picture
    assert read_size(cv2.imencode(suffix, image)[1].tobytes()) == (47, 33)


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xd8", b"\xff\xd8\xff\xc0\x00", b"\x89PNG\r\n\x1a\n", b"BM", b"P5 x", b"P"]
)
def test_a_header_that_ends_early_tells_nothing(data):
    assert read_size(data) is None


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("share", [0.02, 0.5, 0.98])
def test_a_cut_off_picture_is_refused(tmp_path, picture, suffix, share):
    image = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY) if suffix == ".pgm" else picture
    data = cv2.imencode(suffix, image)[1].tobytes()
    (tmp_path / f"a{suffix}").write_bytes(data[: int(len(data) * share)])
    with pytest.raises(PictureError, match=r"cut off|not decodable"):
        load_grey(tmp_path / f"a{suffix}")


def test_a_monster_is_refused_before_it_is_decoded(tmp_path):
    header = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + struct.pack(">II", 60_000, 60_000)
    (tmp_path / "a.png").write_bytes(header + b"\x08\0\0\0\0" + b"IEND")
    with pytest.raises(PictureError, match=r"too large \(got 60000x60000 pixels\)\. The limit is 100 megapixels"):
        load_grey(tmp_path / "a.png")


def test_the_limit_holds_without_a_header_too(tmp_path, picture):
    cv2.imwrite(str(tmp_path / "a.webp"), picture)
    with pytest.raises(PictureError, match="too large"):
        load_grey(tmp_path / "a.webp", max_pixels=33 * 47 - 1)
    assert load_grey(tmp_path / "a.webp", max_pixels=33 * 47).shape == (33, 47)


def test_missing_empty_and_folder(tmp_path):
    with pytest.raises(PictureError, match="missing file"):
        load_grey(tmp_path / "a.png")
    (tmp_path / "a.png").touch()
    with pytest.raises(PictureError, match="empty file"):
        load_grey(tmp_path / "a.png")
    with pytest.raises(PictureError, match="empty file"):
        load_grey(tmp_path)


def test_a_folder_is_listed_in_order_with_its_folders(tmp_path):
    for name in ("b.PNG", "a/z.jpg", "c.jpeg", ".hidden.png", ".git/x.png", "note.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    pictures, others = list_files(tmp_path)
    assert [str(path.relative_to(tmp_path)) for path in pictures] == ["a/z.jpg", "b.PNG", "c.jpeg"]
    assert [path.name for path in others] == ["note.txt"]


def test_folders_that_hold_nothing(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        list_files(tmp_path / "none")
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="is not a folder"):
        list_files(tmp_path / "file")
    with pytest.raises(InputError, match=r"holds no picture \(1 other files\)"):
        list_files(tmp_path)


def test_an_output_that_would_destroy_something_is_refused(tmp_path):
    source = tmp_path / "raw"
    source.mkdir()
    for out in (source, tmp_path, source / "deeper"):
        with pytest.raises(InputError, match="apart from its input"):
            check_output(out, source)
    own = tmp_path / "own"
    own.mkdir()
    check_output(own, source)
    (own / "diary.txt").touch()
    with pytest.raises(InputError, match="files that no step wrote"):
        check_output(own, source)
    (own / "report.json").touch()
    check_output(own, source)
