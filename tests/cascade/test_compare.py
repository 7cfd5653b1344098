from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from cascade.compare import OUTPUTS, compare_cascades, parse_cascade, stock_cascades
from cascade.errors import InputError
from cascade.evaluate import evaluate_cascade

BOX = (10, 10, 48, 48)


@pytest.fixture
def scenes(tmp_path: Path, draw_squares: Callable[..., NDArray[np.uint8]], write_scenes: Callable[..., Path]) -> Path:
    image = draw_squares(200, 150, [BOX])
    return write_scenes(tmp_path / "scenes", {"a.png": (image, [BOX]), "b.png": (image, [])})


@pytest.fixture
def strict_cascade(tmp_path: Path, square_text: str) -> Path:
    """One that finds nothing."""
    (tmp_path / "strict").mkdir()
    path = tmp_path / "strict/cascade.xml"
    path.write_text(square_text.replace("0 -1 0 1.3", "0 -1 0 99."), encoding="ascii")
    return path


def test_two_cascades_side_by_side(square_cascade: Path, strict_cascade: Path, scenes: Path, tmp_path: Path) -> None:
    found = compare_cascades([("a", square_cascade), ("b", strict_cascade)], scenes, tmp_path / "out")
    alone = evaluate_cascade(square_cascade, scenes, tmp_path / "alone")
    assert (found.scenes, found.faces) == (2, 1)
    assert [row.average_precision for row in found.rows] == [alone.average_precision, 0.0]
    assert found.rows[1].recalls == (0.0,) * 5
    # One scene of the two has a false alarm: no setting that finds the object keeps less than 0.5 an image.
    assert found.rows[0].recalls == (0.0, 0.0, 1.0, 1.0, 1.0)
    assert sorted(path.name for path in found.out.iterdir()) == sorted(OUTPUTS)
    told = json.loads((tmp_path / "out/comparison.json").read_text())
    with (tmp_path / "out/comparison.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["name"] for row in rows] == [row["name"] for row in told] == ["a", "b"]
    assert (rows[0]["recall_at_0.5"], told[0]["recall_at_0.5"]) == ("1.0", 1.0)


def test_names_must_differ_and_there_must_be_one(square_cascade: Path, scenes: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a name of its own"):
        compare_cascades([("a", square_cascade), ("a", square_cascade)], scenes, tmp_path / "out")
    with pytest.raises(InputError, match="at least one"):
        compare_cascades([], scenes, tmp_path / "out")


def test_files_of_somebody_else_are_never_replaced(square_cascade: Path, scenes: Path) -> None:
    with pytest.raises(InputError, match="holds files that no evaluation wrote"):
        compare_cascades([("a", square_cascade)], scenes, scenes.parent)


@pytest.mark.parametrize(
    ("text", "name", "path"),
    [
        ("a=b/c.xml", "a", "b/c.xml"),
        ("b/c.xml", "c", "b/c.xml"),
        ("b/cascade.xml", "b", "b/cascade.xml"),
        ("cascade.xml", "cascade", "cascade.xml"),
        ("b=1/c.xml", "b", "1/c.xml"),
        ("./b=1/c.xml", "c", "./b=1/c.xml"),
    ],
)
def test_how_a_cascade_is_named(text: str, name: str, path: str) -> None:
    assert parse_cascade(text) == (name, Path(path))


@pytest.mark.skipif(not cv2.__version__.startswith("5"), reason="the wheels of OpenCV 4 ship them")
def test_where_stock_cascades_are_missing_the_message_names_the_wheel() -> None:
    with pytest.raises(InputError, match=r"opencv-contrib-python-headless==4"):
        stock_cascades()


class Page(HTMLParser):
    """The elements, addresses and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.rows: list[list[str]] = []
        self.best: list[int] = []
        self.addresses: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src")]
        if tag == "tr":
            self.best += [len(self.rows)] * (("class", "best") in attrs)
            self.rows.append([])

    def handle_data(self, data: str) -> None:
        if self.names[-1:] in (["td"], ["th"]) and data.strip():
            self.rows[-1].append(data)


def test_the_page_tells_what_the_table_tells(
    square_cascade: Path, strict_cascade: Path, scenes: Path, tmp_path: Path
) -> None:
    found = compare_cascades([("strict", strict_cascade), ("ours", square_cascade)], scenes, tmp_path / "out")
    page = Page((tmp_path / "out/comparison.html").read_text(encoding="utf-8"))
    assert page.addresses == []
    assert page.names.count("svg") == 2
    assert page.names.count("polyline") == 4
    assert page.rows[0] == ["cascade", "at 0.1", "at 0.25", "at 0.5", "at 1", "at 2", "average precision"]
    assert page.rows[1] == ["strict", *["0.000"] * 6]
    assert page.rows[2] == [
        "ours",
        "0.000",
        "0.000",
        "1.000",
        "1.000",
        "1.000",
        f"{found.rows[1].average_precision:.3f}",
    ]
    assert page.best == [2]
    assert page.rows[4][:5] == ["strict", "24x24", "1", "1", "1"]
    cost = found.rows[1].features_per_window
    assert cost is not None
    assert 0 < cost < 1
    assert page.rows[5][5] == f"{cost:.2f}"


def test_names_cannot_write_the_page(square_cascade: Path, scenes: Path, tmp_path: Path) -> None:
    evil = tmp_path / "<img src=x onerror=alert(1)>.xml"
    shutil.copy(square_cascade, evil)
    (scenes.parent / "a.png").rename(scenes.parent / "<table><script>.png")
    scenes.write_text("<table><script>.png 1 10 10 48 48\n<b>none.png 0\n", encoding="utf-8")
    names = ["</title><script>alert(2)</script>", "\" onload='x", "\udcff{{ date }}"]
    found = compare_cascades([(name, evil) for name in names], scenes, tmp_path / "out")
    text = (tmp_path / "out/comparison.html").read_text(encoding="utf-8")
    page = Page(text)
    assert {"script", "img", "b"}.isdisjoint(page.names)
    assert [page.rows[number][0] for number in (1, 2, 3)] == [names[0], names[1], "\ufffd{{ date }}"]
    assert [row.name for row in found.rows] == [names[0], names[1], "\ufffd{{ date }}"]
    assert "&lt;img src=x onerror=alert(1)&gt;" in text
    skipped = (tmp_path / "out/skipped.csv").read_text(encoding="utf-8").splitlines()
    assert len(skipped) == 2  # once, not once a cascade


def test_where_there_is_nothing_to_find_none_is_best(
    square_cascade: Path, strict_cascade: Path, scenes: Path, tmp_path: Path
) -> None:
    scenes.write_text("a.png 0\n", encoding="utf-8")
    found = compare_cascades([("a", square_cascade), ("b", strict_cascade)], scenes, tmp_path / "out")
    assert [row.average_precision for row in found.rows] == [None, None]
    page = Page((tmp_path / "out/comparison.html").read_text(encoding="utf-8"))
    assert page.best == []
    assert page.rows[1][1:] == ["\u2013"] * 6
    told = json.loads((tmp_path / "out/comparison.json").read_text())
    assert told[0]["recall_at_2"] is None


def test_equally_good_ones_are_all_pointed_out(square_cascade: Path, scenes: Path, tmp_path: Path) -> None:
    compare_cascades([("a", square_cascade), ("b", square_cascade)], scenes, tmp_path / "out")
    assert Page((tmp_path / "out/comparison.html").read_text(encoding="utf-8")).best == [1, 2]
