from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from cascade.score.matching import match
from cascade.score.scenes import Scene
from cascade.score.tiles import TileBox, png_data, scene_tiles, worst_scenes

Box = tuple[int, int, int, int]
HIT, MISS, ALARM = (0, 0, 20, 20), (40, 0, 20, 20), (0, 40, 20, 20)
MakeScene = Callable[..., Scene]


@pytest.fixture
def make(tmp_path: Path) -> MakeScene:
    def scene(name: str, found: list[Box], truth: list[Box], size: tuple[int, int] = (80, 60)) -> Scene:
        cv2.imwrite(str(tmp_path / name), np.full(size[::-1], 128, np.uint8))
        scores = [float(max(9 - number, 1)) for number in range(len(found))]
        return Scene(tmp_path / name, match(found, scores, truth, 0.3), *size)

    return scene


def decoded(address: str) -> NDArray[np.uint8]:
    _, content = address.split(";base64,")
    return np.asarray(cv2.imdecode(np.frombuffer(base64.b64decode(content), np.uint8), cv2.IMREAD_GRAYSCALE))


def test_boxes_are_told_apart_and_stay_in_the_pictures_own_pixels(make: MakeScene) -> None:
    one = scene_tiles([make("a.png", [HIT, ALARM], [HIT, MISS])], 3, 5)[0]
    assert set(one.boxes) == {TileBox("hit", HIT), TileBox("miss", MISS), TileBox("alarm", ALARM)}
    assert (one.name, one.caption, one.width, one.height) == ("a.png", "1 of 2 found, 1 false alarm", 80, 60)
    strict = scene_tiles([make("a.png", [HIT, ALARM], [HIT, MISS])], 8, 5)[0]
    assert set(strict.boxes) == {TileBox("hit", HIT), TileBox("miss", MISS)}


@pytest.mark.parametrize(
    ("size", "shown"), [((80, 60), (80, 60)), ((880, 220), (440, 110)), ((3, 2000), (1, 440)), ((2000, 1), (440, 1))]
)
def test_pictures_are_made_smaller_never_larger(make: MakeScene, size: tuple[int, int], shown: tuple[int, int]) -> None:
    one = scene_tiles([make("a.png", [], [], size)], 3, 1)[0]
    assert decoded(one.data).shape[::-1] == shown
    assert (one.width, one.height) == size
    assert abs(int(decoded(one.data).mean()) - 128) <= 1


def test_a_page_holds_no_more_boxes_than_it_can_show(make: MakeScene) -> None:
    many = [(7 * n, 0, 5, 5) for n in range(1000)]
    assert len(scene_tiles([make("a.png", many, [])], 0, 1)[0].boxes) == 300


def test_the_worst_come_first_and_the_best_not_at_all(make: MakeScene) -> None:
    scenes = [make("good.png", [HIT], [HIT]), make("one.png", [], [HIT]), make("two.png", [ALARM], [HIT])]
    assert worst_scenes(scenes, 3) == [("two.png", 1, 1, 1), ("one.png", 1, 1, 0)]
    assert worst_scenes(scenes * 9, 3, most=4) == [("two.png", 1, 1, 1)] * 4


def test_a_small_picture_is_kept_whole() -> None:
    image = np.random.default_rng(0).integers(0, 256, (24, 20)).astype(np.uint8)
    assert np.array_equal(decoded(png_data(image)), image)
