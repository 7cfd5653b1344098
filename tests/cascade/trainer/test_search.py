"""The search for splits: the exact one against sorting every feature; threads and memory change nothing."""

from __future__ import annotations

import numba
import numpy as np
import pytest
from numpy.typing import NDArray

from cascade.trainer.features import FeaturePool, enumerate_features
from cascade.trainer.integrals import Samples, prepare
from cascade.trainer.patterns import PatternSearch
from cascade.trainer.search import HaarSearch
from cascade.trainer.splits import GINI, MISCLASSIFICATION, SQUARED_ERROR, Split
from cascade.trainer.values import haar_values

SIDE, POSITIVES = 8, 120


@pytest.fixture(scope="module")
def pool() -> FeaturePool:
    return enumerate_features(SIDE, SIDE, "HAAR", "ALL")


@pytest.fixture(scope="module")
def samples() -> Samples:
    random = np.random.default_rng(4)
    pictures = random.integers(0, 256, (300, SIDE, SIDE)).astype(np.uint8)
    pictures[:POSITIVES, 2:4] //= 2
    return prepare(pictures, tilted=True)


@pytest.mark.parametrize("criterion", [SQUARED_ERROR, MISCLASSIFICATION, GINI])
@pytest.mark.parametrize("seed", [1, 2])
def test_exact_finds_what_sorting_finds(pool: FeaturePool, samples: Samples, criterion: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    weights = random.exponential(size=300)
    chosen = np.flatnonzero(random.random(300) < 0.8)
    found = _search(pool, samples).best(chosen, weights, _signs(), criterion)
    expected = _by_sorting(pool, samples, chosen, weights, _signs(), criterion)
    assert found is not None
    assert (found.feature, found.threshold) == (expected.feature, expected.threshold)


def test_exact_finds_it_with_any_responses(pool: FeaturePool, samples: Samples) -> None:
    random = np.random.default_rng(5)
    responses = (_signs() * random.uniform(1, 10, 300)).astype(np.float32)
    weights, chosen = random.exponential(size=300), np.arange(300)
    found = _search(pool, samples).best(chosen, weights, responses, SQUARED_ERROR)
    expected = _by_sorting(pool, samples, chosen, weights, responses, SQUARED_ERROR)
    assert found is not None
    assert (found.feature, found.threshold) == (expected.feature, expected.threshold)


@pytest.mark.parametrize("exact", [False, True])
def test_threads_and_memory_change_nothing(pool: FeaturePool, samples: Samples, exact: bool) -> None:
    weights = np.random.default_rng(6).exponential(size=300)
    found = set()
    for threads, rows in ((1, len(pool)), (2, len(pool)), (numba.config.NUMBA_NUM_THREADS, 130), (1, 0)):
        before = numba.get_num_threads()
        numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
        found.add(_search(pool, samples, rows, exact).best(np.arange(300), weights, _signs(), SQUARED_ERROR))
        numba.set_num_threads(before)
    assert len(found) == 1


def test_fast_is_never_better_than_exact_and_hardly_worse(pool: FeaturePool, samples: Samples) -> None:
    for seed in range(5):
        weights = np.random.default_rng(seed).exponential(size=300)
        best, good = (
            _search(pool, samples, exact=exact).best(np.arange(300), weights, _signs(), SQUARED_ERROR)
            for exact in (True, False)
        )
        assert best is not None
        assert good is not None
        assert 0.9 * best.gain <= good.gain <= best.gain


def test_a_look_at_few_samples_loses_hardly_anything() -> None:
    random = np.random.default_rng(9)
    pictures = random.integers(0, 256, (6000, 6, 6)).astype(np.uint8)
    pictures[:2500, 1:3] //= 2
    upright = enumerate_features(6, 6, "HAAR", "BASIC")
    signs = np.where(np.arange(6000) < 2500, 1, -1).astype(np.float32)
    weights, found = random.exponential(size=6000), []
    for exact, rows in ((True, 600), (False, 600), (False, 100)):
        search = HaarSearch(upright, prepare(pictures), 2500, np.empty((rows, 6000), np.uint8), exact=exact)
        found.append(search.best(np.arange(500, 6000), weights, signs, SQUARED_ERROR))
    best, good, same = found
    assert best is not None
    assert good is not None
    assert good == same
    assert 0.99 * best.gain <= good.gain <= best.gain


def test_samples_that_are_all_alike_cannot_be_split(pool: FeaturePool) -> None:
    alike = prepare(np.tile(np.arange(64, dtype=np.uint8).reshape(1, 8, 8), (300, 1, 1)), tilted=True)
    assert _search(pool, alike).best(np.arange(300), np.ones(300), _signs(), SQUARED_ERROR) is None


def test_a_pattern_that_tells_the_classes_apart_is_found() -> None:
    pictures = np.random.default_rng(8).integers(0, 100, (60, 6, 6)).astype(np.uint8)
    pictures[:30, 2:4, 2:4] += 150
    pictures[30:, 2:4, 2:4] = 0
    search = PatternSearch(enumerate_features(6, 6, "LBP"), prepare(pictures), 30)
    signs = np.where(np.arange(60) < 30, 1, -1).astype(np.float32)
    split = search.best(np.arange(60), np.full(60, 1 / 60), signs, SQUARED_ERROR)
    assert split is not None
    assert split.gain == pytest.approx(1)
    assert len(set(search.goes_left(split)[:30])) == 1
    assert search.goes_left(split)[0] != search.goes_left(split)[30]


def _search(pool: FeaturePool, samples: Samples, rows: int = 10_000, exact: bool = True) -> HaarSearch:
    return HaarSearch(pool, samples, POSITIVES, np.empty((min(rows, (len(pool) + 1) // 2), 300), np.uint8), exact=exact)


def _signs() -> NDArray[np.float32]:
    return np.where(np.arange(300) < POSITIVES, 1, -1).astype(np.float32)


def _by_sorting(
    pool: FeaturePool,
    samples: Samples,
    chosen: NDArray[np.int64],
    weights: NDArray[np.float64],
    responses: NDArray[np.float32],
    criterion: int,
) -> Split:
    best = Split(-1, -1.0, None)
    for number in range(len(pool)):
        values = haar_values(pool, number, samples)[chosen]
        order = np.argsort(values, kind="stable")
        values, weight = values[order], weights[chosen][order]
        gains = _gains(np.cumsum(weight), np.cumsum(weight * responses[chosen][order]), criterion)
        gains[values[:-1] + np.float32(2.4e-7) >= values[1:]] = -1
        place = int(np.argmax(gains))
        if np.float32(gains[place]) > np.float32(best.gain):
            threshold = float((values[place] + values[place + 1]) * np.float32(0.5))
            best = Split(number, float(gains[place]), threshold)
    return best


def _gains(left: NDArray[np.float64], lsum: NDArray[np.float64], criterion: int) -> NDArray[np.float64]:
    right, rsum = left[-1] - left[:-1], lsum[-1] - lsum[:-1]
    left, lsum = left[:-1], lsum[:-1]
    if criterion == MISCLASSIFICATION:
        return np.asarray((left + right + abs(lsum - rsum)) / 2)
    if criterion == GINI:
        parts = [((a + s) ** 2 + (a - s) ** 2) / (4 * a) for a, s in ((left, lsum), (right, rsum))]
        return np.asarray(parts[0] + parts[1])
    return np.asarray(lsum**2 / left + rsum**2 / right)
