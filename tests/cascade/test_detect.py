from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from cascade.boxes import iou
from cascade.detect import Detector, DetectParams
from cascade.errors import InputError
from runs.parameters import ParameterError

Draw = Callable[..., NDArray[np.uint8]]
SQUARES = [(10, 10, 48, 48), (100, 60, 64, 64), (150, 5, 32, 32)]


def test_known_squares_are_found(square_cascade: Path, draw_squares: Draw) -> None:
    boxes, scores = Detector(square_cascade).detect(draw_squares(200, 150, SQUARES))
    assert (boxes.shape, scores.shape) == ((3, 4), (3,))
    assert (boxes.dtype, scores.dtype) == (np.int64, np.float64)
    agreement = iou(boxes, SQUARES)
    assert sorted(agreement.argmax(axis=1).tolist()) == [0, 1, 2]
    assert agreement.max(axis=1).min() > 0.7


def test_the_best_score_comes_first_and_is_the_number_of_neighbours(square_cascade: Path, draw_squares: Draw) -> None:
    image = draw_squares(200, 150, SQUARES)
    _, scores = Detector(square_cascade).detect(image)
    neighbours = cv2.CascadeClassifier(str(square_cascade)).detectMultiScale2(image, 1.1, 3, 0, (20, 20))[1]
    assert scores.tolist() == sorted(np.ravel(neighbours).tolist(), reverse=True)


def test_nothing_found_is_an_empty_array(square_cascade: Path) -> None:
    for shape in ((100, 100), (5, 7), (1, 1)):
        boxes, scores = Detector(square_cascade).detect(np.zeros(shape, np.uint8))
        assert (boxes.shape, scores.shape) == ((0, 4), (0,))


def test_threads_may_share_a_detector(square_cascade: Path, draw_squares: Draw) -> None:
    images = [draw_squares(640, 480 - 60 * number, [(20 + 60 * number, 40, 48, 48)]) for number in range(6)]
    detector = Detector(square_cascade)
    alone = [detector.detect(image)[0].tolist() for image in images]
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda image: detector.detect(image)[0].tolist(), images * 10))
    assert found == alone * 10
    assert len({str(boxes) for boxes in alone}) == 6


def test_colour_is_searched_as_grey(square_cascade: Path, draw_squares: Draw) -> None:
    grey = draw_squares(200, 150, SQUARES)
    detector = Detector(square_cascade)
    assert np.array_equal(detector.detect(grey)[0], detector.detect(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR))[0])


def test_a_view_with_strides_is_searched_like_a_copy(square_cascade: Path, draw_squares: Draw) -> None:
    view = draw_squares(400, 300, [(20, 20, 96, 96)])[::2, ::2]
    detector = Detector(square_cascade)
    assert np.array_equal(detector.detect(view)[0], detector.detect(view.copy())[0])


def test_size_limits_and_neighbours(square_cascade: Path, draw_squares: Draw) -> None:
    image = draw_squares(200, 150, SQUARES)

    def sides(**options: int) -> list[int]:
        return sorted(Detector(square_cascade, DetectParams(**options)).detect(image)[0][:, 2].tolist())

    assert min(sides(min_size=40)) >= 40
    assert max(sides(max_size=40)) <= 40
    assert sides(min_neighbors=10_000) == []
    raw, scores = Detector(square_cascade, DetectParams(min_neighbors=0)).detect(image)
    assert len(raw) > 100
    assert set(scores.tolist()) == {1.0}


@pytest.mark.parametrize("size", [(31, 24), (97, 101), (160, 120)])
def test_stricter_is_a_part_of_looser(square_cascade: Path, size: tuple[int, int]) -> None:
    """The ground of the evaluation's curve: grouping at k is grouping at 1 without the groups of k or fewer."""
    noise = np.random.default_rng(sum(size)).integers(0, 2, (size[1] // 4 + 1, size[0] // 4 + 1), dtype=np.uint8) * 255
    image = np.ascontiguousarray(
        cv2.resize(noise, None, fx=4, fy=4, interpolation=cv2.INTER_NEAREST)[: size[1], : size[0]]
    )
    loose = Detector(square_cascade, DetectParams(min_neighbors=1)).detect(image)
    for least in (1, 2, 3, 4, 5, 7, 12, 30):
        boxes, scores = Detector(square_cascade, DetectParams(min_neighbors=least)).detect(image)
        assert np.array_equal(boxes, loose[0][loose[1] > least])
        assert np.array_equal(scores, loose[1][loose[1] > least])


def test_the_same_picture_gives_the_same_answer(square_cascade: Path, draw_squares: Draw) -> None:
    image = draw_squares(200, 150, SQUARES)
    first = Detector(square_cascade, DetectParams(min_neighbors=0)).detect(image)[0]
    for _ in range(5):
        assert np.array_equal(first, Detector(square_cascade, DetectParams(min_neighbors=0)).detect(image)[0])


def test_the_window_is_told(square_cascade: Path) -> None:
    assert Detector(square_cascade).window == (24, 24)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((10, 10), np.float32),
        np.zeros((10, 10, 4), np.uint8),
        np.zeros((0, 10), np.uint8),
        np.zeros(10, np.uint8),
        None,
    ],
)
def test_a_wrong_image_is_refused(square_cascade: Path, image: NDArray[np.uint8]) -> None:
    with pytest.raises(InputError, match="`image` must be an array of type uint8"):
        Detector(square_cascade).detect(image)


def test_a_cascade_that_does_not_load(tmp_path: Path, square_text: str) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        Detector(tmp_path / "none.xml")
    path = tmp_path / "half.xml"
    path.write_text(square_text[: len(square_text) // 2])
    with pytest.raises(InputError, match="not a whole cascade"):
        Detector(path)


def test_an_old_cascade_that_opencv_refuses(tmp_path: Path) -> None:
    path = tmp_path / "old.xml"
    path.write_text('<?xml version="1.0"?>\n<opencv_storage><face type_id="opencv-haar-classifier"/></opencv_storage>')
    with pytest.raises(InputError, match=r"old\.xml"):
        Detector(path)


def test_an_old_cascade_runs(tmp_path: Path, draw_squares: Draw) -> None:
    path = tmp_path / "old.xml"
    path.write_text(OLD_SQUARE_CASCADE)
    boxes, _ = Detector(path).detect(draw_squares(200, 150, SQUARES[:1]))
    assert iou(boxes, SQUARES[:1]).max() > 0.7


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scale_factor": 1.0}, "`scale_factor` must be at least"),
        ({"min_neighbors": -1}, "`min_neighbors` must be at least 0"),
        ({"min_size": 0}, "`min_size` must be at least 1"),
        ({"max_size": 19}, "`max_size` must be at least `min_size` 20"),
    ],
)
def test_parameters_are_checked(options: dict[str, float], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        DetectParams(**options)  # type: ignore[arg-type]


OLD_SQUARE_CASCADE = """<?xml version="1.0"?>
<opencv_storage>
<squares type_id="opencv-haar-classifier">
  <size>24 24</size>
  <stages>
    <_>
      <trees>
        <_>
          <_>
            <feature>
              <rects>
                <_>0 0 24 24 -1.</_>
                <_>6 6 12 12 4.</_></rects>
              <tilted>0</tilted></feature>
            <threshold>1.3</threshold>
            <left_val>-1.</left_val>
            <right_val>1.</right_val></_></_></trees>
      <stage_threshold>0.</stage_threshold>
      <parent>-1</parent>
      <next>-1</next></_></stages></squares>
</opencv_storage>
"""
