"""The reports of a merge: counts with their zeros, a picture that opens, skips and totals that read back."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import cv2
import pandas as pd
import pytest

from cnn.merge_report import COLORS, count_faces, draw_counts, write_reports
from runs.skips import Skip

FACES = pd.DataFrame(
    [
        ("ferplus", "train", "Happy"),
        ("ferplus", "train", "Happy"),
        ("ferplus", "test", "Sad"),
        ("affectnet", "validation", "Neutral"),
    ],
    columns=["source", "split", "expression"],
)


def test_counts_hold_every_cell_once() -> None:
    counts = count_faces(FACES)
    assert len(counts) == 2 * 3 * 5
    assert counts["count"].sum() == len(FACES)
    filled = counts[counts["count"] > 0].set_index(["source", "split", "expression"])["count"].to_dict()
    assert filled == {
        ("ferplus", "train", "Happy"): 2,
        ("ferplus", "test", "Sad"): 1,
        ("affectnet", "validation", "Neutral"): 1,
    }


def test_reports_are_written_and_read_back(tmp_path: Path) -> None:
    write_reports(tmp_path, FACES, [Skip("a.csv", 3, "rule", "value", "remedy")], {"faces": 4})
    assert pd.read_csv(tmp_path / "counts.csv").equals(count_faces(FACES).astype({"count": "int64"}))
    assert json.loads((tmp_path / "report.json").read_text()) == {"faces": 4}
    with (tmp_path / "skipped.csv").open(newline="") as stream:
        assert next(iter(csv.DictReader(stream)))["line"] == "3"
    picture = cv2.imread(str(tmp_path / "counts.png"))
    assert picture is not None
    assert picture.shape == (504, 1440, 3)


@pytest.mark.parametrize("source", COLORS)
def test_every_dataset_has_its_color(tmp_path: Path, source: str) -> None:
    draw_counts(tmp_path / "counts.png", count_faces(FACES.assign(source=source)))
    picture = cv2.imread(str(tmp_path / "counts.png"))
    assert picture is not None
    red, green, blue = (int(COLORS[source][place : place + 2], 16) for place in (1, 3, 5))
    assert ((picture == (blue, green, red)).all(axis=2)).sum() > 1000
