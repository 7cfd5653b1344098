"""The pair's figures on six scenes whose outcome is known by hand."""

from __future__ import annotations

import csv
import json

import cv2
import pytest

from cnn.labels import EXPRESSIONS
from pair.errors import InputError
from pair.evaluate import OUTPUTS, EvaluatePairParams, evaluate_pair, measure_pair
from pair.labels import expression_of, read_labelled_scenes
from pair.measure import confusion
from runs.record import digest

PARAMS = EvaluatePairParams(min_neighbors=2)


@pytest.fixture(scope="module")
def score(cascade, network, scenes, tmp_path_factory):
    return evaluate_pair(cascade, network, scenes, tmp_path_factory.mktemp("score") / "out", PARAMS)


def test_the_figures_are_those_counted_by_hand(score):
    assert (score.scenes, score.faces, score.found, score.right, score.false_alarms) == (6, 5, 4, 3, 1)
    assert score.found_share == pytest.approx(4 / 5)
    assert score.right_share == pytest.approx(3 / 5)
    assert score.right_of_found == pytest.approx(3 / 4)
    assert score.precision == pytest.approx(3 / 5)
    assert score.false_alarms_per_image == pytest.approx(1 / 6)
    assert score.balanced_right_share == pytest.approx((1 + 1 + 0 + 0) / 4)


def test_each_expression_has_its_own_figures(score):
    found = {one.expression: (one.faces, one.found, one.right, one.said) for one in score.by_class}
    assert found == {
        "Happy": (2, 2, 2, 4),
        "Sad": (1, 1, 0, 0),
        "Surprise": (0, 0, 0, 0),
        "Angry": (1, 0, 0, 0),
        "Neutral": (1, 1, 1, 1),
    }
    assert score.by_class[EXPRESSIONS.index("Surprise")].right_share is None


def test_intervals_hold_the_figures(score):
    for one in score.intervals:
        assert 0 <= one.low <= getattr(score, one.name) <= one.high


def test_the_confusion_counts_every_face_once(cascade, network, scenes):
    outcomes = measure_pair(cascade, network, scenes, PARAMS)
    counts = confusion(outcomes)
    assert counts.sum() == 5
    assert counts[EXPRESSIONS.index("Sad"), EXPRESSIONS.index("Happy")] == 1
    assert counts[EXPRESSIONS.index("Angry"), -1] == 1
    assert [one.right for one in outcomes] == [2, 0, 0, 0, 0, 1]
    assert [one.false_alarms for one in outcomes] == [0, 0, 0, 1, 0, 0]


def test_the_files_tell_the_same(score, cascade, network):
    assert {path.name for path in score.out.iterdir()} == set(OUTPUTS)
    metrics = json.loads((score.out / "metrics.json").read_text())
    assert metrics["right_share"] == score.right_share
    assert (metrics["cascade_sha256"], metrics["network_sha256"]) == (digest(cascade), digest(network))
    assert (metrics["min_neighbors"], metrics["crop_scale"]) == (2, PARAMS.crop_scale)
    with (score.out / "faces.csv").open(newline="") as stream:
        faces = list(csv.DictReader(stream))
    assert sum(row["true"] == row["said"] != "" for row in faces) == score.right
    assert sum(row["true"] == "" for row in faces) == score.false_alarms
    assert sum(row["said"] == "" for row in faces) == score.faces - score.found
    assert cv2.imread(str(score.out / "montage.png")).shape[1] == 1600
    page = (score.out / "report.html").read_text()
    assert "Found and rightly named" in page
    assert "0.600" in page


def test_a_label_beyond_the_five_counts_for_nothing_and_is_told(score):
    assert score.skipped == 1
    skipped = (score.out / "skipped.csv").read_text()
    assert "fear.png: fear" in skipped
    assert "one of the five" in skipped


def test_again_replaces_it_and_gives_the_same(score, cascade, network, scenes):
    before = (score.out / "metrics.json").read_bytes()
    evaluate_pair(cascade, network, scenes, score.out, PARAMS)
    assert (score.out / "metrics.json").read_bytes() == before


def test_somebodys_files_are_not_replaced(cascade, network, scenes, tmp_path):
    (tmp_path / "mine.txt").touch()
    with pytest.raises(InputError, match="holds files that no evaluation wrote"):
        evaluate_pair(cascade, network, scenes, tmp_path, PARAMS)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (
            "right.png,30,40,40,40,",
            r"no box with the label of an expression \(\(none\): 1\).*Label each box with one of",
        ),
        ("right.png,30,40,40,40,dog", r"no box with the label of an expression \(dog: 1\)"),
    ],
)
def test_scenes_without_labels_say_what_to_do(scenes, tmp_path, lines, words):
    (tmp_path / "right.png").write_bytes((scenes / "right.png").read_bytes())
    (tmp_path / "labels.csv").write_text(f"path,x,y,width,height,label\n{lines}\n")
    with pytest.raises(InputError, match=words):
        read_labelled_scenes(tmp_path, None, [])


def test_scenes_that_cannot_be_read_are_left_out(scenes, cascade, network, tmp_path):
    (tmp_path / "right.png").write_bytes((scenes / "right.png").read_bytes()[:200])
    (tmp_path / "labels.csv").write_text("path,x,y,width,height,label\nright.png,30,40,40,40,happy\n")
    with pytest.raises(InputError, match="no labelled face is left in the scenes that can be read; the first: "):
        measure_pair(cascade, network, tmp_path, PARAMS)


@pytest.mark.parametrize(
    ("label", "expression"),
    [("Happy", 0), ("SADNESS", 1), ("surprised", 2), (" anger ", 3), ("neutral", 4), ("fear", None)],
)
def test_synonyms_mean_the_five(label, expression):
    assert expression_of(label) == expression
