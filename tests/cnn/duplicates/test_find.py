"""Near duplicates among generated pictures: each copy is found however it was changed, and nothing else is."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from itertools import pairwise

import cv2
import numpy as np
import pytest

from cnn.duplicates import search
from cnn.duplicates.confirm import correlation
from cnn.duplicates.find import COLUMNS, LIKENESS, find_near_duplicates
from cnn.duplicates.fingerprint import VIEWS, fingerprints, thumbnails
from cnn.duplicates.search import find_candidates
from runs.progress import Progress


def pictures(count: int, seed: int = 0) -> np.ndarray:
    """(count, 80, 80) uint8: smooth noise, with coarse and fine structure."""
    noise = np.random.default_rng(seed).normal(size=(count, 80, 80)).astype(np.float32)
    smooth = [cv2.GaussianBlur(each, (0, 0), 1.5) + 6 * cv2.GaussianBlur(each, (0, 0), 7) for each in noise]
    return np.stack([cv2.normalize(each, None, 20, 235, cv2.NORM_MINMAX).astype(np.uint8) for each in smooth])


def cut(picture: np.ndarray, left: int = 16, top: int = 16, side: int = 48) -> np.ndarray:
    return cv2.resize(picture[top : top + side, left : left + side], (48, 48), interpolation=cv2.INTER_AREA)


def stamped(picture: np.ndarray) -> np.ndarray:
    face = cut(picture)
    stamp = cv2.putText(face.copy(), "stock", (4, 30), cv2.FONT_HERSHEY_SIMPLEX, 0.4, 255, 1, cv2.LINE_AA)
    return cv2.addWeighted(face, 0.75, stamp, 0.25, 0)


def compressed(picture: np.ndarray) -> np.ndarray:
    return cv2.imdecode(cv2.imencode(".jpg", cut(picture), [cv2.IMWRITE_JPEG_QUALITY, 40])[1], cv2.IMREAD_GRAYSCALE)


CHANGES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "same": cut,
    "moved": lambda picture: cut(picture, 18, 15),
    "enlarged": lambda picture: cut(picture, 18, 18, 44),
    "smaller": lambda picture: cut(picture, 14, 14, 52),
    "mirrored": lambda picture: cut(picture)[:, ::-1],
    "mirrored and moved": lambda picture: cut(picture, 15, 18)[:, ::-1],
    "bright": lambda picture: (cut(picture) * 0.6 + 80).astype(np.uint8),
    "blurred": lambda picture: cv2.GaussianBlur(cut(picture), (0, 0), 0.8),
    "compressed": compressed,
    "stamped": stamped,
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_copy_is_found_and_nothing_else(change: str) -> None:
    originals = pictures(30)
    faces = np.stack([cut(picture) for picture in originals] + [CHANGES[change](picture) for picture in originals[:10]])
    pairs = find_near_duplicates(lambda some: faces[some], len(faces), 0.8)
    assert pairs.dtypes.astype(str).to_dict() == COLUMNS
    assert list(zip(pairs["first"], pairs["second"], strict=True)) == [(number, 30 + number) for number in range(10)]
    assert pairs["mirrored"].eq("mirrored" in change).all()
    assert (pairs["distance"] <= 1 - LIKENESS + 1e-6).all()


def test_correlation_of_a_face_with_itself_is_one_and_with_others_is_small() -> None:
    faces = [cut(picture) for picture in pictures(20)]
    assert correlation(faces[0], faces[0]) == pytest.approx(1, abs=1e-3)
    assert max(correlation(first, second) for first, second in pairwise(faces)) < 0.6


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_or_blank_faces(count: int) -> None:
    faces = np.full((count, 48, 48), 128, np.uint8)
    assert not len(find_near_duplicates(lambda some: faces[some], count, 0.8))


def test_lists_find_what_comparing_all_with_all_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    originals = pictures(600)
    faces = np.stack([cut(picture) for picture in originals] + [cut(picture, 17, 17, 45) for picture in originals[:60]])
    monkeypatch.setattr(search, "_LIST", 30)
    monkeypatch.setattr(search, "_BLOCK", 100)
    progress: list[Progress] = []
    found = find_candidates(lambda some: faces[some], len(faces), 0.8, progress.append)
    known, truth = fingerprints(thumbnails(faces), VIEWS[0]), set()
    for view in VIEWS:
        first, second = np.nonzero(fingerprints(thumbnails(faces), view) @ known.T >= 0.8)
        truth |= {
            (min(pair), max(pair)) for pair in zip(first.tolist(), second.tolist(), strict=True) if len({*pair}) > 1
        }
    pairs = [(min(pair), max(pair)) for pair in zip(found.first.tolist(), found.second.tolist(), strict=True)]
    assert len(pairs) == len(set(pairs))
    assert set(pairs) <= truth
    assert len(truth & set(pairs)) > 0.9 * len(truth)
    assert {(number, 600 + number) for number in range(60)} <= set(pairs)
    assert progress[-1].done == progress[-1].total == 660


def test_memory_is_bounded_where_pivots_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    faces = np.stack([cut(picture) for picture in pictures(1024)])
    monkeypatch.setattr(search, "_LIST", 1)
    monkeypatch.setattr(search, "_BLOCK", 32)
    assert peak_memory(faces) < 8e6  # a table of all faces and pivots takes 8.4 MB as integers


def test_faces_all_alike_bring_few_candidates_and_stay_linked() -> None:
    noise = np.random.default_rng(0).normal(0, 3, (800, 48, 48))
    faces = (cut(pictures(1)[0]) + noise).clip(0, 255).astype(np.uint8)
    found = find_candidates(lambda some: faces[some], len(faces), 0.86)
    assert np.bincount(found.first).max() <= 16
    assert reached(found.first, found.second, 800) == set(range(800))


def reached(first: np.ndarray, second: np.ndarray, count: int) -> set[int]:
    """All that chains of pairs reach from 0."""
    known = np.arange(count) == 0
    for _ in range(count):
        np.logical_or.at(known, first, known[second])
        np.logical_or.at(known, second, known[first])
    return set(np.flatnonzero(known).tolist())


def peak_memory(faces: np.ndarray) -> int:
    find_candidates(lambda some: faces[some], 64, 0.86)  # what is cached for all faces
    tracemalloc.start()
    try:
        find_candidates(lambda some: faces[some], len(faces), 0.86)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_the_same_faces_give_the_same_pairs() -> None:
    faces = np.stack([cut(picture) for picture in pictures(40)] + [cut(picture, 17) for picture in pictures(40)])
    one, two = (find_near_duplicates(lambda some: faces[some], 80, 0.8) for _ in range(2))
    assert len(one) == 40
    assert one.equals(two)
