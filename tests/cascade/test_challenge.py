from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from cascade.challenge import SceneOutcomes, compare_recall, measure_scenes
from cascade.compare import BUDGETS, compare_cascades
from cascade.errors import InputError
from cascade.evaluate import EvaluateCascadeParams
from cascade.score.matching import match, operating_point, recommend

BOXES = [(10, 10, 48, 48), (100, 60, 72, 72)]


def outcomes(hits: list[list[int]], alarms: list[list[int]], objects: list[int], sha256: str = "same") -> SceneOutcomes:
    return SceneOutcomes(np.array(hits), np.array(alarms), np.array(objects), sha256)


@pytest.fixture
def scenes(tmp_path: Path, draw_squares: Callable[..., NDArray[np.uint8]], write_scenes: Callable[..., Path]) -> Path:
    both, one = draw_squares(200, 150, BOXES), draw_squares(200, 150, BOXES[:1])
    return write_scenes(tmp_path / "scenes", {"a.png": (both, BOXES), "b.png": (one, BOXES[:1]), "c.png": (one, [])})


@pytest.fixture
def strict_cascade(tmp_path: Path, square_text: str) -> Path:
    """One that finds nothing."""
    path = tmp_path / "strict.xml"
    path.write_text(square_text.replace("0 -1 0 1.3", "0 -1 0 99."), encoding="ascii")
    return path


def test_recall_is_that_of_the_comparison_page(
    square_cascade: Path, strict_cascade: Path, scenes: Path, tmp_path: Path
) -> None:
    page = compare_cascades([("a", strict_cascade), ("b", square_cascade)], scenes, tmp_path / "out")
    champion, challenger = measure_scenes(strict_cascade, scenes), measure_scenes(square_cascade, scenes)
    for number, budget in enumerate(BUDGETS):
        found = compare_recall(champion, challenger, budget)
        assert (found.first.value, found.second.value) == tuple(row.recalls[number] for row in page.rows)
    assert str(challenger) == "3 objects in 3 scenes"


def test_recall_is_that_of_the_recommended_point_on_any_scenes() -> None:
    """Two ways, one answer: the evaluation's own points, and the sums over scenes."""
    rng = np.random.default_rng(5)
    truth = [(0, 0, 20, 20), (40, 0, 20, 20)]
    scenes = []
    for _ in range(15):
        boxes = [(*(rng.integers(-8, 9, 2) + at), 20, 20) for at in ((0, 0), (40, 0), (0, 60), (40, 60))]
        scenes.append(match(boxes, rng.integers(1, 12, 4), truth, 0.3))
    points = [operating_point(scenes, threshold) for threshold in range(1, 13)]
    hits = [[scene.above(t).hits for t in range(1, 13)] for scene in scenes]
    alarms = [[scene.above(t).false_alarms for t in range(1, 13)] for scene in scenes]
    all_scenes = outcomes(hits, alarms, [2] * 15)
    for budget in (0.1, 0.5, 1.0, 2.0):
        best, within = recommend(points, budget)
        assert compare_recall(all_scenes, all_scenes, budget).second.value == (best.recall if within else 0.0)


def test_the_point_is_chosen_anew_in_each_draw() -> None:
    """Two kinds of scenes: at the loose point half of them have two false alarms, at the strict one none is found.

    With the loose point fixed the recall would be 1 in every draw; chosen anew, it is 0 where more than half of the
    drawn scenes are of the noisy kind, as the budget of one an image is broken there.
    """
    noisy, clean = ([1, 0], [2, 0]), ([1, 0], [0, 0])
    kinds = [noisy, clean] * 10
    found = outcomes([hits for hits, _ in kinds], [alarms for _, alarms in kinds], [1] * 20)
    recall = compare_recall(found, found, 1.0).second
    assert (recall.value, recall.low, recall.high) == (1.0, 0.0, 1.0)


def test_scenes_are_drawn_and_not_objects() -> None:
    """All that is won lies in one crowded scene, which a third of the draws do not hold."""
    champion = outcomes([[1]] * 9 + [[0]], [[0]] * 10, [1] * 9 + [9])
    challenger = outcomes([[1]] * 9 + [[9]], [[0]] * 10, [1] * 9 + [9])
    found = compare_recall(champion, challenger, 0.5).difference
    assert (found.value, found.low) == (0.5, 0.0)


def test_without_a_champion_it_is_one_that_finds_nothing(square_cascade: Path, scenes: Path) -> None:
    found = compare_recall(None, measure_scenes(square_cascade, scenes), 1.0)
    assert (found.first.value, found.first.high, found.second.value) == (0.0, 0.0, 1.0)


def test_one_that_never_keeps_the_budget_has_recall_0() -> None:
    found = compare_recall(outcomes([[1, 1]], [[9, 9]], [1]), outcomes([[1, 0]], [[0, 0]], [1]), 0.5)
    assert (found.first.value, found.second.value) == (0.0, 1.0)


def test_the_digest_is_of_pictures_and_boxes_wherever_they_lie(
    square_cascade: Path,
    strict_cascade: Path,
    scenes: Path,
    tmp_path: Path,
    draw_squares: Callable[..., NDArray[np.uint8]],
    write_scenes: Callable[..., Path],
) -> None:
    image = draw_squares(200, 150, BOXES)
    own = {"x.png": (image, BOXES)}
    shas = [
        measure_scenes(square_cascade, write_scenes(tmp_path / "1", own)).sha256,
        measure_scenes(strict_cascade, write_scenes(tmp_path / "2", {"y.png": (image, BOXES)})).sha256,
        measure_scenes(square_cascade, write_scenes(tmp_path / "3", {"x.png": (image, BOXES[:1])})).sha256,
        measure_scenes(square_cascade, write_scenes(tmp_path / "4", {"x.png": (image // 2, BOXES)})).sha256,
    ]
    assert shas[0] == shas[1]
    assert len(set(shas)) == 3


def test_both_must_be_measured_on_the_same_scenes() -> None:
    with pytest.raises(InputError, match="measured on different scenes"):
        compare_recall(outcomes([[1]], [[0]], [1]), outcomes([[1]], [[0]], [1], "other"), 0.5)


def test_scenes_must_hold_an_object(
    square_cascade: Path,
    tmp_path: Path,
    draw_squares: Callable[..., NDArray[np.uint8]],
    write_scenes: Callable[..., Path],
) -> None:
    empty = write_scenes(tmp_path / "empty", {"a.png": (draw_squares(200, 150, []), [])})
    with pytest.raises(InputError, match=r"empty/info\.lst: holds no object"):
        measure_scenes(square_cascade, empty, EvaluateCascadeParams())
