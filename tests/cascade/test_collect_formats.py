"""Positives from annotations of every format: labels chosen, ignored boxes left out, proposals refused."""

import json

import cv2
import numpy as np
import pytest

from cascade.annotations import formats
from cascade.annotations.formats import FORMATS
from cascade.annotations.records import Annotation
from cascade.collect import CollectParams, collect
from cascade.errors import InputError

FACE, CAR, CROWD = (2, 3, 20, 21), (30, 5, 24, 24), (10, 10, 30, 22)


@pytest.fixture
def raw(tmp_path):
    rng = np.random.default_rng(0)
    for name in ("pictures/a.png", "pictures/b.png", "pictures/c.png", "neg/0.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        assert cv2.imwrite(str(tmp_path / name), rng.integers(0, 256, (40, 60)).astype(np.uint8))
    return tmp_path


def annotations(raw):
    return [
        Annotation(raw / "pictures/a.png", (FACE, CAR), 0, ("face", "car"), (CROWD,), ("face",)),
        Annotation(raw / "pictures/b.png", (), 0, (), (CROWD,), ("face",)),
        Annotation(raw / "pictures/c.png", (CAR,), 0, ("car",)),
    ]


def boxes(out):
    return json.loads((out / "boxes.json").read_text())


@pytest.mark.parametrize("name", FORMATS)
def test_boxes_come_from_any_format_and_ignored_ones_are_only_counted(raw, name):
    given = raw / {"opencv_info": "x.lst", "coco": "x.json", "dlib_xml": "x.xml", "csv_table": "x.csv"}.get(name, "x")
    formats.write(given, annotations(raw), format=name, problems=[])
    params = CollectParams(label="car,face" if FORMATS[name].carries_labels else None)
    collected = collect(given, raw / "neg", raw / "out", params)
    assert boxes(raw / "out") == {"positives/000000.png": [list(FACE), list(CAR)], "positives/000001.png": [list(CAR)]}
    assert collected.ignored == (2 if FORMATS[name].carries_ignored else 0)
    assert collected.skipped == {"only ignored boxes" if FORMATS[name].carries_ignored else "no box": 1}
    assert json.loads((raw / "out/report.json").read_text())["ignored"] == collected.ignored


def test_only_the_chosen_label_counts(raw):
    formats.write(raw / "given.json", annotations(raw), format="coco")
    collected = collect(raw / "given.json", raw / "neg", raw / "out", CollectParams(label="face"))
    assert boxes(raw / "out") == {"positives/000000.png": [list(FACE)]}
    assert collected.skipped == {"only ignored boxes": 1, "no box": 1}


def test_labels_are_never_mixed_silently(raw):
    formats.write(raw / "given.json", annotations(raw), format="coco")
    with pytest.raises(InputError, match=r"boxes of 2 labels \(car: 2, face: 1\)\. Choose with `label`"):
        collect(raw / "given.json", raw / "neg", raw / "out")
    with pytest.raises(InputError, match="folder of plain pictures"):
        collect(raw / "pictures", raw / "neg", raw / "out", CollectParams(label="face"))


def test_a_skip_names_the_file_that_the_box_is_in(raw):
    formats.write(raw / "voc", [Annotation(raw / "pictures/a.png", (FACE, (50, 0, 20, 20)))], format="voc")
    collect(raw / "voc", raw / "neg", raw / "out")
    text = (raw / "out/skipped.csv").read_text()
    assert "voc/Annotations/a.xml" in text
    assert "a.png: (50, 0, 20, 20)" in text


def test_a_broken_annotation_is_reported_with_the_rest(raw):
    (raw / "given.csv").write_text("path,x,y,width,height\npictures/a.png,2,3,20,21\npictures/b.png,x,3,20,21\n")
    assert collect(raw / "given.csv", raw / "neg", raw / "out").skipped == {"broken row": 1}


def test_missing_and_empty_annotations(raw):
    with pytest.raises(InputError, match="cannot be read"):
        collect(raw / "none.json", raw / "neg", raw / "out")
    (raw / "given.csv").write_text("path,x,y,width,height\nbroken\n")
    with pytest.raises(InputError, match=r"names no picture\. The first problem: .*given\.csv:2"):
        collect(raw / "given.csv", raw / "neg", raw / "out")
