from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from live.assignment import assign


@pytest.mark.parametrize("seed", range(40))
def test_the_sum_is_the_greatest_there_is(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(10):
        worth = rng.random(rng.integers(1, 7, 2)).round(1) * (rng.random() < 0.9)
        counted = np.where(worth >= 0.25, worth, 0.0)
        pairs = assign(worth, 0.25)
        assert sum(worth[pair] for pair in pairs) == pytest.approx(counted[linear_sum_assignment(-counted)].sum())
        assert all(worth[pair] >= 0.25 for pair in pairs)
        assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs)


def test_every_order_was_tried() -> None:
    worth = np.random.default_rng(7).random((4, 4))
    best = max(sum(worth[row, column] for row, column in enumerate(order)) for order in permutations(range(4)))
    assert sum(worth[pair] for pair in assign(worth, 0.0)) == pytest.approx(best)


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)])
def test_nobody_to_pair(shape: tuple[int, int]) -> None:
    assert assign(np.zeros(shape), 0.1) == []
