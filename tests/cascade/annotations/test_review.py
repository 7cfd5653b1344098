"""Accepting proposals: the numbers that a person gives, and what is written."""

import re

import cv2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.annotations import formats
from cascade.annotations.formats import FORMATS
from cascade.annotations.propose import ProposeParams, propose
from cascade.annotations.review import accept, parse_numbers
from cascade.collect import collect
from cascade.errors import InputError


@pytest.fixture
def proposals(tmp_path, draw_squares, square_cascade):
    (tmp_path / "in").mkdir()
    for name, boxes in {"a": [(10, 10, 48, 48), (90, 40, 36, 36)], "b": [(60, 20, 60, 60)]}.items():
        assert cv2.imwrite(str(tmp_path / f"in/{name}.png"), draw_squares(150, 100, boxes))
    (tmp_path / "neg").mkdir()
    assert cv2.imwrite(str(tmp_path / "neg/n.png"), draw_squares(90, 70, []))
    assert propose(tmp_path / "in", tmp_path / "out", ProposeParams(), cascade=square_cascade).proposals == 3
    return tmp_path / "out"


@given(st.sets(st.integers(1, 60)), st.integers(0, 3))
def test_numbers_and_ranges_give_the_set_back(wanted, gap):
    runs, ordered = [], sorted(wanted)
    for number in ordered:
        if runs and number - runs[-1][1] == 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    text = ("," + " " * gap).join(f"{a}-{b}" if b - a > gap else ",".join(map(str, range(a, b + 1))) for a, b in runs)
    assert parse_numbers(text or "none", range(1, 61), "drop") == wanted


@pytest.mark.parametrize("text", ["", "0", "61", "5-61", "5-4", "1,,2", "-1", "one", "1-2-3", "1-999999999", "²"])
def test_other_numbers_are_refused(text):
    piece = re.escape(repr(next(p.strip() for p in text.split(",") if p.strip() not in ("1",)))) if text else "''"
    with pytest.raises(InputError, match=f"`keep` must be numbers on the sheets .* from 1 to 60.*Got {piece}"):
        parse_numbers(text, range(1, 61), "keep")


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_not_dropped_is_written_in_any_format_and_can_be_collected(proposals, tmp_path, name):
    out = tmp_path / {"coco": "x.json", "dlib_xml": "x.xml", "csv_table": "x.csv"}.get(name, "x")
    accepted = accept(proposals, out, drop="2", format=name, label="square")
    assert (accepted.accepted, accepted.dropped) == (2, 1)
    found = formats.read(out)
    assert sum(len(item.boxes) for item in found) == 2
    assert {label for item in found for label in item.labels} == ({"square"} if FORMATS[name].carries_labels else set())
    assert collect(out, tmp_path / "neg", tmp_path / "collected").positives == 2


def test_keep_is_the_opposite_of_drop(proposals, tmp_path):
    accept(proposals, tmp_path / "a.csv", keep="1,3")
    accept(proposals, tmp_path / "b.csv", drop="2")
    assert (tmp_path / "a.csv").read_text() == (tmp_path / "b.csv").read_text()
    assert accept(proposals, tmp_path / "c.csv", drop="none").accepted == 3
    assert accept(proposals, tmp_path / "d.csv", keep="all").accepted == 3


def test_states_in_the_table_do_as_well(proposals, tmp_path):
    table = proposals / "proposals.csv"
    text = table.read_text().replace("proposed", "accepted")
    table.write_text(text.replace("accepted", "dropped", 1))
    assert accept(proposals, tmp_path / "a.csv").accepted == 2
    table.write_text(text.replace("accepted", "perhaps", 1))
    with pytest.raises(InputError, match=r"proposals\.csv:2: unknown state .got perhaps"):
        accept(proposals, tmp_path / "b.csv")


def test_pictures_without_an_accepted_box_are_not_called_empty(proposals, tmp_path):
    only = accept(proposals, tmp_path / "a.csv", keep="1")
    assert (only.pictures, only.accepted) == (1, 1)
    with pytest.raises(InputError, match="nothing to write"):
        accept(proposals, tmp_path / "b.csv", keep="none")


def test_without_a_word_of_the_reviewer_nothing_is_accepted(proposals, tmp_path):
    with pytest.raises(InputError, match=r"Nothing says that .*out was reviewed\. Look at its sheets"):
        accept(proposals, tmp_path / "a.csv")
    with pytest.raises(InputError, match="Give `drop` or `keep`, not both"):
        accept(proposals, tmp_path / "a.csv", drop="1", keep="2")
    assert not (tmp_path / "a.csv").exists()


def test_other_folders_used_names_and_broken_tables(proposals, tmp_path):
    with pytest.raises(InputError, match="holds no proposals"):
        accept(tmp_path / "in", tmp_path / "a.csv", drop="none")
    (tmp_path / "mine.csv").write_text("x")
    with pytest.raises(InputError, match="is there already"):
        accept(proposals, tmp_path / "mine.csv", drop="none")
    with pytest.raises(InputError, match="`format` must be one of"):
        accept(proposals, tmp_path / "a.csv", drop="none", format="tfrecord")
    table = proposals / "proposals.csv"
    table.write_text(table.read_text() + "1,../in/a.png,1,2,3,4,0.5,proposed\n")
    with pytest.raises(InputError, match="rows with different numbers"):
        accept(proposals, tmp_path / "a.csv", drop="none")
    table.write_text(table.read_text() + "x,../in/a.png,1,2,3,4,0.5,proposed\n")
    with pytest.raises(InputError, match=r"proposals\.csv:6: a row of proposals is broken"):
        accept(proposals, tmp_path / "a.csv", drop="none")
