from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from cascade.score.curve_picture import save_curve
from cascade.score.matching import OperatingPoint
from cascade.score.sizes import SizeRecall

SIZES = (
    SizeRecall("small", 4, 1, 0, 32),
    SizeRecall("medium", 0, 0, 32, 64),
    SizeRecall("large", 2, 2, 64, float("inf")),
)


def point(neighbours: int, recall: float | None, alarms: float) -> OperatingPoint:
    return OperatingPoint(neighbours, recall, None, None, 0, 0, int(alarms * 10), alarms)


def test_recall_by_size() -> None:
    assert [one.recall for one in SIZES] == [0.25, None, 1.0]


@pytest.mark.parametrize(
    "points",
    [
        [point(1, 0.9, 3.0), point(2, 0.8, 0.5), point(3, 0.5, 0.0)],
        [point(1, None, 0.2), point(2, None, 0.0)],
        [point(1, 1.0, 0.0)],
        [point(1, 0.1, 40_000.0), point(2, 0.1, 0.01)],
    ],
    ids=["curve", "no objects", "one point", "wide"],
)
def test_a_curve_of_any_shape_is_drawn(tmp_path: Path, points: list[OperatingPoint]) -> None:
    save_curve(tmp_path / "curve.png", points, points[0], points[-1], SIZES, 0.5)
    image = cv2.imread(str(tmp_path / "curve.png"))
    assert image.shape == (540, 1200, 3)
    assert image.std() > 10


def test_the_marked_points_are_seen(tmp_path: Path) -> None:
    points = [point(1, 0.9, 3.0), point(2, 0.8, 0.5), point(3, 0.5, 0.0)]
    pictures = []
    for number, chosen in enumerate(points):
        save_curve(tmp_path / f"{number}.png", points, chosen, points[1], SIZES, 0.5)
        pictures.append(cv2.imread(str(tmp_path / f"{number}.png")))
    assert not np.array_equal(pictures[0], pictures[2])


def test_no_global_state_of_matplotlib_is_touched(tmp_path: Path) -> None:
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    save_curve(tmp_path / "curve.png", [point(1, 0.9, 3.0)], point(1, 0.9, 3.0), point(1, 0.9, 3.0), SIZES, 0.0)
    assert plt.get_fignums() == before
