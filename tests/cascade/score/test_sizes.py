from __future__ import annotations

import pytest

from cascade.score.matching import match
from cascade.score.sizes import SizeRecall, recall_by_size

Box = tuple[int, int, int, int]


@pytest.mark.parametrize(
    ("box", "name"),
    [
        ((0, 0, 31, 33), "small"),  # sqrt(1023) is below 32
        ((0, 0, 32, 32), "medium"),
        ((0, 0, 16, 64), "medium"),
        ((0, 0, 63, 65), "medium"),  # sqrt(4095)
        ((0, 0, 64, 64), "large"),
        ((-500, 0, 2, 2048), "large"),
    ],
)
def test_the_side_is_the_root_of_the_area(box: Box, name: str) -> None:
    found = recall_by_size([match([box], [9.0], [box], 0.3)], 3)
    assert {one.name: (one.hits, one.faces) for one in found if one.faces} == {name: (1, 1)}


def test_each_setting_has_its_own() -> None:
    small, large = (0, 0, 10, 10), (100, 0, 90, 90)
    scene = match([small, large], [4.0, 8.0], [small, large], 0.3)
    hits = [[one.hits for one in recall_by_size([scene, scene], least)] for least in (3, 4, 8)]
    assert hits == [[2, 0, 2], [0, 0, 2], [0, 0, 0]]
    assert [one.recall for one in recall_by_size([scene], 4)] == [0.0, None, 1.0]


def test_sizes_in_words() -> None:
    words = [SizeRecall("", 0, 0, *bounds).range for bounds in ((0, 32), (32, 64), (64, float("inf")))]
    assert words == ["below 32 px", "32 to 64 px", "from 64 px"]
