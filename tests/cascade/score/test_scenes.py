"""Scenes in every format, with boxes that are marked to be ignored: neither misses nor false alarms."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from cascade.annotations import formats
from cascade.annotations.formats import FormatName
from cascade.annotations.records import Annotation
from cascade.errors import InputError
from cascade.evaluate import EvaluateCascadeParams, evaluate_cascade
from cascade.score.matching import operating_point
from cascade.score.scenes import printable, read_scenes, search

Draw = Callable[..., NDArray[np.uint8]]
SEEN, IGNORED, UNSEEN, NEVER = (10, 10, 48, 48), (100, 60, 64, 64), (150, 5, 30, 30), (20, 90, 40, 40)
PLACES = {"coco": "scenes.json", "voc": "voc", "dlib_xml": "scenes.xml"}


def found_in(cascade: Path, scenes: Path, format: FormatName | None = None) -> tuple[int, int, int]:
    """Hits, misses and false alarms."""
    params = EvaluateCascadeParams(annotation_format=format)
    searched = search(cascade, scenes, read_scenes(scenes, params, []), params)
    point = operating_point(searched.matched, params.min_neighbors)
    return point.hits, point.misses, point.false_alarms


@pytest.fixture
def picture(tmp_path: Path, draw_squares: Draw) -> Path:
    """Three objects can be found in it, at SEEN, IGNORED and UNSEEN."""
    cv2.imwrite(str(tmp_path / "a.png"), draw_squares(200, 150, [SEEN, IGNORED, UNSEEN]))
    return tmp_path / "a.png"


@pytest.mark.parametrize("format", PLACES)
def test_ignored_boxes_count_for_nothing_in_any_format(
    square_cascade: Path, picture: Path, tmp_path: Path, format: str
) -> None:
    def counts(name: str, boxes: list[Any], ignored: list[Any]) -> tuple[int, int, int]:
        place = tmp_path / name / PLACES[format]
        formats.write(place, [Annotation(picture, tuple(boxes), ignored=tuple(ignored))], format=format)
        return found_in(square_cascade, place)

    assert counts("none", [SEEN, NEVER], []) == (1, 1, 2)
    assert counts("both", [SEEN, NEVER], [IGNORED, UNSEEN, (60, 100, 30, 30)]) == (1, 1, 0)
    assert counts("crowd", [SEEN, NEVER], [(90, 0, 110, 150)]) == (1, 1, 0)
    assert counts("only", [], [SEEN, IGNORED, UNSEEN]) == (0, 0, 0)


def test_marks_as_their_owners_write_them(square_cascade: Path, picture: Path, tmp_path: Path) -> None:
    """Files by hand, not ours: COCO's ``iscrowd``, VOC's ``<difficult>``, dlib's ``ignore``."""
    box = dict(zip(("xmin", "ymin", "xmax", "ymax"), (101, 61, 164, 124), strict=True))
    sides = "".join(f"<{name}>{value}</{name}>" for name, value in box.items())
    seen = "<xmin>11</xmin><ymin>11</ymin><xmax>58</xmax><ymax>58</ymax>"
    voc = "".join(
        f"<object><name>face</name><difficult>{mark}</difficult><bndbox>{edges}</bndbox></object>"
        for mark, edges in (("0", seen), ("1", sides))
    )
    voc = f"<annotation><filename>a.png</filename>{voc}</annotation>"
    common = {"image_id": 1, "category_id": 1}
    coco = {
        "images": [{"id": 1, "file_name": "a.png"}],
        "categories": [{"id": 1, "name": "face"}],
        "annotations": [
            {"id": 1, "bbox": [10, 10, 48, 48], "iscrowd": 0, **common},
            {"id": 2, "bbox": [100, 60, 64, 64], "iscrowd": 1, **common},
        ],
    }
    dlib = (
        "<dataset><images><image file='a.png'><box top='10' left='10' width='48' height='48'/>"
        "<box top='60' left='100' width='64' height='64' ignore='1'/></image></images></dataset>"
    )
    files = {"a.xml": voc, "coco.json": json.dumps(coco), "dlib.xml": dlib}
    for name, text in files.items():
        place = tmp_path / name
        place.write_text(text)
        # What is left is the object that nobody told of.
        assert (name, found_in(square_cascade, place, "voc" if name == "a.xml" else None)) == (name, (1, 0, 1))
        place.unlink()


def test_one_label_of_two(square_cascade: Path, picture: Path, tmp_path: Path) -> None:
    """Objects of the other label are not there, so that finding them is a false alarm."""
    place = tmp_path / "coco.json"
    one = Annotation(picture, (SEEN, NEVER, IGNORED), labels=("face", "face", "bottle"))
    formats.write(place, [one], format="coco")
    with pytest.raises(InputError, match=r"boxes of 2 labels \(face: 2, bottle: 1\)"):
        evaluate_cascade(square_cascade, place, tmp_path / "out")
    score = evaluate_cascade(square_cascade, place, tmp_path / "out", EvaluateCascadeParams(label="face"))
    assert (score.faces, score.point.hits, score.point.false_alarms) == (2, 1, 2)


def test_names_and_labels_that_no_file_can_have(square_cascade: Path, picture: Path, tmp_path: Path) -> None:
    """JSON can write half of a surrogate pair and a NUL, which neither a path nor UTF-8 can hold."""
    names, label = ["a.png", "\ud800.png", "b\0.png", "../" * 40 + "none.png"], "fa\ud800ce"
    coco = {
        "images": [{"id": number, "file_name": name} for number, name in enumerate(names)],
        "categories": [{"id": 1, "name": label}],
        "annotations": [{"id": 1, "image_id": 0, "category_id": 1, "bbox": list(SEEN)}],
    }
    (tmp_path / "coco.json").write_text(json.dumps(coco))
    params = EvaluateCascadeParams(label=label)
    score = evaluate_cascade(square_cascade, tmp_path / "coco.json", tmp_path / "out", params)
    assert (score.scenes, score.point.hits, score.skipped) == (1, 1, 3)
    with (tmp_path / "out/skipped.csv").open(newline="", encoding="utf-8") as stream:
        rules = [row["rule"] for row in csv.DictReader(stream)]
    assert rules == ["broken image", "no file's name", "missing file"]
    assert "fa\ufffdce" in (tmp_path / "out/report.html").read_text(encoding="utf-8")


def test_what_cannot_be_shown_becomes_one_mark_a_letter() -> None:
    assert printable("a\udcff\ud800\u00e9\U0001f600") == "a\ufffd\ufffd\u00e9\U0001f600"
    assert printable("<plain>").encode() == b"<plain>"
