"""CSV tables: headers that are guessed, rows that are broken, names with everything in them."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.annotations import csv_table
from cascade.annotations.records import UNLABELLED, Annotation, annotation_of
from cascade.errors import InputError

BOX = (10, 20, 30, 40)


def save(folder, text):
    path = folder / "t.csv"
    path.write_text(text)
    return path


HEADERS = {
    "filename,xmin,ymin,xmax,ymax,class\na.png,10,20,40,60,face\n": "face",
    "filename,width,height,class,xmin,ymin,xmax,ymax\na.png,640,480,face,10,20,40,60\n": "face",
    "path;x;y;width;height;label\na.png;10;20;30;40;face\n": "face",
    "Image_Name\tLeft\tTop\tW\tH\na.png\t9.6\t20.4\t30\t40\n": "",
    "subDirectory_filePath,face_x,face_y,face_width,face_height,expression\na.png,10,20,30,40,1\n": "",
    "\ufeffx1,y1,x2,y2,image\r\n10,20,40,60,a.png\r\n": "",
}


@pytest.mark.parametrize("text", HEADERS)
def test_known_headers(tmp_path, text):
    path = save(tmp_path, text)
    labels = (HEADERS[text],) if HEADERS[text] else ()
    assert csv_table.is_table(path)
    assert csv_table.read(path) == [Annotation(tmp_path / "a.png", (BOX,), 2, labels)]


@pytest.mark.parametrize("text", ["", "a.png,1,2,3,4,face\n", "path,x,y\na.png,1,2\n", "path,xmin,ymin,width,ymax\n"])
def test_other_headers_are_refused(tmp_path, text):
    path = save(tmp_path, text)
    assert not csv_table.is_table(path)
    with pytest.raises(InputError, match=r"t\.csv:1: the header must name the picture and its box"):
        csv_table.read(path)


def test_rows_of_a_picture_are_put_together_and_one_without_numbers_has_no_box(tmp_path):
    text = "path,x,y,width,height,ignored\nb.png,1,2,3,4,0\na.png,,,,,\nb.png,5,6,7,8,true\n"
    assert csv_table.read(save(tmp_path, text)) == [
        Annotation(tmp_path / "b.png", ((1, 2, 3, 4),), 2, ignored=((5, 6, 7, 8),)),
        Annotation(tmp_path / "a.png", (), 3),
    ]


BROKEN = [
    "a.png,1,2,3",
    "a.png,1,2,3,four,0",
    "a.png,1,2,,4,0",
    "a.png,1,2,3,inf,0",
    "a.png,1,2,3,4,maybe",
    ",1,2,3,4,0",
]


@pytest.mark.parametrize("row", BROKEN)
def test_a_broken_row_is_reported_and_the_others_are_read(tmp_path, row):
    path = save(tmp_path, f"path,x,y,width,height,ignored\n{row}\n\nb.png,1,2,3,4,0\n")
    problems = []
    assert [(item.picture.name, item.line) for item in csv_table.read(path, problems)] == [("b.png", 4)]
    assert [(skip.file, skip.line, skip.rule) for skip in problems] == [(str(path), 2, "broken row")]
    with pytest.raises(InputError, match=r"t\.csv:2: broken row"):
        csv_table.read(path)


def test_a_missing_file_and_an_endless_cell(tmp_path):
    with pytest.raises(InputError, match="cannot be read: No such file"):
        csv_table.read(tmp_path / "none.csv")
    with pytest.raises(InputError, match=r"is no CSV table \(field larger"):
        csv_table.read(save(tmp_path, f"path,x,y,width,height\n{'a' * 200_000},1,2,3,4\n"))


NAMES = st.binary(min_size=1, max_size=30).filter(lambda b: not set(b) & set(b"/\0\\") and b not in (b".", b".."))
BOXES = st.tuples(*[st.integers(-9999, 99999)] * 4)
OBJECTS = st.lists(st.tuples(BOXES, st.text(st.characters(codec="utf-8"), max_size=9).map(str.strip), st.booleans()))


@given(st.dictionaries(NAMES, OBJECTS, max_size=5))
def test_what_is_written_is_read_whatever_the_names(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("csv")
    items = [annotation_of(folder / os.fsdecode(name), objects) for name, objects in rows.items()]
    csv_table.write(folder / "t.csv", items)
    found = csv_table.read(folder / "t.csv")
    assert [(item.picture, list(item.objects())) for item in found] == [
        (item.picture, list(item.objects())) for item in items
    ]


def test_proposals_must_have_been_reviewed(tmp_path):
    head = "number,path,x,y,width,height,score,state\n1,a.png,1,2,3,4,0.5,accepted\n2,b.png,1,2,3,4,0.5,"
    with pytest.raises(InputError, match=r"t\.csv:3: proposals that nobody has reviewed.*annotations accept"):
        csv_table.read(save(tmp_path, head + "proposed\n"), [])
    assert [item.picture.name for item in csv_table.read(save(tmp_path, head + "dropped\n"))] == ["a.png"]


def test_no_label_is_made_up(tmp_path):
    csv_table.write(tmp_path / "t.csv", [Annotation(tmp_path / "a.png", (BOX,))])
    assert UNLABELLED not in (tmp_path / "t.csv").read_text()
