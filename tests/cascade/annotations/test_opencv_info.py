"""Info and background files: round trips over the grammar, and every way a line can be broken."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.annotations import opencv_info
from cascade.annotations.opencv_info import Annotation
from cascade.errors import InputError

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\0 \t\n\v\f\r"), min_size=1, max_size=40).filter(
    lambda name: name not in (".", "..") and len(os.fsencode(name)) < 200
)
BOXES = st.lists(st.tuples(*[st.integers(-9999, 99999)] * 4), max_size=4).map(tuple)


def write_bytes(folder: Path, data: bytes) -> Path:
    path = folder / "info.lst"
    path.write_bytes(data)
    return path


@given(st.lists(st.tuples(NAMES, BOXES), max_size=6))
def test_what_is_written_is_read(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("info")
    written = [Annotation(folder / "pictures" / name, boxes) for name, boxes in rows]
    opencv_info.write(folder / "info.lst", written)
    read = opencv_info.read(folder / "info.lst")
    assert [(item.picture, item.boxes) for item in read] == [(item.picture, item.boxes) for item in written]
    assert [item.line for item in read] == list(range(1, len(rows) + 1))


def test_windows_line_ends_a_byte_order_mark_and_empty_lines(tmp_path):
    path = write_bytes(tmp_path, b"\xef\xbb\xbfa.png 1 1 2 3 4\r\n\r\nsub/b.png\t2  5 6 7 8   9 10 11 12\r\nc.png 0")
    found = opencv_info.read(path)
    assert found == [
        Annotation(tmp_path / "a.png", ((1, 2, 3, 4),), 1),
        Annotation(tmp_path / "sub/b.png", ((5, 6, 7, 8), (9, 10, 11, 12)), 3),
        Annotation(tmp_path / "c.png", (), 4),
    ]


BROKEN = [
    (b"a.png", "broken line"),
    (b"a.png one 1 2 3 4", "broken line"),
    (b"a.png 1 1.5 2 3 4", "broken line"),
    (b"a.png -1", "broken line"),
    (b"a.png 1 1 2 3 99999999999999", "broken line"),
    (b"a.png 1 1 2 3", "wrong number of boxes"),
    (b"a.png 1 1 2 3 4 5", "wrong number of boxes"),
    (b"a.png 2 1 2 3 4", "wrong number of boxes"),
    (b"my face.png 1 1 2 3 4", "picture name with a space"),
    (b"Copy 2 of face.png 1 1 2 3 4", "picture name with a space"),
]


@pytest.mark.parametrize(("line", "rule"), BROKEN)
def test_a_broken_line_is_reported_and_the_others_are_read(tmp_path, line, rule):
    path = write_bytes(tmp_path, b"good.png 1 0 0 5 5\n" + line + b"\nalso.png 0\n")
    problems = []
    found = opencv_info.read(path, problems)
    assert [item.picture.name for item in found] == ["good.png", "also.png"]
    assert [(skip.file, skip.line, skip.rule) for skip in problems] == [(str(path), 2, rule)]


@pytest.mark.parametrize(("line", "rule"), BROKEN)
def test_a_broken_line_is_an_error_when_nobody_collects_problems(tmp_path, line, rule):
    path = write_bytes(tmp_path, b"good.png 1 0 0 5 5\n" + line)
    with pytest.raises(InputError, match=f"info.lst:2: {rule}"):
        opencv_info.read(path)


def test_a_missing_file_and_a_binary_one(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.lst cannot be read: No such file"):
        opencv_info.read(tmp_path / "nowhere.lst")
    path = write_bytes(tmp_path, b"\x89PNG\0\0")
    with pytest.raises(InputError, match="not a text file"):
        opencv_info.read(path)


def test_a_name_that_is_not_utf8_comes_back_as_the_file_system_has_it(tmp_path):
    path = write_bytes(tmp_path, b"caf\xe9.png 0\n")
    assert os.fsencode(opencv_info.read(path)[0].picture.name) == b"caf\xe9.png"


def test_a_name_with_a_space_is_refused_and_the_old_file_stays(tmp_path):
    path = write_bytes(tmp_path, b"old.png 0\n")
    with pytest.raises(InputError, match=r"picture name with a space \(got 'my face\.png'\)"):
        opencv_info.write(path, [Annotation(tmp_path / "a.png", ()), Annotation(tmp_path / "my face.png", ())])
    assert path.read_bytes() == b"old.png 0\n"
    assert os.listdir(tmp_path) == ["info.lst"]


def test_names_are_relative_to_the_file(tmp_path):
    opencv_info.write(tmp_path / "lists/info.lst", [Annotation(tmp_path / "pictures/a.png", ((1, 2, 3, 4),))])
    assert (tmp_path / "lists/info.lst").read_text() == "../pictures/a.png 1 1 2 3 4\n"


def test_background_round_trip_with_spaces_inside_names(tmp_path):
    pictures = [tmp_path / "n" / name for name in ("a.png", "two words.png", "ü.png")]
    opencv_info.write_background(tmp_path / "bg.txt", pictures)
    assert opencv_info.read_background(tmp_path / "bg.txt") == pictures


def test_background_comments_and_trailing_blanks(tmp_path):
    (tmp_path / "bg.txt").write_bytes(b"# ours\r\na.png  \r\nb.png\r\n\r\n\n")
    assert opencv_info.read_background(tmp_path / "bg.txt") == [tmp_path / "a.png", tmp_path / "b.png"]


def test_an_empty_line_in_a_background_file_would_hide_the_rest(tmp_path):
    (tmp_path / "bg.txt").write_bytes(b"a.png\n\nb.png\n")
    with pytest.raises(InputError, match=r"bg\.txt:2: empty line .* stops reading here"):
        opencv_info.read_background(tmp_path / "bg.txt")
    problems = []
    assert len(opencv_info.read_background(tmp_path / "bg.txt", problems)) == 2
    assert [skip.line for skip in problems] == [2]


@pytest.mark.parametrize("name", ["#1.png", "a.png ", "a\nb.png"])
def test_background_names_that_the_format_cannot_carry(tmp_path, name):
    with pytest.raises(InputError, match="a background file cannot name"):
        opencv_info.write_background(tmp_path / "bg.txt", [tmp_path / name])
