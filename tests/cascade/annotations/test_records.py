"""Records: rounding, labels, and what choosing a label leaves."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.annotations.records import Annotation, annotation_of, box_between, choose_labels, count_labels
from cascade.errors import InputError

A, B, C = (0, 0, 5, 5), (1, 2, 3, 4), (9, 9, 9, 9)


def test_objects_and_annotation_of_are_inverses():
    item = Annotation(Path("a.png"), (A, B), 3, ("face", ""), (C,), ("car",), (20, 30), Path("f.xml"))
    assert list(item.objects()) == [(A, "face", False), (B, "", False), (C, "car", True)]
    assert annotation_of(item.picture, item.objects(), line=3) == item


def test_labels_are_one_for_each_box_or_none():
    with pytest.raises(ValueError, match=r"2 boxes need as many labels or none\. Got 1"):
        Annotation(Path("a.png"), (A, B), labels=("face",))


@given(st.tuples(*[st.integers(-(10**9), 10**9)] * 4), st.floats(-0.49, 0.49))
def test_whole_edges_stay_and_small_errors_do_not_move_them(edges, error):
    left, top, right, bottom = edges
    assert box_between(left, top, right, bottom) == (left, top, right - left, bottom - top)
    if max(map(abs, edges)) < 10**6:
        assert box_between(left + error, top, right + error, bottom) == (left, top, right - left, bottom - top)


@pytest.mark.parametrize("edge", [float("nan"), float("inf"), -2e9])
def test_edges_that_are_no_pixels_are_refused(edge):
    with pytest.raises(ValueError, match="finite"):
        box_between(0, edge, 5, 5)


def test_only_the_chosen_labels_stay():
    items = [
        Annotation(Path("a"), (A, B), 1, ("face", "car"), (C, A), ("car", "")),
        Annotation(Path("b"), (B,), 2, ("dog",)),
    ]
    assert count_labels(items) == {"face": 1, "car": 1, "dog": 1}
    chosen = choose_labels(items, "face, dog", Path("x"))
    assert [list(item.objects()) for item in chosen] == [[(A, "face", False), (A, "", True)], [(B, "dog", False)]]
    assert [item.line for item in chosen] == [1, 2]


def test_a_choice_that_cannot_be_made_names_the_labels():
    items = [Annotation(Path("a"), (A, B), labels=("face", "car"))]
    with pytest.raises(InputError, match=r"labels that x has \(face: 1, car: 1\)\. Got 'cat'"):
        choose_labels(items, "cat", Path("x"))
    with pytest.raises(InputError, match=r"x has boxes of 2 labels \(face: 1, car: 1\)\. Choose"):
        choose_labels(items, None, Path("x"))
    assert choose_labels([Annotation(Path("a"), (A,))], None, Path("x")) == [Annotation(Path("a"), (A,))]
