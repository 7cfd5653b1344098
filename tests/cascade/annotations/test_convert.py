"""Conversion as the command does it: what is written, what is reported, what is refused."""

import csv
import json

import pytest

from cascade.annotations import formats
from cascade.annotations.convert import ConvertParams, convert, join
from cascade.annotations.records import Annotation
from cascade.errors import InputError


@pytest.fixture
def source(tmp_path, pictures):
    items = [
        Annotation(pictures[0], ((1, 2, 30, 40), (5, 6, 70, 80)), labels=("face", "car"), ignored=((9, 9, 9, 9),)),
        Annotation(pictures[1], ((0, 0, 7, 9),)),
    ]
    formats.write(tmp_path / "source.csv", items, format="csv_table")
    return tmp_path / "source.csv"


def test_a_file_with_what_was_lost_beside_it(source, tmp_path):
    converted = convert(source, tmp_path / "new/info.lst", ConvertParams(format="opencv_info"))
    assert (converted.pictures, converted.boxes, converted.ignored) == (2, 3, 0)
    assert converted.skipped == {"labels lost": 1, "ignored boxes lost": 1}
    with (tmp_path / "new/info.lst.skipped.csv").open(newline="") as stream:
        assert [row["rule"] for row in csv.DictReader(stream)] == ["labels lost", "ignored boxes lost"]
    convert(source, tmp_path / "new/info.lst", ConvertParams(format="coco", overwrite=True))
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["info.lst"]


@pytest.mark.parametrize("format", ["voc", "yolo"])
def test_a_folder_that_only_a_conversion_replaces(source, tmp_path, format):
    for _ in range(2):
        convert(source, tmp_path / "out", ConvertParams(format=format, unlabelled="thing"))
    assert {label for item in formats.read(tmp_path / "out") for label in item.labels} == {"face", "car", "thing"}
    counts = json.loads((tmp_path / "out/report.json").read_text())
    assert (counts["pictures"], counts["boxes"]) == (2, 3)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/a.xml").write_text("x")
    with pytest.raises(InputError, match="holds files that no step wrote"):
        convert(source, tmp_path / "mine", ConvertParams(format=format, overwrite=True))
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["a.xml"]


def test_only_the_chosen_label(source, tmp_path):
    converted = convert(source, tmp_path / "c.json", ConvertParams(label="face"))
    assert (converted.pictures, converted.boxes, converted.ignored) == (2, 1, 1)
    with pytest.raises(InputError, match="must name labels that"):
        convert(source, tmp_path / "d.json", ConvertParams(label="dog"))


def test_files_that_are_there_are_kept(source, tmp_path):
    (tmp_path / "mine.json").write_text("x")
    with pytest.raises(InputError, match="is there already"):
        convert(source, tmp_path / "mine.json")
    with pytest.raises(InputError, match="must not be the source itself"):
        convert(source, source, ConvertParams(overwrite=True))
    assert (tmp_path / "mine.json").read_text() == "x"


def test_a_source_without_a_picture_says_why(tmp_path):
    (tmp_path / "a.lst").write_text("a.png 1 2\n")
    with pytest.raises(InputError, match=r"names no picture that can be used\. The first problem: .*a\.lst:1"):
        convert(tmp_path / "a.lst", tmp_path / "b.json")


def test_broken_rows_are_reported_and_progress_ends_at_the_total(source, tmp_path):
    with source.open("a") as stream:
        stream.write("broken\n")
    seen = []
    assert convert(source, tmp_path / "c.json", report=seen.append).skipped == {"broken row": 1}
    assert (seen[-1].message, seen[-1].done, seen[-1].total) == ("3 boxes in 2 pictures", 2, 2)


def test_several_lists_become_one_with_the_boxes_of_all(source, tmp_path, pictures):
    formats.write(tmp_path / "more.lst", [Annotation(pictures[1], ((0, 0, 7, 9), (2, 2, 5, 5)))], format="opencv_info")
    out = tmp_path / "all.csv"
    converted = join([source, tmp_path / "more.lst"], out, ConvertParams(format="csv_table", unlabelled="face"))
    assert (converted.pictures, converted.boxes, converted.ignored) == (2, 4, 1)
    joined = {item.picture.name: item for item in formats.read(out)}
    assert joined[pictures[1].name].boxes == ((0, 0, 7, 9), (2, 2, 5, 5))
    assert joined[pictures[0].name].labels == ("face", "car")
    with pytest.raises(InputError, match="must not be the source itself"):
        join([source, out], out, ConvertParams(format="csv_table", overwrite=True))


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("a.lst", "opencv_info"),
        ("a.TXT", "opencv_info"),
        ("a.json", "coco"),
        ("a.xml", "dlib_xml"),
        ("a.csv", "csv_table"),
    ],
)
def test_the_ending_tells_the_format(source, tmp_path, name, format):
    assert convert(source, tmp_path / name).format == format == formats.guess(tmp_path / name)


def test_without_a_known_ending_the_format_must_be_given(source, tmp_path):
    with pytest.raises(InputError, match=r"`format` must be given where `out` does not end with \.lst, .* Got .*boxes"):
        convert(source, tmp_path / "boxes")
