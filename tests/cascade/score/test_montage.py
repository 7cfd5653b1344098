from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from cascade.score.matching import match, operating_point
from cascade.score.montage import FALSE_ALARM, HIT, MISS, WIDTH, MontageScene, choose, save_montage

Box = tuple[int, int, int, int]
HITS, MISSES, ALARMS = (10, 10, 40, 40), (100, 20, 40, 40), (20, 80, 50, 50)


def scene(
    folder: Path, name: str, found: list[Box], truth: list[Box], shape: tuple[int, int] = (150, 200)
) -> MontageScene:
    cv2.imwrite(str(folder / name), np.full(shape, 128, np.uint8))
    return MontageScene(folder / name, match(found, [5.0] * len(found), truth, 0.5))


def drawn(folder: Path, scenes: list[MontageScene], most: int = 24, columns: int = 4) -> NDArray[np.uint8]:
    save_montage(folder / "montage.png", scenes, operating_point([one.matched for one in scenes], 3), most, columns)
    image: NDArray[np.uint8] = cv2.imread(str(folder / "montage.png"))
    return image


def pixels(image: NDArray[np.uint8], colour: str) -> int:
    blue_green_red = [int(colour[start : start + 2], 16) for start in (5, 3, 1)]
    return int((np.abs(image[70:].astype(int) - blue_green_red).max(axis=2) < 12).sum())


@pytest.mark.parametrize(
    ("found", "truth", "colour"),
    [([HITS], [(16, 16, 40, 40)], HIT), ([], [MISSES], MISS), ([ALARMS], [], FALSE_ALARM)],
    ids=["hit", "miss", "false alarm"],
)
def test_each_kind_of_box_has_its_colour(tmp_path: Path, found: list[Box], truth: list[Box], colour: str) -> None:
    image = drawn(tmp_path, [scene(tmp_path, "a.png", found, truth)])
    counts = {name: pixels(image, name) for name in (HIT, MISS, FALSE_ALARM)}
    assert counts.pop(colour) > 200
    assert set(counts.values()) == {0}


def test_the_sheet_is_bounded(tmp_path: Path) -> None:
    shapes = [(150, 200), (20, 3000), (3000, 20), (1, 1), (400, 400), (2000, 3000)]
    scenes = [scene(tmp_path, f"{n}.png", [], [HITS], shape) for n, shape in enumerate(shapes)]
    image = drawn(tmp_path, scenes, columns=2)
    assert image.shape[1] == WIDTH
    assert image.shape[0] < 3 * 480 + 100


def test_boxes_stay_in_their_picture_and_large_pictures_keep_their_scale(tmp_path: Path) -> None:
    out_of_picture = scene(tmp_path, "a.png", [], [(-500, -500, 1200, 1150)])
    assert pixels(drawn(tmp_path, [out_of_picture]), MISS) == 0
    large = drawn(tmp_path, [scene(tmp_path, "b.png", [(2000, 1500, 400, 400)], [], (3000, 4000))])
    rows, columns = np.nonzero(np.abs(large[70:].astype(int) - [0x1A, 0xA2, 0xFF]).max(axis=2) < 12)
    assert columns.min() == pytest.approx(24 + 0.5 * 560, abs=4)
    assert rows.min() + 70 == pytest.approx(64 + 0.5 * 420, abs=4)


@pytest.mark.parametrize("name", ["$x^2$_.png", "\u4e2d\u6587.png", "n" * 120 + ".png", "\u00e5\u0416.png"])
def test_odd_names_are_drawn_without_a_warning(tmp_path: Path, name: str) -> None:
    assert drawn(tmp_path, [scene(tmp_path, name, [HITS], [HITS])]).shape[1] == WIDTH


def test_captions_say_what_happened(tmp_path: Path) -> None:
    assert scene(tmp_path, "a.png", [HITS, ALARMS], [HITS, MISSES]).caption == "1 of 2 found, 1 false alarm"
    assert scene(tmp_path, "b.png", [HITS, ALARMS], []).caption == "no object, 2 false alarms"
    assert scene(tmp_path, "c.png", [], []).caption == "no object"


def test_the_worst_and_the_best_are_chosen_in_their_order(tmp_path: Path) -> None:
    plain = scene(tmp_path, "plain.png", [], [])
    best = scene(tmp_path, "best.png", [HITS, MISSES], [HITS, MISSES])
    worst = scene(tmp_path, "worst.png", [ALARMS], [HITS, MISSES])
    assert choose([best, plain, worst], 2) == [best, worst]
    assert choose([plain, worst], 2) == [plain, worst]
    assert choose([plain, best, worst], 1) == [worst]
