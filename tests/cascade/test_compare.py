from __future__ import annotations

import csv
import json
from collections.abc import Callable
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
