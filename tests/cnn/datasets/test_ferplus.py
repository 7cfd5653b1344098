"""FER+: the majority rule against a second, spelled-out version; the join by row; each fault of the two files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cnn.datasets.ferplus import FerplusParams, read_ferplus, read_ferplus_folder
from cnn.datasets.ferplus_rules import majority
from cnn.datasets.table import NOT_FIVE
from cnn.errors import InputError
from cnn.labels import FERPLUS_COLUMNS
from runs.skips import count_by_rule

Write = Callable[..., Path]

#         neutral happy surprise sad anger disgust fear contempt unknown NF
SAD = (1, 0, 0, 8, 1, 0, 0, 0, 0, 0)
TIE = (5, 5, 0, 0, 0, 0, 0, 0, 0, 0)
HALF = (2, 5, 3, 0, 0, 0, 0, 0, 0, 0)
UNKNOWN = (1, 1, 0, 0, 0, 0, 0, 0, 8, 0)
FEAR = (0, 0, 2, 0, 0, 0, 8, 0, 0, 0)
NO_FACE = (0, 0, 0, 0, 0, 0, 0, 0, 0, 10)
ONLY_SINGLES = (1, 1, 1, 1, 1, 1, 1, 1, 1, 1)


def ballots(votes: tuple[str, ...]) -> str | None:
    """The rule in words: strike out the opinions that one voter alone holds; more than half of the rest must agree."""
    shared = [vote for vote in votes if votes.count(vote) >= 2]
    for candidate in shared:
        others = [vote for vote in shared if vote != candidate]
        if shared.count(candidate) > len(others):
            return candidate
    return None


@given(st.lists(st.sampled_from(FERPLUS_COLUMNS), min_size=1, max_size=10))
@example(["neutral"])
@example(["neutral"] * 2 + ["fear"])
@example(["neutral"] * 5 + ["fear"] * 5)
def test_majority_is_that_of_the_ballots(votes: list[str]) -> None:
    counts = Counter(votes)
    assert majority([counts[name] for name in FERPLUS_COLUMNS]) == ballots(tuple(votes))


@pytest.mark.parametrize(
    ("votes", "winner"),
    [(SAD, "sadness"), (TIE, None), (HALF, None), (UNKNOWN, "unknown"), (NO_FACE, "NF"), (ONLY_SINGLES, None)],
)
def test_majority(votes: tuple[int, ...], winner: str | None) -> None:
    assert majority(votes) == winner


def test_joins_by_position_not_by_name(tmp_path: Path, write_fer2013: Write, write_ferplus: Write) -> None:
    usages = ["Training", "Training", "PublicTest"]
    ferplus = write_ferplus(usages, {1: SAD}, {0: "fer0000002.png", 1: "fer0000000.png", 2: "fer0000001.png"})
    faces = read_ferplus(write_fer2013(usages, [0, 1, 2]), ferplus, tmp_path)
    assert faces.table["expression"].tolist() == ["Happy", "Sad", "Happy"]
    assert faces.table["own_label"].tolist() == [0, 1, 2]
    assert faces.table["official_split"].tolist() == usages
    votes = faces.table.loc[1, ["vote_happy", "vote_sad", "vote_surprise", "vote_angry", "vote_neutral"]]
    assert votes.tolist() == [0, 8, 0, 1, 1]


SKIPPED = {
    "tie": (TIE, "no majority among the votes", "5 5 0 0 0 0 0 0 0 0"),
    "half": (HALF, "no majority among the votes", "2 5 3 0 0 0 0 0 0 0"),
    "unknown": (UNKNOWN, "no majority among the votes", "1 1 0 0 0 0 0 0 8 0"),
    "fear": (FEAR, NOT_FIVE, "fear"),
    "no face": (NO_FACE, NOT_FIVE, "NF"),
    "eleven": ((1, 10, 0, 0, 0, 0, 0, 0, 0, 0), "votes of a row must sum to 1..10", "1 10 0 0 0 0 0 0 0 0"),
    "none": ((0,) * 10, "votes of a row must sum to 1..10", "0 0 0 0 0 0 0 0 0 0"),
    "negative": ((-1, 9, 2, 0, 0, 0, 0, 0, 0, 0), "votes must be whole numbers", "-1,9,2,0,0,0,0,0,0,0"),
    "half a vote": ((0.5, 9, 0, 0, 0, 0, 0, 0, 0, 0), "votes must be whole numbers", "0.5,9,0,0,0,0,0,0,0,0"),
    "empty vote": (("", 9, 0, 0, 0, 0, 0, 0, 0, 0), "votes must be whole numbers", ",9,0,0,0,0,0,0,0,0"),
    "short": ((10, 0), "as many fields as the header", "4"),
}


@pytest.mark.parametrize("kind", SKIPPED)
def test_row_is_skipped_and_named(tmp_path: Path, write_fer2013: Write, write_ferplus: Write, kind: str) -> None:
    votes, rule, value = SKIPPED[kind]
    ferplus = write_ferplus(["Training"] * 3, {1: votes})
    faces = read_ferplus(write_fer2013(["Training"] * 3), ferplus, tmp_path)
    assert faces.table["row"].tolist() == [2, 4]
    (skip,) = faces.skips
    assert (skip.file, skip.line, skip.value) == (str(ferplus), 3, value)
    assert rule in skip.rule


def test_nine_votes_are_enough(tmp_path: Path, write_fer2013: Write, write_ferplus: Write) -> None:
    ferplus = write_ferplus(["Training"], {0: (0, 9, 0, 0, 0, 0, 0, 0, 0, 0)})
    assert len(read_ferplus(write_fer2013(["Training"]), ferplus, tmp_path).table) == 1


def test_row_without_image_name_is_skipped(tmp_path: Path, write_fer2013: Write, write_ferplus: Write) -> None:
    faces = read_ferplus(write_fer2013(["Training"] * 2), write_ferplus(["Training"] * 2, names={0: ""}), tmp_path)
    assert faces.table["row"].tolist() == [3]
    assert [skip.rule for skip in faces.skips] == ["FER+ names no picture: not a face"]


def test_broken_face_keeps_its_place(tmp_path: Path, write_fer2013: Write, write_ferplus: Write) -> None:
    fer2013 = write_fer2013(["Training"] * 3, broken={0: "nonsense"})
    faces = read_ferplus(fer2013, write_ferplus(["Training"] * 3, {1: SAD}), tmp_path)
    assert faces.table["expression"].tolist() == ["Sad", "Happy"]
    assert [(skip.file, skip.line) for skip in faces.skips] == [(str(fer2013), 2)]


@pytest.mark.parametrize(("faces", "votes"), [(3, 2), (2, 3), (2, 0)])
def test_row_counts_differ(tmp_path: Path, write_fer2013: Write, write_ferplus: Write, faces: int, votes: int) -> None:
    paths = write_fer2013(["Training"] * faces), write_ferplus(["Training"] * votes)
    with pytest.raises(InputError, match=f"has {votes} rows and .* {faces}: they must have the same number"):
        read_ferplus(*paths, tmp_path)


def test_usage_disagrees(tmp_path: Path, write_fer2013: Write, write_ferplus: Write) -> None:
    paths = write_fer2013(["Training", "PublicTest"]), write_ferplus(["Training", "Training"])
    with pytest.raises(
        InputError, match=r"fer2013new\.csv:3: `Usage` must be as in .*fer2013\.csv:3, 'PublicTest'. Got"
    ):
        read_ferplus(*paths, tmp_path)


def test_unknown_usage_is_skipped(tmp_path: Path, write_fer2013: Write, write_ferplus: Write) -> None:
    paths = write_fer2013(["Training", "Training"]), write_ferplus(["Training", "Trainnig"])
    faces = read_ferplus(*paths, tmp_path)
    assert [(skip.line, skip.value) for skip in faces.skips] == [(3, "Trainnig")]


def test_the_files_exchanged(tmp_path: Path, write_fer2013: Write, write_ferplus: Write) -> None:
    faces, votes = write_fer2013(["Training"]), write_ferplus(["Training"])
    with pytest.raises(InputError, match="header must name the columns"):
        read_ferplus(votes, faces, tmp_path)


def test_folder_without_votes(tmp_path: Path, write_fer2013: Write) -> None:
    fer2013 = write_fer2013(["Training"])
    with pytest.raises(InputError, match=r"`ferplus`: .* holds none of fer2013new\.csv"):
        read_ferplus(fer2013, tmp_path, tmp_path)


SHARED = (5, 3, 2, 0, 0, 0, 0, 0, 0, 0)
DOUBTED = (5, 0, 0, 0, 0, 0, 0, 0, 3, 2)


def test_distribution_keeps_faces_that_two_classes_share(
    tmp_path: Path, write_fer2013: Write, write_ferplus: Write
) -> None:
    paths = write_fer2013(["Training"] * 4), write_ferplus(["Training"] * 4, {0: SHARED, 1: TIE, 2: FEAR, 3: HALF})
    assert len(read_ferplus(*paths, tmp_path).table) == 0
    faces = read_ferplus(*paths, tmp_path, params=FerplusParams(labels="distribution"))
    assert faces.table["expression"].tolist() == ["Neutral", "Happy"]
    assert faces.table["vote_happy"].tolist() == [3, 5]
    assert faces.table["vote_surprise"].tolist() == [0, 3]
    assert count_by_rule(faces.skips) == {"no majority among the votes": 1, NOT_FIVE: 1}


@pytest.mark.parametrize(("usage", "kept"), [("Training", ["Sad", "Neutral", "Happy"]), ("PublicTest", ["Sad"])])
def test_faces_without_majority_are_learnt_from_but_never_tested_on(
    tmp_path: Path, write_fer2013: Write, write_ferplus: Write, usage: str, kept: list[str]
) -> None:
    votes = {0: (0, 3, 0, 5, 1, 0, 0, 0, 0, 1), 1: SHARED, 2: TIE, 3: FEAR, 4: HALF, 5: UNKNOWN}
    paths = write_fer2013([usage] * 6), write_ferplus([usage] * 6, votes)
    faces = read_ferplus(*paths, tmp_path, params=FerplusParams(labels="majority_then_distribution")).table
    assert faces["expression"].tolist() == kept
    # The first has a majority, and so all its votes; the others those that the distribution keeps.
    assert faces["vote_angry"].tolist()[0] == 1
    assert faces["vote_surprise"].tolist()[1:] == [0, 3][: len(kept) - 1]


@pytest.mark.parametrize(("unknown_votes", "kept"), [("count", 0), ("drop", 2)])
def test_unknown_votes(
    tmp_path: Path, write_fer2013: Write, write_ferplus: Write, unknown_votes: str, kept: int
) -> None:
    votes = {0: DOUBTED, 1: (0, 4, 2, 0, 0, 0, 0, 0, 4, 0)}
    paths = write_fer2013(["Training"] * 2), write_ferplus(["Training"] * 2, votes)
    params = FerplusParams(unknown_votes=unknown_votes)  # type: ignore[arg-type]
    assert len(read_ferplus(*paths, tmp_path, params=params).table) == kept


def test_both_files_in_one_folder_or_by_the_votes(tmp_path: Path, write_fer2013: Write, write_ferplus: Write) -> None:
    write_fer2013(["Training"])
    votes = write_ferplus(["Training"])
    assert len(read_ferplus_folder(tmp_path, tmp_path).table) == 1
    assert len(read_ferplus_folder(votes, tmp_path).table) == 1


def test_byte_order_mark_and_windows_line_ends(tmp_path: Path, write_fer2013: Write, write_ferplus: Write) -> None:
    faces, votes = write_fer2013(["Training"] * 2), write_ferplus(["Training"] * 2, {1: SAD})
    votes.write_bytes(b"\xef\xbb\xbf" + votes.read_bytes().replace(b"\n", b"\r\n"))
    assert read_ferplus(faces, votes, tmp_path).table["expression"].tolist() == ["Happy", "Sad"]
