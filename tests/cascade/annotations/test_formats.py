"""One contract for all formats: every ordered pair keeps every box; the format is guessed; nothing is lost silently."""

from collections import Counter
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cascade.annotations import formats
from cascade.annotations.formats import FORMATS
from cascade.annotations.records import UNLABELLED, Annotation, annotation_of
from cascade.errors import InputError

BOXES = st.tuples(*[st.integers(-500, 2000)] * 4)
LABELS = st.sampled_from(["", "face", "a b, 'c' & <d>", "späße", "0"])
OBJECTS = st.lists(st.tuples(BOXES, LABELS, st.booleans()), max_size=4)
SCENES = st.lists(st.tuples(st.integers(0, 4), OBJECTS), min_size=1, max_size=5, unique_by=lambda scene: scene[0])


def contents(annotations):
    return {item.picture.resolve(): Counter(item.objects()) for item in annotations}


def after(name, annotations):
    """What a format should give back: without what it has no place for, with a label where it needs one."""
    one = FORMATS[name]

    def label(text):
        return (text or UNLABELLED if one.needs_label else text) if one.carries_labels else ""

    return [
        annotation_of(
            item.picture,
            [
                (box, label(text), ignored)
                for box, text, ignored in item.objects()
                if one.carries_ignored or not ignored
            ],
        )
        for item in annotations
    ]


@pytest.mark.parametrize(("first", "second"), list(permutations(FORMATS, 2)))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scenes=SCENES)
def test_every_box_of_every_picture_survives_from_any_format_to_any_other(
    tmp_path_factory, pictures, first, second, scenes
):
    folder = tmp_path_factory.mktemp("pair")
    items = [annotation_of(pictures[number], objects) for number, objects in scenes]
    problems = []
    formats.write(folder / "one", items, format=first, problems=problems)
    one = formats.read(folder / "one", format=first)
    formats.write(folder / "two", one, format=second, problems=problems)
    two = formats.read(folder / "two", format=second)
    assert contents(one) == contents(after(first, items))
    assert contents(two) == contents(after(second, after(first, items)))
    lost = sum(len(item.ignored) for item in items) - sum(len(item.ignored) for item in two)
    assert any(skip.rule == "ignored boxes lost" for skip in problems) == (lost > 0)


ITEMS = (((1, 2, 3, 4), "face", False), ((5, 6, 7, 8), "car", True))
ENDS = {"coco": ".json", "dlib_xml": ".xml", "csv_table": ".csv", "opencv_info": ".lst"}


@pytest.mark.parametrize("name", FORMATS)
def test_the_format_is_guessed_from_the_file_and_from_its_folder(tmp_path, pictures, name):
    path = tmp_path / f"info{ENDS.get(name, '')}"
    formats.write(path, [annotation_of(pictures[0], ITEMS)], format=name, problems=[])
    assert formats.guess(path) == name
    assert formats.read(path) == formats.read(path, format=name)
    if not FORMATS[name].is_folder:
        assert formats.guess(tmp_path) == name
        assert contents(formats.read(tmp_path)) == contents(formats.read(tmp_path, format=name))


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_says_what_it_has_no_place_for(tmp_path, pictures, name):
    one = FORMATS[name]
    problems = []
    formats.write(tmp_path / "a", [annotation_of(pictures[0], ITEMS)], format=name, problems=problems)
    lost = ({"labels lost"} if not one.carries_labels else set()) | (
        {"ignored boxes lost"} if not one.carries_ignored else set()
    )
    assert {skip.rule for skip in problems} == lost
    if lost:
        with pytest.raises(InputError, match=" lost "):
            formats.write(tmp_path / "b", [annotation_of(pictures[0], ITEMS)], format=name)
        assert not (tmp_path / "b").exists()


def test_plain_pictures_are_no_annotations(tmp_path, pictures):
    for name in ("a.png", "captions.csv", "notes.json", "a.txt", "other.xml"):
        (tmp_path / name).write_text("a man with a hat\n")
    assert formats.guess(tmp_path) is None
    with pytest.raises(InputError, match="holds no annotations in a known format"):
        formats.read(tmp_path)


def test_several_annotation_files_are_not_chosen_from(tmp_path):
    for name in ("a.csv", "b.csv"):
        formats.write(tmp_path / name, [Annotation(tmp_path / "a.png", ())], format="csv_table")
    with pytest.raises(InputError, match=r"holds several annotation files: a\.csv, b\.csv"):
        formats.guess(tmp_path)
    with pytest.raises(InputError, match=r"must hold one file of the format csv_table\. Got 2"):
        formats.read(tmp_path, format="csv_table")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("a.json", "not whole JSON"),
        ("a.xml", "not whole XML"),
        ("a.csv", "the header must name"),
        ("a.lst", "broken line"),
    ],
)
def test_a_file_that_looks_like_nothing_is_told_what_is_wrong(tmp_path, name, why):
    (tmp_path / name).write_text("text\n")
    with pytest.raises(InputError, match=why):
        formats.read(tmp_path / name)


def test_a_missing_file_and_an_unknown_format(tmp_path):
    with pytest.raises(InputError, match="no such file or folder"):
        formats.read(tmp_path / "none.json")
    with pytest.raises(InputError, match=r"`format` must be one of opencv_info, coco.*Got 'tfrecord'"):
        formats.write(tmp_path / "x", [], format="tfrecord")


def test_a_list_with_one_line_a_box_keeps_every_box_once(tmp_path: Path) -> None:
    info = tmp_path / "info.lst"
    info.write_text("a.png 1 0 0 9 9\nb.png 0\na.png 1 20 0 9 9\na.png 2 0 0 9 9 40 0 9 9\n", encoding="ascii")
    first, second = formats.read(info)
    assert (first.picture.name, first.line) == ("a.png", 1)
    assert first.boxes == ((0, 0, 9, 9), (20, 0, 9, 9), (40, 0, 9, 9))
    assert (second.picture.name, second.boxes) == ("b.png", ())
