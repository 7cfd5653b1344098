"""The memory that a training may use, shared out before it starts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cascade.errors import InputError
from cascade.trainer.features import FeaturePool
from cascade.trainer.integrals import prepare
from cascade.trainer.patterns import PatternSearch
from cascade.trainer.search import HaarSearch
from cascade.trainer.splits import Search

_MEBIBYTE = 1 << 20
_OWN = 320  # MiB for Python, its libraries and compiled code
_PICTURES = 4  # one part in so many is for decoded pictures


class Room:
    """Memory for the features of one stage after the other.

    Parameters
    ----------
    samples
        The most samples that a stage has.
    memory
        MiB for the whole process.

    Raises
    ------
    InputError
        It is not enough for the samples themselves.
    """

    def __init__(self, pool: FeaturePool, samples: int, memory: int) -> None:
        self._pool = pool
        points = (pool.width + 1) * (pool.height + 1) * (2 if pool.tilted.any() else 1)
        # Integral images, and a node's samples' ones; pixels; the feature tables and their copies while they are made.
        fixed = samples * (8 * points + 3 * pool.width * pool.height) + 512 * len(pool)
        free = (memory - _OWN - self.pictures(memory)) * _MEBIBYTE - fixed
        if free < 0:
            least = (fixed // _MEBIBYTE + _OWN + 1) * _PICTURES // (_PICTURES - 1) + 1
            raise InputError(
                f"`memory` must be at least {least} MiB for {samples} samples and their features. Got {memory}."
            )
        rows = 0 if pool.feature_type == "LBP" else min((len(pool) + 1) // 2, free // samples)
        self._steps = np.empty(rows * samples, np.uint8)

    @staticmethod
    def pictures(memory: int) -> int:
        """MiB for decoded pictures."""
        return memory // _PICTURES

    def search(self, samples: NDArray[np.uint8], positives: int, *, exact: bool) -> Search:
        """Make the samples of a stage ready for searches; the former stage's are no longer valid."""
        prepared = prepare(samples, tilted=bool(self._pool.tilted.any()))
        if self._pool.feature_type == "LBP":
            return PatternSearch(self._pool, prepared, positives)
        rows = len(self._steps) // len(samples)
        steps = self._steps[: rows * len(samples)].reshape(rows, len(samples))  # contiguous, whatever their number
        return HaarSearch(self._pool, prepared, positives, steps, exact=exact)
