"""The record of labelled faces: what goes in comes out, and memory does not hold it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from cnn.datasets.table import COLUMNS, VOTE_COLUMNS, FaceWriter
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
