"""The reports of a merge: counts with their zeros, pictures that open, skips and totals that read back, one page."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest

from cnn.datasets.registry import READERS
from cnn.labels import EXPRESSIONS
from cnn.merge_params import MergeParams
from cnn.merge_report import COLORS, PUBLISHED, compare_with_published, count_faces, draw_counts, write_reports
from cnn.merge_rules import LEAK, NEAR_LEAK
from cnn.merge_sheet import choose_pairs, write_sheet
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


def near_pairs(count: int, left_out: int = 0) -> pd.DataFrame:
    """Pairs of faces 0 to 2 * count - 1; of the first `left_out`, the first face had to go."""
    frame = pd.DataFrame({"first": range(0, 2 * count, 2), "second": range(1, 2 * count, 2)})
    frame = frame.assign(distance=0.1, correlation=np.linspace(0.99, 0.8, count), mirrored=False)
    for side in ("first", "second"):
        split = ["" if side == "first" and number < left_out else "train" for number in range(count)]
        facts = {"source": "ferplus", "official_split": "Training", "row": 2, "file": "<b>.png", "expression": "Sad"}
        frame = frame.assign(**{f"{side}_{name}": value for name, value in {**facts, "split": split}.items()})
    return frame


def take(positions: np.ndarray) -> np.ndarray:
    return np.broadcast_to((positions % 256).astype(np.uint8)[:, None, None], (len(positions), 48, 48)).copy()


def details(**values: Any) -> dict[str, Any]:
    figures = dict.fromkeys(("leaks", "near_leaks", "person_leaks", "duplicates", "conflicts", "near_conflicts"), 0)
    counted = {"by_split": {"train": 2, "validation": 1, "test": 1}, "by_source": {"ferplus": 3, "affectnet": 1}}
    groups = {"near_pairs": 0, "near_conflict_groups": 0, "skipped": {}, "faces": 4}
    return {**figures, **counted, **groups, "parameters": MergeParams().as_dict(), **values}


def test_totals_stand_beside_the_published_ones() -> None:
    totals = compare_with_published(count_faces(FACES)).set_index("expression")
    assert list(totals.index) == list(EXPRESSIONS)
    assert totals["count"].to_dict() == {"Happy": 2, "Sad": 1, "Neutral": 1, "Surprise": 0, "Angry": 0}
    assert totals["published"].to_dict() == PUBLISHED
    assert sum(PUBLISHED.values()) == 297_806  # the sum that is published with them


def test_reports_are_written_and_read_back(tmp_path: Path) -> None:
    skips = [Skip("a.csv", 3, "<rule>", "value", "remedy"), Skip("ferplus/Training", 4, LEAK, "value", "remedy")]
    figures = details(leaks=1, near_leaks=1200, near_pairs=2, skipped={"<rule>": 1, LEAK: 1, NEAR_LEAK: 1200})
    write_reports(tmp_path, FACES, skips, near_pairs(2, 1), take, figures)
    counts = pd.read_csv(tmp_path / "counts.csv")
    assert counts[counts["split"] != "all"]["count"].tolist() == count_faces(FACES)["count"].tolist()
    assert counts[counts["split"] == "all"]["published"].tolist() == [PUBLISHED[name] for name in EXPRESSIONS]
    report = json.loads((tmp_path / "report.json").read_text())
    assert {name: report[name] for name in figures} == figures
    assert report["published_full_merge"]["Happy"] == {"count": 2, "published": 134_626, "ratio": 0.0}
    for name, rows in (("skipped.csv", 2), ("near_duplicates.csv", 2)):
        with (tmp_path / name).open(newline="") as stream:
            assert len(list(csv.DictReader(stream))) == rows
    picture = cv2.imread(str(tmp_path / "counts.png"))
    assert picture is not None
    assert picture.shape == (912, 1440, 3)


def test_the_page_tells_it_all_and_needs_nothing_else(tmp_path: Path) -> None:
    figures = details(leaks=1, near_leaks=1200, near_pairs=2, skipped={LEAK: 1, NEAR_LEAK: 1200})
    write_reports(tmp_path, FACES, [Skip("a.csv", 3, "<rule>", "", "")], near_pairs(2, 1), take, figures)
    page = (tmp_path / "report.html").read_text()
    for words in (
        "ferplus + affectnet",
        "1,201",
        "134,626",
        "297,806",
        "&lt;rule&gt;",
        "2 pairs of faces",
        "data:image/jpeg",
    ):
        assert words in page, words
    assert not re.findall(r"(?:src|href)=\"(?!data:)", page)
    assert "<rule>" not in page


def test_the_page_warns_where_it_must(tmp_path: Path) -> None:
    parameters = MergeParams(near_duplicates="off").as_dict()
    figures = details(by_split={"train": 2}, parameters=parameters)
    write_reports(tmp_path, FACES[FACES["split"] == "train"], [], near_pairs(0), take, figures)
    page = (tmp_path / "report.html").read_text()
    assert "Near duplicates were not looked for" in page
    assert "No face for validation and test." in page
    assert "No face of Angry in train" in page
    assert not (tmp_path / "near_duplicates.png").exists()


def test_the_sheet_shows_both_faces_of_each_pair(tmp_path: Path) -> None:
    sheet = write_sheet(tmp_path / "sheet.png", near_pairs(7), take)
    assert sheet is not None
    assert sheet.shape == (2 * (72 + 26 + 8), 6 * (2 * 72 + 8))
    assert np.array_equal(cv2.imread(str(tmp_path / "sheet.png"), cv2.IMREAD_GRAYSCALE), sheet)
    assert sheet[0, 0] == 12  # the least sure pair first: faces 12 and 13
    assert sheet[0, 72] == 13


def test_half_of_the_sheet_is_of_faces_that_had_to_go() -> None:
    chosen = choose_pairs(near_pairs(500, 100))
    assert len(chosen) == 60
    assert (chosen["first_split"] == "").sum() >= 30
    assert (chosen["first_split"] != "").sum() >= 10
    assert chosen["correlation"].is_monotonic_increasing
    assert len(choose_pairs(near_pairs(100, 5))) == 60


def test_every_reader_has_a_color() -> None:
    assert set(COLORS) == set(READERS)


@pytest.mark.parametrize("source", COLORS)
def test_every_dataset_has_its_color(tmp_path: Path, source: str) -> None:
    draw_counts(tmp_path / "counts.png", count_faces(FACES.assign(source=source)))
    picture = cv2.imread(str(tmp_path / "counts.png"))
    assert picture is not None
    red, green, blue = (int(COLORS[source][place : place + 2], 16) for place in (1, 3, 5))
    assert ((picture == (blue, green, red)).all(axis=2)).sum() > 1000
