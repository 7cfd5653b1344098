"""The positives of a stage: the first samples of the .vec, in its order, that pass all stages so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cascade.model import Stage
from cascade.trainer.evaluate import passes
from cascade.trainer.features import FeaturePool
from cascade.vec.file import inspect, read_vec

_LEAST, _MOST = 256, 4096  # samples that are read at a time, at least and at most


@dataclass(frozen=True)
class Positives:
    """`samples`, uint8 of shape (n, height, width), and how many of the file were looked at to find them.

    `stages` is the number of stages that they pass.
    """

    samples: NDArray[np.uint8]
    consumed: int
    stages: int


def collect(
    vec: Path, count: int, stages: Sequence[Stage], pool: FeaturePool, earlier: Positives | None = None
) -> Positives:
    """Take `count` samples that pass all stages, or as many as there are.

    Parameters
    ----------
    earlier
        What was taken for an earlier stage, by which the result is found sooner: it is the same.
    """
    total = inspect(vec).count
    before = earlier or Positives(np.empty((0, pool.height, pool.width), np.uint8), 0, 0)
    found = [before.samples[passes(stages[before.stages :], pool, before.samples)]]
    consumed, missing = before.consumed, count - len(found[0])
    while missing and consumed < total:
        chunk = read_vec(vec, pool.width, pool.height, consumed, consumed + min(max(2 * missing, _LEAST), _MOST))
        places = np.flatnonzero(passes(stages, pool, chunk))[:missing]
        found.append(chunk[places])
        missing -= len(places)
        consumed += int(places[-1]) + 1 if not missing else len(chunk)
    return Positives(np.concatenate(found), consumed, len(stages))
