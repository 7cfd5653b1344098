from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cascade.errors import InputError
from cascade.model import (
    CascadeModel,
    Feature,
    Node,
    Rectangle,
    Stage,
    TrainingParameters,
    WeakClassifier,
    read_cascade,
)
from cascade.model import xml_storage as opencv_xml
from cascade.model.windows import trace_picture

RECTS = "<rects>\n        <_>0 0 24 24 -1.</_>\n        <_>6 6 12 12 4.</_></rects>"
STUMP = "<internalNodes>0 -1 0 1.3</internalNodes>\n          <leafValues>-1. 1.</leafValues>"
BOMB = '<!DOCTYPE b [<!ENTITY a "ha"><!ENTITY b "{}">]>\n<opencv_storage><cascade>&b;</cascade></opencv_storage>'


def changed(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new, 1)


def as_lbp(text: str) -> str:
    text = changed(text, "HAAR", "LBP")
    text = changed(text, "<maxCatCount>0<", "<maxCatCount>256<")
    text = changed(text, "0 -1 0 1.3", "0 -1 0 " + " ".join(["-1", "1", "2", "3", "4", "5", "6", "-2147483648"]))
    return changed(text, f"{RECTS}\n      <tilted>0</tilted>", "<rect>3 4 6 5</rect>")


def read_text(tmp_path: Path, text: str) -> CascadeModel:
    path = tmp_path / "read.xml"
    path.write_text(text, encoding="utf-8")
    return read_cascade(path)


def test_every_part_of_a_small_cascade(square_cascade: Path) -> None:
    stump = WeakClassifier((Node(0, -1, 0, 1.3),), (-1.0, 1.0))
    feature = Feature((Rectangle(0, 0, 24, 24, -1.0), Rectangle(6, 6, 12, 12, 4.0)), tilted=False)
    training = TrainingParameters(boost_type="GAB", max_weak_count=1, feature_size=1, mode="BASIC")
    model = CascadeModel("HAAR", 24, 24, (Stage(0.0, (stump,)),), (feature,), training)
    assert read_cascade(square_cascade) == model


def test_lbp_has_subsets_and_one_rectangle(tmp_path: Path, square_text: str) -> None:
    model = read_text(tmp_path, as_lbp(square_text))
    assert model.features == (Feature((Rectangle(3, 4, 6, 5),)),)
    node = Node(0, -1, 0, None, (-1, 1, 2, 3, 4, 5, 6, -2147483648))
    assert model.stages[0].weak_classifiers[0].nodes == (node,)
    assert model.summary()["feature_type"] == "LBP"
    assert not cv2.CascadeClassifier(str(tmp_path / "read.xml")).empty()


def test_trees_and_tilted_features_are_counted(tmp_path: Path, square_text: str) -> None:
    text = changed(square_text, "0 -1 0 1.3", "1 0 0 1.3 -1 -2 0 .5")
    text = changed(text, "-1. 1.</leafValues>", "-1. 1. 5e-01</leafValues>")
    text = changed(text, "<_>0 0 24 24 -1.</_>\n        <_>6 6 12 12 4.</_>", "<_>12 0 6 12 -1.</_>")
    text = changed(text, "<tilted>0</tilted>", "<tilted>1</tilted>")
    assert read_text(tmp_path, text).summary() == {
        "feature_type": "HAAR",
        "window_width": 24,
        "window_height": 24,
        "stages": 1,
        "weak_classifiers": 1,
        "stumps": 0,
        "features": 1,
        "tilted": 1,
    }


def test_a_type_attribute_and_comments_are_fine(tmp_path: Path, square_text: str) -> None:
    text = changed(square_text, "<cascade>", '<!-- trained --><cascade type_id="opencv-cascade-classifier">')
    assert len(read_text(tmp_path, text).stages) == 1


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("<stageType>BOOST", "<stageType>TREE", "must be BOOST"),
        ("HAAR", "HOG", "must be HAAR or LBP"),
        ("<width>24", "<width>0", "<width> must be from 1"),
        ("<width>24", "<width>wide", "<width>: whole numbers"),
        ("<stageNum>1", "<stageNum>2", "says 2, but there are 1"),
        ("<maxCatCount>0<", "<maxCatCount>256<", "maxCatCount> must be 0 for HAAR"),
        ("<stageThreshold>0.", "<stageThreshold>nan", "stage 0: 1 finite numbers"),
        ("<stageThreshold>0.</stageThreshold>", "", "<stageThreshold> is missing"),
        ("0 -1 0 1.3", "0 -1 0", "a HAAR node has 4 numbers"),
        ("0 -1 0 1.3", "0 -1 1 1.3", "feature 1 is not among the 1"),
        ("0 -1 0 1.3", "0 -1 -1 1.3", "feature -1 is not among"),
        ("0 -1 0 1.3", "0 -2 0 1.3", "points to -2"),
        ("0 -1 0 1.3", "1 -1 0 1.3", "points to 1"),
        (STUMP, STUMP.replace("0 -1 0 1.3", "1 0 0 1 1 0 0 1").replace("-1. 1.", "1 1 1"), "node 1 points to 1"),
        ("<leafValues>-1. 1.", "<leafValues>-1.", "2 finite numbers"),
        ("6 6 12 12 4.", "13 6 12 12 4.", "feature 0 reaches out"),
        ("6 6 12 12 4.", "6 6 12 -1 4.", "feature 0 reaches out"),
        ("6 6 12 12 4.", "6 6 12 4.", "a rectangle has 5 numbers"),
        ("6 6 12 12 4.", "6 6 12 1.5 4.", "whole numbers are wanted"),
        ("<tilted>0", "<tilted>1", "feature 0 reaches out"),
        ("<tilted>0", "<tilted>2", "<tilted> must be from 0 to 1"),
        (RECTS, "<rects></rects>", "the list <rects> is empty"),
        (RECTS, RECTS.replace("<_>6", "<_>0 0 1 1 1</_><_>0 0 1 1 1</_><_>6"), "at most 3 rectangles"),
        ("<boostType>GAB", "<boostType>ADA", "<boostType> must be one of DAB, RAB, LB, GAB. Got 'ADA'"),
        ("<maxWeakCount>1", "<maxWeakCount>-1", "<maxWeakCount> must be from 0"),
        ("<boostType>", "<minHitRate>nan</minHitRate><boostType>", "<minHitRate>: 1 finite numbers"),
        ("<cascade>", "<params>", "XML ends or breaks at line"),
    ],
)
def test_a_broken_part_is_named(tmp_path: Path, square_text: str, old: str, new: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_text(tmp_path, changed(square_text, old, new))


def test_a_subset_word_has_32_bits(tmp_path: Path, square_text: str) -> None:
    with pytest.raises(InputError, match="the words of a subset have 32 bits"):
        read_text(tmp_path, as_lbp(square_text).replace("-2147483648", "-2147483649"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "it is empty"),
        ("P5 24 24 255", "XML ends or breaks at line 1"),
        ("<html><body/></html>", "Got <html>"),
        ("<opencv_storage></opencv_storage>", "with a <cascade> in it"),
        ("<opencv_storage><params><width>24</width></params></opencv_storage>", "<params> stands where <cascade> must"),
        ("<opencv_storage><stage0/></opencv_storage>", "<stage0> stands where <cascade> must"),
        ("<opencv_storage><cascade/></opencv_storage>", "<stageType> is missing"),
        ('<?xml version="1.0" encoding="none-such"?><opencv_storage/>', "XML"),
        ("<a>" * 50_000, "XML ends or breaks"),
        ("<a>" * 50_000 + "</a>" * 50_000, "Got <a>"),
    ],
)
def test_what_is_no_cascade_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_text(tmp_path, text)


def test_no_half_of_a_cascade_passes(tmp_path: Path, square_text: str) -> None:
    path = tmp_path / "half.xml"
    for size in range(0, len(square_text.rstrip()), 7):
        path.write_bytes(square_text.encode()[:size])
        with pytest.raises(InputError, match=r"half\.xml is not a whole cascade"):
            read_cascade(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_an_entity_bomb_is_refused_before_it_grows(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "bomb.xml"
    path.write_text(BOMB.format("&a;" * 200_000), encoding=encoding)
    with pytest.raises(InputError, match="declares the document type `b`"):
        read_cascade(path)


def test_an_outside_entity_is_refused(tmp_path: Path) -> None:
    text = '<!DOCTYPE b SYSTEM "file:///etc/hostname">\n<opencv_storage/>'
    with pytest.raises(InputError, match="document type"):
        read_text(tmp_path, text)


def test_a_large_file_is_refused(square_cascade: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opencv_xml, "MAX_BYTES", square_cascade.stat().st_size - 1)
    with pytest.raises(InputError, match="larger than"):
        read_cascade(square_cascade)


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        read_cascade(tmp_path / "none.xml")
    with pytest.raises(InputError, match="there is no such file"):
        read_cascade(tmp_path)


@settings(
    max_examples=150, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_whatever_is_read_is_safe_to_run(data: st.DataObject, tmp_path: Path, square_text: str) -> None:
    """Numbers are changed at random: a cascade that passes never makes OpenCV, or our loops, crash or hang."""
    text = as_lbp(square_text) if data.draw(st.booleans()) else square_text
    words = text.replace(">", "> ").replace("<", " <").split(" ")
    places = [n for n, word in enumerate(words) if word.strip().replace(".", "").replace("-", "").isdigit()]
    for place in data.draw(st.lists(st.sampled_from(places), max_size=3)):
        words[place] = data.draw(
            st.sampled_from(["-2147483649", "-1", "0", "1", "2", "23", "24", "25", "1e3", "1e300", "inf", ""])
        )
    path = tmp_path / "fuzzed.xml"
    path.write_text(" ".join(words))
    try:
        model = read_cascade(path)
    except InputError:
        return
    assert max(model.width, model.height) < sys.maxsize
    classifier = cv2.CascadeClassifier(str(path))
    image = np.random.default_rng(0).integers(0, 255, (40, 40), dtype=np.uint8)
    classifier.detectMultiScale(image, 1.5, 0)
    assert trace_picture(model, image).stages.max(initial=0) <= len(model.stages)
