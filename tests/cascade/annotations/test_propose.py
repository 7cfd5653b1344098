"""Proposals by a cascade and by dlib: what is found, how it is marked, and that no step takes it unreviewed."""

import csv
import json

import cv2
import dlib
import numpy as np
import pytest

from cascade.annotations import dlib_xml
from cascade.annotations.propose import ProposeParams, propose
from cascade.annotations.records import Annotation
from cascade.collect import collect
from cascade.detect import Detector, DetectParams
from cascade.errors import InputError
from cascade.pictures import load_grey


@pytest.fixture
def pictures(tmp_path, draw_squares):
    (tmp_path / "in/sub").mkdir(parents=True)
    for name, boxes in {"a": [(10, 10, 48, 48), (90, 40, 36, 36)], "sub/b": [(60, 20, 60, 60)], "empty": []}.items():
        assert cv2.imwrite(str(tmp_path / f"in/{name}.png"), draw_squares(150, 100, boxes))
    (tmp_path / "in/broken.png").write_bytes(b"no picture")
    return tmp_path / "in"


def rows(out):
    with (out / "proposals.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_cascades_finds_are_numbered_by_score(pictures, square_cascade, tmp_path):
    proposals = propose(pictures, tmp_path / "out", cascade=square_cascade)
    found = rows(tmp_path / "out")
    wanted = {}
    for name in ("a.png", "sub/b.png"):
        boxes, scores = Detector(square_cascade, DetectParams()).detect(load_grey(pictures / name))
        wanted |= {(name, *box): score for box, score in zip(boxes.tolist(), scores.tolist(), strict=True)}
    boxes = {
        (row["path"].removeprefix("../in/"), *(int(row[k]) for k in ("x", "y", "width", "height"))): float(row["score"])
        for row in found
    }
    assert boxes == wanted
    assert [int(row["number"]) for row in found] == list(range(1, len(wanted) + 1))
    assert [row["score"] for row in found] == sorted((row["score"] for row in found), key=float, reverse=True)
    assert {row["state"] for row in found} == {"proposed"}
    assert (proposals.pictures, proposals.with_proposals, proposals.proposals) == (3, 2, len(wanted))
    assert proposals.skipped == {"not decodable": 1}


def test_the_card_says_what_they_are_and_what_made_them(pictures, square_cascade, tmp_path):
    params = ProposeParams(min_score=2, min_neighbors=1)
    propose(pictures, tmp_path / "out", params, cascade=square_cascade)
    card = json.loads((tmp_path / "out/proposals.json").read_text())
    assert (card["kind"], card["reviewed"], card["proposed_by"]) == ("proposals", False, "cascade cascade.xml")
    assert "PROPOSALS of a detector, not annotations" in card["warning"]
    assert card["parameters"] == params.as_dict()
    assert len(card["cascade_sha256"]) == 64
    assert cv2.imread(str(tmp_path / "out/sheet_001.png")).shape == (226, 1290, 3)


def test_limits_of_score_and_size(pictures, square_cascade, tmp_path):
    propose(pictures, tmp_path / "out", cascade=square_cascade)
    scores = [float(row["score"]) for row in rows(tmp_path / "out")]
    propose(pictures, tmp_path / "out", ProposeParams(min_score=scores[0]), cascade=square_cascade)
    assert [float(row["score"]) for row in rows(tmp_path / "out")] == [s for s in scores if s == scores[0]]
    propose(pictures, tmp_path / "out", ProposeParams(min_size=60), cascade=square_cascade)
    sides = [min(int(row["width"]), int(row["height"])) for row in rows(tmp_path / "out")]
    assert len(sides) < len(scores)
    assert min(sides) >= 60


def test_unreviewed_proposals_are_no_positives(pictures, square_cascade, tmp_path):
    propose(pictures, tmp_path / "out", cascade=square_cascade)
    for given in (tmp_path / "out", tmp_path / "out/proposals.csv"):
        with pytest.raises(InputError, match=r"proposals that nobody has reviewed\. .*annotations accept"):
            collect(given, pictures, tmp_path / "collected")
    assert not (tmp_path / "collected").exists()


def test_progress_and_files_of_others(pictures, square_cascade, tmp_path):
    seen = []
    propose(pictures, tmp_path / "out", cascade=square_cascade, report=seen.append)
    assert ("contact sheets drawn", 1, 1) in [(one.message, one.done, one.total) for one in seen]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/x").write_text("x")
    with pytest.raises(InputError, match="holds files that no step wrote"):
        propose(pictures, tmp_path / "mine", cascade=square_cascade)
    with pytest.raises(InputError, match="No cascade at"):
        propose(pictures, tmp_path / "new", cascade=tmp_path / "none.xml")


def draw_face(width, height, x, y):
    """A face that dlib takes for one, about 80 pixels wide, its middle at (x, y)."""
    image = np.full((height, width), 150, np.uint8)
    cv2.ellipse(image, (x, y), (36, 46), 0, 0, 360, 215, -1)
    for eye in (x - 14, x + 14):
        cv2.ellipse(image, (eye, y - 10), (8, 4), 0, 0, 360, 60, -1)
        cv2.line(image, (eye - 9, y - 20), (eye + 9, y - 20), 90, 3)
    cv2.line(image, (x, y - 8), (x - 3, y + 8), 170, 2)
    cv2.line(image, (x - 6, y + 10), (x + 6, y + 10), 130, 2)
    cv2.ellipse(image, (x, y + 24), (14, 4), 0, 0, 360, 100, -1)
    return cv2.GaussianBlur(image, (0, 0), 1.5)


def test_dlibs_boxes_are_its_own_cut_at_the_edge(tmp_path):
    (tmp_path / "in").mkdir()
    image = draw_face(160, 90, 80, 50)
    assert cv2.imwrite(str(tmp_path / "in/face.png"), image)
    proposals = propose(tmp_path / "in", tmp_path / "out", ProposeParams(min_score=-1))
    rectangles, scores, _ = dlib.get_frontal_face_detector().run(image, 1, -1.0)
    wanted = [(max(r.left(), 0), max(r.top(), 0), min(r.right() + 1, 160), min(r.bottom() + 1, 90)) for r in rectangles]
    found = rows(tmp_path / "out")
    assert found[0]["score"] == f"{scores[0]:.3f}"
    assert proposals.proposed_by == f"dlib {dlib.__version__} frontal face detector"
    ends = [[int(row[k]) for k in ("x", "y", "width", "height")] for row in found]
    assert [(x, y, x + w, y + h) for x, y, w, h in ends] == wanted
    assert abs((wanted[0][0] + wanted[0][2]) / 2 - 80) < 12


def test_dlib_itself_reads_what_we_write_and_respects_ignored_boxes(tmp_path):
    image, detector = draw_face(200, 140, 100, 70), dlib.get_frontal_face_detector()
    assert cv2.imwrite(str(tmp_path / "face.png"), image)
    detector.save(str(tmp_path / "faces.svm"))
    (found,) = detector(image)
    box = (found.left(), found.top(), found.width(), found.height())
    for name, boxes, ignored, recall in (("right", (box,), (), 1.0), ("wrong", ((0, 0, 40, 40),), (box,), 0.0)):
        dlib_xml.write(tmp_path / f"{name}.xml", [Annotation(tmp_path / "face.png", boxes, ignored=ignored)])
        result = dlib.test_simple_object_detector(str(tmp_path / f"{name}.xml"), str(tmp_path / "faces.svm"))
        # An ignored find is no false alarm: without one, dlib's precision is 1.
        assert (result.recall, result.precision) == (recall, 1.0)


def test_nothing_found_and_pictures_too_large_to_enlarge(tmp_path):
    (tmp_path / "in").mkdir()
    assert cv2.imwrite(str(tmp_path / "in/a.png"), np.zeros((100, 100), np.uint8))
    with pytest.raises(InputError, match=r"dlib .* found nothing in 1 pictures of .*in \(none skipped\)"):
        propose(tmp_path / "in", tmp_path / "out")
    with pytest.raises(InputError, match=r"\(too large: 1\)"):
        propose(tmp_path / "in", tmp_path / "out", ProposeParams(max_megapixels=0.03, upsample=1))


def test_at_most_so_many_a_picture_and_the_best_of_them(pictures, square_cascade, tmp_path):
    propose(pictures, tmp_path / "all", cascade=square_cascade)
    propose(pictures, tmp_path / "best", ProposeParams(most=1), cascade=square_cascade)
    every, best = rows(tmp_path / "all"), rows(tmp_path / "best")
    for name in {row["path"] for row in every}:
        scores = [row["score"] for row in every if row["path"] == name]
        assert [row["score"] for row in best if row["path"] == name] == [max(scores, key=float)]
    assert len(every) > len(best)
