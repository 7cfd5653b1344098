"""The record of labelled faces: what goes in comes out, and memory does not hold it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from cnn.datasets.table import COLUMNS, NUMBER_COLUMNS, VOTE_COLUMNS, FaceWriter
from runs.skips import Skip

FACE = bytes(range(256)) * 9


def test_writer_keeps_pixels_and_row(tmp_path: Path) -> None:
    with FaceWriter(tmp_path / "pixels", "ferplus") as writer:
        writer.add(FACE, "Surprise", official_split="Training", row=7, own_label=5, vote_happy=2)
        faces = writer.faces()
    row = faces.table.iloc[0]
    assert faces.images.tobytes() == FACE
    assert isinstance(faces.images, np.memmap)
    assert (row["label"], row["source"], row["row"], row["file"]) == (2, "ferplus", 7, "")
    assert row["sha256"] == row["original_sha256"] == hashlib.sha256(FACE).hexdigest()
    assert row["vote_happy"] == 2
    assert np.isnan(row["vote_sad"])


def test_types_are_the_stated_ones_even_when_empty(tmp_path: Path) -> None:
    with FaceWriter(tmp_path / "pixels", "x") as writer:
        table = writer.faces().table
    assert {name: str(kind) for name, kind in table.dtypes.items()} == COLUMNS


def test_skip_is_remembered(tmp_path: Path) -> None:
    with FaceWriter(tmp_path / "pixels", "x") as writer:
        writer.skip(Path("a.csv"), 3, "rule", 5, "remedy")
        assert writer.faces().skips == [Skip("a.csv", 3, "rule", "5", "remedy")]


def test_vote_columns_are_in_the_order_of_the_outputs() -> None:
    assert VOTE_COLUMNS == ("vote_happy", "vote_sad", "vote_surprise", "vote_angry", "vote_neutral")


def test_what_is_left_out_is_unknown(tmp_path: Path) -> None:
    with FaceWriter(tmp_path / "pixels", "x") as writer:
        writer.add(FACE, "Happy", official_split="", row=0, own_label=1)
        row = writer.faces().table.iloc[0]
    assert (row["file"], row["subject"], row["landmarks"]) == ("", "", None)
    assert row[list(NUMBER_COLUMNS)].isna().all()


def test_landmarks_are_136_small_floats(tmp_path: Path) -> None:
    with FaceWriter(tmp_path / "pixels", "x") as writer:
        for landmarks in (list(range(136)), None, np.arange(136).reshape(68, 2)):
            writer.add(FACE, "Happy", official_split="", row=0, own_label=1, landmarks=landmarks)
        first, none, second = writer.faces().table["landmarks"]
    assert first.dtype == np.float32
    assert np.array_equal(first, second)
    assert none is None


def test_other_numbers_of_landmarks_are_refused(tmp_path: Path) -> None:
    with FaceWriter(tmp_path / "pixels", "x") as writer:
        writer.add(FACE, "Happy", official_split="", row=0, own_label=1, landmarks=[0.0] * 10)
        with pytest.raises(ValueError, match=r"`landmarks` must be 136 numbers\. Got 10"):
            writer.faces()


def test_many_rows_come_back_in_order_and_are_packed(tmp_path: Path) -> None:
    count = 2 * 4096 + 5
    with FaceWriter(tmp_path / "pixels", "x") as writer:
        for number in range(count):
            writer.add(FACE, "Sad", official_split="", row=number, own_label=1)
        faces = writer.faces()
    assert faces.table["row"].tolist() == list(range(count))
    assert faces.table.index.tolist() == list(range(count))
    assert len(faces.images) == count
    assert {name: str(kind) for name, kind in faces.table.dtypes.items()} == COLUMNS
