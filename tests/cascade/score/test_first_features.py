from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from cascade.errors import InputError
from cascade.model import CascadeModel, Feature, Node, Rectangle, Stage, WeakClassifier, read_cascade
from cascade.score import first_features as drawing
from cascade.score.first_features import Shape, first_features, mean_of_objects, mean_of_samples
from cascade.score.matching import match
from cascade.score.scenes import Scene
from cascade.vec.file import write_vec

Box = tuple[int, int, int, int]


def model_of(feature: Feature, kind: str = "HAAR") -> CascadeModel:
    node = Node(0, -1, 0, None, (0,) * 8) if kind == "LBP" else Node(0, -1, 0, 0.0)
    stage = Stage(0.0, (WeakClassifier((node,), (-1.0, 1.0)),))
    return CascadeModel(kind, 24, 24, (stage,), (feature,))  # type: ignore[arg-type]


def shapes_of(feature: Feature, kind: str = "HAAR") -> tuple[Shape, ...]:
    return first_features(model_of(feature, kind))[0].shapes


def area(shape: Shape) -> float:
    return float(cv2.contourArea(np.array(shape.points, np.float32)))


def test_an_upright_feature_is_its_rectangles() -> None:
    dark, light = shapes_of(Feature((Rectangle(2, 3, 8, 6, -1.0), Rectangle(2, 3, 4, 6, 2.0))))
    assert dark == Shape(((2, 3), (10, 3), (10, 9), (2, 9)), light=False)
    assert light == Shape(((2, 3), (6, 3), (6, 9), (2, 9)), light=True)


@pytest.mark.parametrize(("x", "y", "width", "height"), [(12, 0, 6, 12), (9, 2, 7, 3), (5, 4, 1, 5)])
def test_a_tilted_part_covers_the_pixels_that_are_summed(x: int, y: int, width: int, height: int) -> None:
    """OpenCV sums `width` diagonals down to the right, each `height` long, twice: 2 * width * height pixels."""
    shape = shapes_of(Feature((Rectangle(x, y, width, height, -1.0), Rectangle(x, y, 1, 1, 1.0)), tilted=True))[0]
    outline = np.array(shape.points, np.float32)
    summed = [
        (row, column)
        for row in range(24)
        for column in range(24)
        if 0 <= (row + column) - (x + y) + 1 < 2 * width and 0 <= (row - column) - (y - x) - 1 < 2 * height
    ]
    assert len(summed) == area(shape) == 2 * width * height
    # The middle of a pixel may lie on the outline.
    assert all(cv2.pointPolygonTest(outline, (column + 0.5, row + 0.5), False) >= 0 for row, column in summed)


def test_an_lbp_feature_is_nine_cells_around_a_light_one() -> None:
    shapes = shapes_of(Feature((Rectangle(3, 6, 2, 4),)), "LBP")
    assert [shape.light for shape in shapes] == [False] * 4 + [True] + [False] * 4
    assert [shape.points[0] for shape in shapes] == [(x, y) for y in (6, 10, 14) for x in (3, 5, 7)]
    assert shapes[-1].points[2] == (9, 18)
    assert {area(shape) for shape in shapes} == {8.0}


@pytest.mark.parametrize(("kind", "nodes"), [("HAAR", 3), ("LBP", 2)])
def test_all_parts_lie_in_the_window_and_come_in_their_order(
    kind: str, nodes: int, random_model: Callable[..., CascadeModel]
) -> None:
    model = random_model(5, kind, nodes)
    drawn = first_features(model, stages=3, each=4)
    counts = [min(4, sum(len(weak.nodes) for weak in stage.weak_classifiers)) for stage in model.stages[:3]]
    assert [(one.stage, one.number) for one in drawn] == [
        (stage, number) for stage, count in enumerate(counts, start=1) for number in range(1, count + 1)
    ]
    corners = np.array([point for one in drawn for shape in one.shapes for point in shape.points])
    assert corners.min() >= 0
    assert (corners <= (model.width, model.height)).all()


def test_the_mean_of_samples_is_their_mean(
    square_cascade: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "_AT_ONCE", 3)
    samples = np.random.default_rng(0).integers(0, 256, (8, 24, 24)).astype(np.uint8)
    write_vec(tmp_path / "p.vec", samples)
    model = read_cascade(square_cascade)
    assert np.array_equal(mean_of_samples(tmp_path / "p.vec", model), samples.mean(axis=0).astype(np.uint8))
    with pytest.raises(InputError, match=r"20"):
        mean_of_samples(tmp_path / "p.vec", replace(model, width=20, height=20))


@pytest.fixture
def scene(tmp_path: Path) -> Callable[[NDArray[np.uint8], list[Box]], Scene]:
    def make(image: NDArray[np.uint8], boxes: list[Box]) -> Scene:
        cv2.imwrite(str(tmp_path / "scene.png"), image)
        return Scene(tmp_path / "scene.png", match([], [], boxes, 0.3), image.shape[1], image.shape[0])

    return make


def test_the_mean_of_objects_forgets_brightness_and_contrast(square_cascade: Path, scene: Callable[..., Scene]) -> None:
    """Two halves of equal size, 10 against 30 or 100 against 200, are both -1 and 1 deviations from their mean."""
    model = read_cascade(square_cascade)
    image = np.zeros((24, 48), np.uint8)
    image[:, :12], image[:, 12:24], image[:, 24:36], image[:, 36:] = 10, 30, 100, 200
    mean = mean_of_objects([scene(image, [(0, 0, 24, 24), (24, 0, 24, 24)])], model)
    assert mean is not None
    assert (set(mean[:, :12].ravel().tolist()), set(mean[:, 12:].ravel().tolist())) == ({68}, {188})


def test_objects_of_any_size_and_place_are_averaged_and_not_too_many(
    square_cascade: Path, scene: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = read_cascade(square_cascade)
    odd = [(0, 0, 1, 1), (-50, -50, 60, 60), (29, 19, 500_000, 7), (0, 0, 10**9, 10**9)]
    image = np.arange(600, dtype=np.uint16).reshape(20, 30).astype(np.uint8)
    one = scene(image, odd)
    mean = mean_of_objects([one], model)
    assert mean is not None
    assert mean.shape == (24, 24)
    assert mean_of_objects([scene(image, [])], model) is None
    cut: list[object] = []
    crop = drawing._crop
    monkeypatch.setattr(drawing, "_MOST_CROPS", 3)
    monkeypatch.setattr(drawing, "_crop", lambda *given: cut.append(given) or crop(*given))
    mean_of_objects([one, one], model)
    assert len(cut) == 3
