from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from cascade.detect import Detector, DetectParams
from cascade.model import CascadeModel, read_cascade
from cascade.model.write import write_cascade
from cascade.score.matching import match
from cascade.score.scenes import Scene
from cascade.score.stages import StageTrace, pyramid, trace_levels, trace_scenes


def textured(seed: int, width: int, height: int) -> NDArray[np.uint8]:
    """Blobs of all sizes with bright squares: many windows come far, some are flat."""
    rng = np.random.default_rng(seed)
    noise = cv2.GaussianBlur(rng.normal(0, 1, (height, width)), (0, 0), 4)
    image = np.clip(110 + 400 * noise, 0, 255).astype(np.uint8)
    image[: height // 3, : width // 3] = 128
    for _ in range(6):
        x, y, side = rng.integers(0, width - 40), rng.integers(0, height - 40), rng.integers(12, 40)
        image[y : y + side, x : x + side] = 240
    return image


@pytest.mark.parametrize(
    "params",
    [
        DetectParams(min_neighbors=0),
        DetectParams(min_neighbors=0, scale_factor=1.3, min_size=30, max_size=70),
        DetectParams(min_neighbors=0, min_size=1),
        DetectParams(min_neighbors=0, scale_factor=1.5, min_size=46, max_size=47),
    ],
    ids=["plain", "bounded", "from the window", "between two scales"],
)
@pytest.mark.parametrize("seed", range(4))
def test_the_walk_accepts_the_windows_that_opencv_accepts(
    square_cascade: Path, square_text: str, seed: int, params: DetectParams
) -> None:
    square_cascade.write_text(square_text.replace("0 -1 0 1.3", "0 -1 0 0.2"), encoding="ascii")
    image = textured(seed, 150 + 7 * seed, 110)
    model = read_cascade(square_cascade)
    ours = [boxes[passed == 1] for passed, _, boxes in trace_levels(model, image, params)]
    theirs, _ = Detector(square_cascade, params).detect(image)
    assert len(theirs) > 10
    found = np.vstack(ours)
    # OpenCV cuts off what a rounded window has outside the picture.
    found[:, 2:] = np.minimum(found[:, 2:], np.array(image.shape[::-1]) - found[:, :2])
    mine, others = {tuple(box) for box in found.tolist()}, {tuple(box) for box in theirs.tolist()}
    assert mine == others


@pytest.mark.parametrize(("kind", "nodes"), [("HAAR", 1), ("HAAR", 4), ("LBP", 2)])
def test_the_walk_is_opencvs_for_any_cascade(
    kind: str, nodes: int, random_model: Callable[..., CascadeModel], tmp_path: Path
) -> None:
    params, total = DetectParams(min_neighbors=0, scale_factor=1.25, min_size=1), 0
    for seed in range(6):
        model, image = random_model(seed, kind, nodes), textured(seed, 90 + 11 * seed, 131)
        write_cascade(model, tmp_path / "random.xml")
        theirs, _ = Detector(tmp_path / "random.xml", params).detect(image)
        levels = trace_levels(model, image, params)
        found = np.vstack([boxes[passed == len(model.stages)] for passed, _, boxes in levels])
        found[:, 2:] = np.minimum(found[:, 2:], np.array(image.shape[::-1]) - found[:, :2])
        assert {tuple(box) for box in found.tolist()} == {tuple(box) for box in theirs.tolist()}
        total += len(theirs)
    assert total > 500


def test_the_rows_that_opencvs_stripes_leave() -> None:
    """80 columns make 3 stripes of 32; 41 rows by 2 are 20 whole pairs, in stripes of 7: 21 of 21 rows are searched.

    With 37 rows they are 18, in stripes of 6: 18 of 19. One stripe of 32 columns loses the last of any odd number.
    """
    for (width, height), rows in {(99, 60): 21, (99, 56): 18, (51, 56): 18, (51, 57): 19, (20, 20): 1}.items():
        level = pyramid((width, height), (20, 20), DetectParams(min_size=1))[0]
        assert (level.scale, level.step, level.rows) == (1.0, 2, rows)


def test_between_two_scales_the_nearest_is_searched_as_opencv_does() -> None:
    bounds = {(21, 22): 1.0, (35, 38): 2.0, (90, 95): 4.0}
    for (least, most), scale in bounds.items():
        params = DetectParams(scale_factor=2, min_size=least, max_size=most)
        assert [level.scale for level in pyramid((100, 100), (20, 20), params)] == [scale]


def test_levels_of_the_pyramid() -> None:
    levels = pyramid((100, 60), (20, 20), DetectParams(scale_factor=2, min_size=21))
    assert [(level.scale, level.size, level.step) for level in levels] == [(2.0, (50, 30), 1)]
    assert [level.step for level in pyramid((100, 100), (20, 20), DetectParams(scale_factor=1.5))] == [2, 2, 1, 1]
    assert pyramid((19, 100), (20, 20), DetectParams()) == []
    assert [level.scale for level in pyramid((99, 99), (20, 20), DetectParams(max_size=22))] == [1.0, np.float32(1.1)]


def test_a_trace_in_closed_form() -> None:
    rows = StageTrace(1, 100, (100, 40, 10), 140, (2, 5)).rows()
    assert [(row.stage, row.weak_classifiers, row.reached, row.share) for row in rows] == [
        (1, 2, 100, 1),
        (2, 5, 40, 0.4),
    ]
    assert [row.rejected for row in rows] == pytest.approx([0.6, 0.75])
    assert StageTrace(0, 0, (0, 0), 0, (2,)).rows()[0].rejected is None
    assert StageTrace(0, 0, (0, 0), 0, (2,)).features_per_window is None


def test_scenes_are_traced(square_cascade: Path, tmp_path: Path) -> None:
    scenes = []
    for seed in range(4):
        cv2.imwrite(str(tmp_path / f"{seed}.png"), textured(seed, 100, 100))
        scenes.append(Scene(tmp_path / f"{seed}.png", match([], [], [], 0.3), 100, 100))
    whole = trace_scenes(square_cascade, scenes, DetectParams(), 1.0)
    half = trace_scenes(square_cascade, scenes, DetectParams(), 0.02)
    assert whole is not None
    assert half is not None
    assert (whole.scenes, half.scenes) == (4, 2)
    assert whole.reached[0] == whole.windows > half.windows
    # One stump a window, but none on a flat one.
    assert whole.reached[1] < whole.features < whole.windows
    assert trace_scenes(square_cascade, scenes, DetectParams(), 0) is None
