"""Which split a face is in: official ones, and shares set aside, which company and order do not change."""

from __future__ import annotations

import pandas as pd
import pytest

from cnn.labels import EXPRESSIONS
from cnn.merge_groups import link_faces
from cnn.merge_rules import LIMIT, carve_validation, official_splits, split_the_unsplit, take_at_most
from runs.skips import Skip, count_by_rule

FER2013 = {"Training": "train", "PublicTest": "validation", "PrivateTest": "test"}
SPLITS = {"f": FER2013, "a": {"training": "train", "validation": "test"}, "c": {}}


@pytest.mark.parametrize(
    ("rule", "sources", "officials", "expected"),
    [
        ("auto", "ff", ["Training", "PublicTest"], ["train", "test"]),
        ("auto", "fff", ["Training", "PublicTest", "PrivateTest"], ["train", "validation", "test"]),
        ("test", "fff", ["Training", "PublicTest", "PrivateTest"], ["train", "test", "test"]),
        ("validation", "ff", ["Training", "PublicTest"], ["train", "validation"]),
        ("auto", "aac", ["training", "validation", ""], ["train", "test", ""]),
    ],
)
def test_official_splits(rule: str, sources: str, officials: list[str], expected: list[str]) -> None:
    frame = pd.DataFrame({"official_split": officials, "source": list(sources)})
    assert official_splits(frame, SPLITS, rule)["split"].tolist() == expected


def many(classes: str, count: int, source: str = "f") -> pd.DataFrame:
    """`count` faces of each class, a digit each, all for training and none like another."""
    labels = [int(label) for label in classes for _ in range(count)]
    names = [f"{source}{label}{number}" for number, label in enumerate(labels)]
    texts = {"source": source, "subject": "", "split": "train", "official_split": "Training"}
    frame = pd.DataFrame({"sha256": names, "original_sha256": names, "label": labels, "row": range(2, len(names) + 2)})
    return joined(frame.assign(expression=[EXPRESSIONS[label] for label in labels], **texts))


def joined(*frames: pd.DataFrame) -> pd.DataFrame:
    frame = pd.concat(frames, ignore_index=True)
    return link_faces(frame, pd.DataFrame(columns=["first", "second"], dtype="int64"))


def test_who_is_in_test_depends_on_the_seed_and_not_on_company() -> None:
    def tested(frame: pd.DataFrame, seed: int) -> set[str]:
        split = split_the_unsplit(joined(frame), 0.3, seed)
        return set(split.loc[split["split"] == "test", "subject"])

    frame = many("01", 20).assign(split="", subject=[f"s{number % 10}" for number in range(40)])
    other = many("2", 30, "a").assign(split="")
    assert tested(frame, 0) == tested(pd.concat([other, frame], ignore_index=True), 0) - {""}
    assert len({frozenset(tested(frame, seed)) for seed in range(5)}) > 1


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


@pytest.mark.parametrize("frame", [many("0", 20), many("0", 2).assign(split="test")])
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


def test_people_are_split_and_not_their_faces() -> None:
    count = 200
    frame = many("01", count // 2).assign(split="", subject=[f"s{number % 10}" for number in range(count)])
    split = carve_validation(split_the_unsplit(joined(frame), 0.1, 0), 0.1, 0)
    by_person = split.groupby("subject")["split"].unique()
    assert (by_person.str.len() == 1).all()
    assert by_person.str[0].value_counts().to_dict() == {"train": 8, "test": 1, "validation": 1}
