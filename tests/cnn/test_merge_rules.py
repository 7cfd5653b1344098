"""The merge's rules on small tables whose faces are letters: the outcome can be told by eye, or by brute force."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn.labels import EXPRESSIONS
from cnn.merge_rules import (
    CONFLICT,
    DUPLICATE,
    LEAK,
    LIMIT,
    carve_validation,
    drop_copies,
    link_photos,
    official_splits,
    photo_groups,
    resolve_conflicts,
    take_at_most,
)
from runs.skips import Skip, count_by_rule


def table(faces: str, labels: str = "", splits: str = "", photos: str = "", sources: str = "") -> pd.DataFrame:
    """One row a letter: equal letters in `faces` are equal pixels; splits are t(rain), v(alidation), (t)e(st)."""
    count = len(faces)
    names = {"t": "train", "v": "validation", "e": "test"}
    numbers = [int(label) for label in labels or "0" * count]
    return link_photos(
        pd.DataFrame(
            {
                "sha256": list(faces),
                "original_sha256": list(photos or faces),
                "label": numbers,
                "expression": [EXPRESSIONS[number] for number in numbers],
                "source": list(sources or "f" * count),
                "split": [names[split] for split in splits or "t" * count],
                "official_split": "Training",
                "row": range(2, count + 2),
            }
        )
    )


def kept(frame: pd.DataFrame) -> list[int]:
    return frame.index.tolist()


@pytest.mark.parametrize(
    ("rule", "usages", "expected"),
    [
        ("auto", ["Training", "PublicTest"], ["train", "test"]),
        ("auto", ["Training", "PublicTest", "PrivateTest"], ["train", "validation", "test"]),
        ("test", ["Training", "PublicTest", "PrivateTest"], ["train", "test", "test"]),
        ("validation", ["Training", "PublicTest"], ["train", "validation"]),
        ("auto", ["training", "validation"], ["train", "test"]),
    ],
)
def test_official_splits(rule: str, usages: list[str], expected: list[str]) -> None:
    assert official_splits(pd.DataFrame({"official_split": usages}), rule)["split"].tolist() == expected


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
    assert [(skip.file, skip.line, skip.value) for skip in skips] == [
        ("f/Training", 4, "Happy a"),
        ("f/Training", 5, "Happy b"),
    ]


def test_groups_follow_chains() -> None:
    groups = photo_groups(table("abbcd", photos="xxyyz"))
    assert groups.tolist() == [0, 0, 0, 0, 4]


letters = st.lists(st.tuples(st.sampled_from("abcde"), st.sampled_from("vwxyz"), st.sampled_from("tve")), max_size=12)


@given(letters)
def test_no_pixels_and_no_photograph_on_both_sides(rows: list[tuple[str, str, str]]) -> None:
    faces, photos, splits = ("".join(row[part] for row in rows) for part in range(3))
    frame = carve_validation(drop_copies(table(faces, splits=splits, photos=photos), []), 0.3, 0)
    for column in ("sha256", "original_sha256"):
        assert (frame.groupby(column)["split"].nunique() <= 1).all()
    assert not frame["sha256"].duplicated().any()


def many(classes: str, count: int, source: str = "f") -> pd.DataFrame:
    frames = [table("x" * count, label * count, sources=source * count) for label in classes]
    frame = pd.concat(frames, ignore_index=True)
    names = [f"{source}{label}{number}" for label, number in zip(frame["label"], range(len(frame)), strict=True)]
    return link_photos(frame.assign(sha256=names, original_sha256=names))


def joined(*frames: pd.DataFrame) -> pd.DataFrame:
    return link_photos(pd.concat(frames, ignore_index=True))


def test_validation_is_a_share_of_every_class_and_source() -> None:
    frame = joined(many("01", 40), many("1", 10, "a"))
    carved = carve_validation(frame, 0.1, 0)
    counts = carved[carved["split"] == "validation"].groupby(["source", "label"]).size()
    assert counts.to_dict() == {("f", 0): 4, ("f", 1): 4, ("a", 1): 1}


def test_small_class_gives_one_and_a_single_face_stays() -> None:
    carved = carve_validation(joined(many("0", 3), many("1", 1)), 0.1, 0)
    assert carved.groupby("label")["split"].agg(lambda splits: (splits == "validation").sum()).to_dict() == {0: 1, 1: 0}


def test_choice_depends_on_seed_and_not_on_company() -> None:
    def chosen(frame: pd.DataFrame, seed: int) -> set[str]:
        carved = carve_validation(frame, 0.2, seed)
        return set(carved.loc[carved["split"] == "validation", "sha256"])

    alone, more = many("01", 30), joined(many("12", 20, "a"), many("01", 30))
    assert chosen(alone, 0) == {name for name in chosen(more, 0) if name[0] == "f"}
    assert chosen(alone, 0) == chosen(alone.iloc[::-1], 0)
    assert chosen(alone, 0) != chosen(alone, 1)


def test_source_with_own_validation_is_left_alone() -> None:
    own = many("0", 20)
    own.loc[0, "split"] = "validation"
    carved = carve_validation(joined(own, many("0", 20, "a")), 0.5, 0)
    assert carved[carved["split"] == "validation"].groupby("source").size().to_dict() == {"a": 10, "f": 1}


@pytest.mark.parametrize("frame", [many("0", 20), table("ab", splits="ee")])
def test_nothing_to_carve(frame: pd.DataFrame) -> None:
    fraction = 0.0 if len(frame) > 2 else 0.5
    assert carve_validation(frame, fraction, 0)["split"].equals(frame["split"])


def test_at_most() -> None:
    skips: list[Skip] = []
    frame = many("01", 10)
    some = take_at_most(frame, 7, 0, skips)
    assert (len(some), count_by_rule(skips)) == (7, {LIMIT: 13})
    assert some.index.is_monotonic_increasing
    assert take_at_most(frame, 20, 0, []) is frame
    assert take_at_most(frame, None, 0, []) is frame
