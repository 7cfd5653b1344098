from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from cascade.detect import Detector, DetectParams
from cascade.model import read_cascade
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
    ],
    ids=["plain", "bounded", "from the window"],
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
    assert others <= mine
    # OpenCV's division into stripes loses some levels' last row.
    assert all(y + side > len(image) - side / 8 for _, y, _, side in mine - others)


def test_levels_of_the_pyramid() -> None:
    levels = list(pyramid((100, 60), (20, 20), DetectParams(scale_factor=2, min_size=21)))
    assert [(level.scale, level.size, level.step) for level in levels] == [(2.0, (50, 30), 1)]
    assert [level.step for level in pyramid((100, 100), (20, 20), DetectParams(scale_factor=1.5))] == [2, 2, 1, 1]
    assert list(pyramid((19, 100), (20, 20), DetectParams())) == []
    assert [level.scale for level in pyramid((99, 99), (20, 20), DetectParams(max_size=22))] == [1.0, 1.1]


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
