"""AffectNet+: soft labels of the five classes, keys in any case, and each fault of a JSON file a named skip."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cnn.datasets.affectnet_plus import read_affectnet_plus
from cnn.datasets.table import NOT_FIVE, VOTE_COLUMNS, LabelledFaces
from cnn.errors import InputError
from runs.skips import count_by_rule

Noise = Callable[[Path, int], None]
SOFT = [0.1, 0.9, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]
GOOD: dict[str, Any] = {"Human-Label": 1, "Soft-Label": SOFT, "Subset": "Easy"}


@pytest.fixture
def write(tmp_path: Path, write_noise: Noise) -> Callable[..., Path]:
    """Write a picture and what lies beside it: a dict as JSON, bytes as they are, None as nothing."""

    def one(described: dict[str, Any] | bytes | None, name: str = "train_set/a.jpg") -> Path:
        path = tmp_path / "affectnet" / name
        write_noise(path, len(name))
        if described is not None:
            data = described if isinstance(described, bytes) else json.dumps(described).encode()
            path.with_suffix(".json").write_bytes(data)
        return tmp_path / "affectnet"

    return one


def read(folder: Path) -> LabelledFaces:
    return read_affectnet_plus(folder, folder.parent)


def test_soft_labels_are_those_of_the_five_classes(write: Callable[..., Path]) -> None:
    row = read(write(GOOD)).table.iloc[0]
    assert (row["expression"], row["own_label"], row["file"]) == ("Happy", 1, "train_set/a.jpg")
    expected = {"vote_happy": 0.9, "vote_sad": 0.2, "vote_surprise": 0.3, "vote_angry": 0.6, "vote_neutral": 0.1}
    assert {name: row[name] for name in VOTE_COLUMNS} == pytest.approx(expected)


@pytest.mark.parametrize(
    "keys",
    [
        ("human-label", "soft-label"),
        ("HUMAN_LABEL", "SOFT_LABEL"),
        ("HumanLabel", "softLabel"),
        ("Human Label", "Soft Label"),
    ],
)
def test_keys_in_any_case(write: Callable[..., Path], keys: tuple[str, str]) -> None:
    human, soft = keys
    assert read(write({human: "1", soft: list(map(str, SOFT))})).table["vote_happy"].tolist() == [np.float32(0.9)]


@pytest.mark.parametrize("points", [list(range(136)), [[2 * n, 2 * n + 1] for n in range(68)]])
def test_metadata(write: Callable[..., Path], points: list[Any]) -> None:
    row = read(write(GOOD | {"metadata": {"Landmarks": points, "VALENCE": 0.5, "arousal": "-2"}})).table.iloc[0]
    assert row["valence"] == 0.5
    assert np.isnan(row["arousal"])
    assert row["landmarks"].tolist() == list(range(136))


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train_set/a.jpg", "training"),
        ("Validation/Easy/a.jpg", "validation"),
        ("val/train/a.jpg", "training"),
        ("test/a.jpg", "test"),
        ("easy/a.jpg", ""),
        ("a.jpg", ""),
    ],
)
def test_split_is_what_the_nearest_folder_says(write: Callable[..., Path], name: str, split: str) -> None:
    assert read(write(GOOD, name)).table["official_split"].tolist() == [split]


def test_the_set_itself_may_be_given(write: Callable[..., Path]) -> None:
    assert read(write(GOOD) / "train_set").table["official_split"].tolist() == ["training"]


BROKEN: dict[str, tuple[dict[str, Any] | bytes | None, str]] = {
    "broken off": (b'{"Human-Label": 1', "annotation must be one JSON object"),
    "empty": (b"", "annotation must be one JSON object"),
    "a list": (b"[1]", "annotation must be one JSON object"),
    "no UTF-8": (b"\xff\xfe{", "annotation must be one JSON object"),
    "nested without end": (b"[" * 200_000, "annotation must be one JSON object"),
    "huge": (b" " * (1 << 20) + b"{}", "annotation must have at most"),
    "no JSON file": (None, "picture must have its own .json file"),
    "no label": ({"Soft-Label": SOFT}, "Human-Label must be a number from 0 to 10"),
    "label null": (GOOD | {"Human-Label": None}, "Human-Label must be a number"),
    "label true": (GOOD | {"Human-Label": True}, "Human-Label must be a number"),
    "label 11": (GOOD | {"Human-Label": 11}, "Human-Label must be a number from 0 to 10"),
    "half a label": (GOOD | {"Human-Label": 1.5}, "Human-Label must be 0 to 10"),
    "two labels": (GOOD | {"human_label": 2}, "a key must be there once"),
    "contempt": (GOOD | {"Human-Label": 7}, NOT_FIVE),
    "not a face, without soft labels": ({"Human-Label": 10}, NOT_FIVE),
    "no soft label": ({"Human-Label": 1}, "Soft-Label must be 8 numbers"),
    "seven": (GOOD | {"Soft-Label": SOFT[:7]}, "Soft-Label must be 8 numbers"),
    "above 1": (GOOD | {"Soft-Label": [*SOFT[:7], 1.01]}, "Soft-Label must be a number from 0 to 1"),
    "below 0": (GOOD | {"Soft-Label": [*SOFT[:7], -0.01]}, "Soft-Label must be a number from 0 to 1"),
    "NaN": (GOOD | {"Soft-Label": [*SOFT[:7], float("nan")]}, "Soft-Label must be a number from 0 to 1"),
    "valence 2": (GOOD | {"Metadata": {"Valence": 2}}, "valence must be a number from -1 to 1"),
    "67 points": (GOOD | {"Metadata": {"Landmarks": list(range(134))}}, "landmarks must be 136 numbers"),
    "metadata as text": (GOOD | {"Metadata": "none"}, "Metadata must be one JSON object"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_file_is_skipped_and_named(write: Callable[..., Path], kind: str) -> None:
    described, rule = BROKEN[kind]
    write(described, "train/bad.jpg")
    faces = read(write(GOOD, "train/good.jpg"))
    assert faces.table["file"].tolist() == ["train/good.jpg"]
    (skip,) = faces.skips
    assert rule in skip.rule
    assert Path(skip.file).stem == "bad"


values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=9) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)
keys = st.sampled_from(["Human-Label", "human_label", "Soft-Label", "Metadata", "Valence", "Landmarks", "x"])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(keys, values), st.sampled_from(["Metadata", "y"]), st.dictionaries(keys, values))
def test_any_json_is_a_face_or_one_skip(
    write: Callable[..., Path], described: dict[str, Any], key: str, below: dict[str, Any]
) -> None:
    faces = read(write(GOOD | described | {key: below}))
    assert len(faces.table) + len(faces.skips) == 1


def test_byte_order_mark(write: Callable[..., Path]) -> None:
    assert len(read(write(b"\xef\xbb\xbf" + json.dumps(GOOD).encode())).table) == 1


def test_json_without_a_picture_and_two_pictures_of_one_name(write: Callable[..., Path], write_noise: Noise) -> None:
    folder = write(GOOD)
    write_noise(folder / "train_set" / "a.png", 1)
    (folder / "train_set" / "b.json").write_text(json.dumps(GOOD))
    faces = read(folder)
    assert faces.table["file"].tolist() == ["train_set/a.jpg"]
    assert count_by_rule(faces.skips) == {
        "picture must have its own .json file": 1,
        "annotation must have its picture": 1,
    }


def test_folder_without_json(write: Callable[..., Path]) -> None:
    with pytest.raises(InputError, match=r"`affectnet_plus`: .* holds no \.json files"):
        read(write(None))
