"""The merge's rules on small tables whose faces are letters: the outcome can be told by eye, or by brute force."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnn.labels import EXPRESSIONS
from cnn.merge_groups import link_faces
from cnn.merge_rules import (
    CONFLICT,
    DUPLICATE,
    LEAK,
    NEAR_CONFLICT,
    NEAR_LEAK,
    PERSON_LEAK,
    carve_validation,
    drop_copies,
    resolve_conflicts,
    resolve_near_conflicts,
    split_the_unsplit,
)
from runs.skips import Skip, count_by_rule

Pair = tuple[int, int]


def linked(frame: pd.DataFrame, pairs: Sequence[Pair] = ()) -> pd.DataFrame:
    return link_faces(frame, pd.DataFrame(list(pairs), columns=["first", "second"], dtype="int64"))


def table(
    faces: str, labels: str = "", splits: str = "", photos: str = "", people: str = "", pairs: Sequence[Pair] = ()
) -> pd.DataFrame:
    """One row a letter: equal letters in `faces` are equal pixels; splits are t(rain), v(alidation), (t)e(st) or -
    for none; `people` are subjects, - for nobody known; `pairs` are near duplicates."""
    count = len(faces)
    names = {"t": "train", "v": "validation", "e": "test", "-": ""}
    numbers = [int(label) for label in labels or "0" * count]
    return linked(
        pd.DataFrame(
            {
                "sha256": list(faces),
                "original_sha256": list(photos or faces),
                "label": numbers,
                "expression": [EXPRESSIONS[number] for number in numbers],
                "source": "f",
                "subject": [name.replace("-", "") for name in people or "-" * count],
                "split": [names[split] for split in splits or "t" * count],
                "official_split": ["" if split == "-" else "Training" for split in splits or "t" * count],
                "row": range(2, count + 2),
            }
        ).astype({"source": "str", "subject": "str"}),
        pairs,
    )


def kept(frame: pd.DataFrame) -> list[int]:
    return frame.index.tolist()


@pytest.mark.parametrize(
    ("faces", "labels", "majority", "groups"),
    [
        ("abc", "012", [0, 1, 2], 0),
        ("aab", "000", [0, 1, 2], 0),
        ("aaab", "0010", [0, 1, 3], 1),
        ("aab", "010", [2], 1),
        ("aaaaab", "001120", [5], 1),
        ("aabb", "0112", [], 2),
    ],
)
def test_conflicts(faces: str, labels: str, majority: list[int], groups: int) -> None:
    skips: list[Skip] = []
    left, found = resolve_conflicts(table(faces, labels), "majority", skips)
    assert (kept(left), found) == (majority, groups)
    assert count_by_rule(skips) == ({CONFLICT: len(faces) - len(majority)} if groups else {})


@pytest.mark.parametrize(
    ("splits", "labels", "majority", "dropped"),
    [
        ("ett", "100", [0], [0]),  # two training copies do not outvote a test label
        ("vtt", "100", [0], [0]),
        ("evv", "100", [0], [0]),
        ("ett", "110", [0, 1], [0, 1]),
        ("eet", "010", [], []),  # test disagrees with itself, and training does not decide
        ("eeet", "0010", [0, 1, 3], []),
    ],
)
def test_test_decides_before_validation_before_training(
    splits: str, labels: str, majority: list[int], dropped: list[int]
) -> None:
    frame = table("a" * len(splits), labels, splits)
    assert kept(resolve_conflicts(frame, "majority", [])[0]) == majority
    assert kept(resolve_conflicts(frame, "drop", [])[0]) == dropped


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("01"), st.sampled_from("tve")), max_size=8))
def test_the_test_set_does_not_depend_on_the_others(rows: list[tuple[str, str, str]]) -> None:
    def tested(rows: list[tuple[str, str, str]], rule: str) -> list[tuple[str, int]]:
        frame = table(*("".join(row[part] for row in rows) for part in range(3)))
        frame = drop_copies(resolve_conflicts(frame, rule, [])[0], [])
        frame = frame[frame["split"] == "test"]
        return list(zip(frame["sha256"], frame["label"], strict=True))

    for rule in ("majority", "drop"):
        assert tested(rows, rule) == tested([row for row in rows if row[2] == "e"], rule)


def test_a_link_that_a_rule_left_out_still_links() -> None:
    # Photo p has the crops y, in test, and z; the copy of z that links it to the photos q and r loses its conflict.
    frame = table("yzzz", "0100", splits="ettt", photos="ppqr")
    skips: list[Skip] = []
    left = drop_copies(resolve_conflicts(frame, "majority", skips)[0], skips)
    assert kept(left) == [0]
    assert count_by_rule(skips) == {CONFLICT: 1, LEAK: 2}


def test_photographs_linked_by_a_duplicate_are_carved_together() -> None:
    frame = table("abbcdefghijk", photos="ppqqDEFGHIJK")
    left = drop_copies(frame, [])
    for seed in range(10):
        splits = carve_validation(left, 0.3, seed)["split"]
        assert splits.loc[[0, 1, 3]].nunique() == 1


def test_a_copy_without_official_split_neither_outvotes_nor_replaces_a_test_face() -> None:
    for faces, labels, expected in (("aaab", "1100", [2, 3]), ("aaab", "0000", [2, 3]), ("aaab", "0100", [2, 3])):
        frame = split_the_unsplit(table(faces, labels, splits="--et"), 0, 0)
        assert frame["split"].tolist() == ["test", "test", "test", "train"]
        for rule in ("majority", "drop"):
            left = resolve_conflicts(frame, rule, [])[0]
            assert left.loc[left["sha256"] == "a", "label"].eq(0).all()
            assert kept(drop_copies(left, [])) == expected


def test_long_chains_are_followed_fast() -> None:
    count = 20_000
    names = [str(number) for number in range(count)]
    frame = pd.DataFrame({"sha256": names, "original_sha256": names, "source": "f", "subject": ""})
    order = np.random.default_rng(0).permutation(count)
    begin = time.process_time()
    found = linked(frame, list(zip(order[:-1].tolist(), order[1:].tolist(), strict=True)))
    assert found["near"].eq(0).all()
    assert time.process_time() - begin < 4  # where only the linked faces move, it takes the square of this count


def test_conflicts_can_be_dropped_whole() -> None:
    left, groups = resolve_conflicts(table("aaab", "0010"), "drop", [])
    assert (kept(left), groups) == ([3], 1)


@pytest.mark.parametrize(
    ("faces", "splits", "expected", "rules"),
    [
        ("abc", "tve", [0, 1, 2], {}),
        ("aab", "tee", [1, 2], {LEAK: 1}),
        ("aaa", "tve", [2], {LEAK: 2}),
        ("aav", "tve", [1, 2], {LEAK: 1}),
        ("aab", "ttt", [0, 2], {DUPLICATE: 1}),
        ("aaaa", "teet", [1], {LEAK: 2, DUPLICATE: 1}),
    ],
)
def test_copies(faces: str, splits: str, expected: list[int], rules: dict[str, int]) -> None:
    skips: list[Skip] = []
    assert kept(drop_copies(table(faces, splits=splits), skips)) == expected
    assert count_by_rule(skips) == rules


def test_crops_of_one_photograph_stay_on_one_side() -> None:
    frame = table("abcd", splits="teet", photos="pppq")
    assert kept(drop_copies(frame, [])) == [1, 2, 3]


def test_skip_names_the_row() -> None:
    skips: list[Skip] = []
    drop_copies(table("ab" * 2), skips)
    expected = [("f/Training", 4, "Happy a"), ("f/Training", 5, "Happy b")]
    assert [(skip.file, skip.line, skip.value) for skip in skips] == expected


def test_groups_follow_chains() -> None:
    assert table("abbcd", photos="xxyyz")["photo"].tolist() == [0, 0, 0, 0, 4]
    assert table("abcdef", pairs=[(4, 2), (2, 1)])["near"].tolist() == [0, 1, 1, 3, 1, 5]
    frame = table("abcdef", photos="xxcdef", people="--pp-p", pairs=[(1, 2)])
    assert frame["photo"].tolist() == [0, 0, 2, 3, 4, 5]
    assert frame["near"].tolist() == [0, 1, 1, 3, 4, 5]
    assert frame["alike"].tolist() == [0, 0, 0, 3, 4, 5]
    assert frame["group"].tolist() == [0, 0, 0, 0, 4, 0]


def test_people_of_two_datasets_are_two_people() -> None:
    frame = table("ab", people="pp").assign(source=["f", "g"])
    assert linked(frame)["group"].tolist() == [0, 1]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 29), st.integers(0, 29)), max_size=25))
def test_groups_are_those_that_a_walk_finds(pairs: list[Pair]) -> None:
    frame = table("".join(chr(200 + number) for number in range(30)), pairs=pairs)
    reached = list(range(30))
    for _ in range(30):
        for first, second in pairs:
            reached[first] = reached[second] = min(reached[first], reached[second])
    assert frame["near"].tolist() == reached


@pytest.mark.parametrize(
    ("splits", "labels", "majority", "dropped", "groups"),
    [
        ("ttt", "000", [0, 1, 2], [0, 1, 2], 0),
        ("ttt", "001", [0, 1], [], 1),
        ("tvv", "100", [1, 2], [1, 2], 1),  # validation decides
        ("ett", "100", [0], [0], 1),
        ("eet", "010", [0, 1], [0, 1], 1),  # what is in test stays, though it disagrees
    ],
)
def test_near_conflicts(splits: str, labels: str, majority: list[int], dropped: list[int], groups: int) -> None:
    frame = table("abc", labels, splits, pairs=[(0, 1), (1, 2)])
    skips: list[Skip] = []
    left, found = resolve_near_conflicts(frame, "majority", skips)
    assert (kept(left), found) == (majority, groups)
    assert count_by_rule(skips) == ({NEAR_CONFLICT: 3 - len(majority)} if len(majority) < 3 else {})
    assert kept(resolve_near_conflicts(frame, "drop", [])[0]) == dropped


def test_two_faces_of_one_photograph_may_differ() -> None:
    frame = table("ab", "01", photos="pp")
    assert kept(resolve_near_conflicts(frame, "drop", [])[0]) == [0, 1]


@pytest.mark.parametrize(
    ("frame", "rule"),
    [
        (table("ab", splits="te", photos="pp"), LEAK),
        (table("ab", splits="te", pairs=[(0, 1)]), NEAR_LEAK),
        (table("ab", splits="te", people="pp"), PERSON_LEAK),
        (table("ab", splits="te", photos="pp", people="pp", pairs=[(0, 1)]), LEAK),
    ],
)
def test_a_leak_is_told_by_the_closest_link(frame: pd.DataFrame, rule: str) -> None:
    skips: list[Skip] = []
    assert kept(drop_copies(frame, skips)) == [1]
    assert count_by_rule(skips) == {rule: 1}


def test_near_duplicates_of_one_split_stay() -> None:
    assert kept(drop_copies(table("ab", pairs=[(0, 1)]), [])) == [0, 1]


@pytest.mark.parametrize(
    ("people", "splits", "pairs", "expected"),
    [
        ("pp--", "--te", [(1, 3)], ["test", "test", "train", "test"]),
        ("pp--", "--te", [(1, 2)], ["train", "train", "train", "test"]),
        ("pp--", "--te", [(0, 2), (1, 3)], ["test", "test", "train", "test"]),
    ],
)
def test_the_unsplit_go_where_their_like_is(people: str, splits: str, pairs: list[Pair], expected: list[str]) -> None:
    frame = table("abcd", splits=splits, people=people, pairs=pairs)
    assert split_the_unsplit(frame, 0, 0)["split"].tolist() == expected


rows = st.lists(
    st.tuples(*map(st.sampled_from, ("abcdefgh", "stuvwxyz", "01", "--tve", "---pq", "fg"))), min_size=1, max_size=14
)


@settings(deadline=None, max_examples=50)
@given(rows, st.lists(st.tuples(st.integers(0, 13), st.integers(0, 13)), max_size=6), st.sampled_from([0.0, 0.2, 0.5]))
def test_nothing_is_in_two_splits_whatever_the_input(
    rows: list[tuple[str, ...]], pairs: list[Pair], fraction: float
) -> None:
    faces, photos, labels, splits, people, sources = ("".join(row[part] for row in rows) for part in range(6))
    inside = [pair for pair in pairs if max(pair) < len(rows)]
    frame = table(faces, labels, splits, photos, people).assign(source=list(sources))
    frame = split_the_unsplit(linked(frame, inside), fraction, 0)
    before = frame[frame["split"] == "test"]
    frame = resolve_near_conflicts(resolve_conflicts(frame, "majority", [])[0], "majority", [])[0]
    frame = carve_validation(drop_copies(frame, []), fraction, 0)
    known = frame[frame["subject"] != ""]
    for name in ("sha256", "original_sha256", "near", "group"):
        assert (frame.groupby(name)["split"].nunique() <= 1).all()
    assert (known.groupby(["source", "subject"])["split"].nunique() <= 1).all()
    assert set(frame["split"]) <= {"train", "validation", "test"}
    alone = drop_copies(resolve_conflicts(before, "majority", [])[0], [])
    tested = frame[frame["split"] == "test"]
    assert kept(tested) == kept(alone)
    official = before[before["official_split"] != ""]
    alone = drop_copies(resolve_conflicts(official, "majority", [])[0], [])
    assert kept(tested[tested["official_split"] != ""]) == kept(alone)
