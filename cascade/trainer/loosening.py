"""Lower the thresholds of earlier stages, once later ones reject most of what that lets through.

A stage's threshold is set when it is trained, and the positives below it are lost, each stage's share anew. Half of
them fail in one stage only. When there are later stages, an earlier one can let nearly all positives pass at little
cost: what else passes then, the later ones reject. OpenCV does not do this.

References
----------
C. Zhang, P. Viola, "Multiple-instance pruning for learning efficient cascade detectors", NIPS 2007, sets the thresholds
of a cascade by what passes its end; L. Bourdev, J. Brandt, "Robust object detection via soft cascade", CVPR 2005.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cascade.model import Stage
from cascade.trainer.evaluate import stage_sums
from cascade.trainer.features import FeaturePool
from cascade.trainer.integrals import prepare
from cascade.vec.file import inspect, read_vec

_AT_A_TIME = 4096


def loosen(stage: Stage, pool: FeaturePool, vec: Path, hit_rate: float) -> Stage:
    """The stage with its threshold lowered until `hit_rate` of all samples in `vec` pass, or as it is where they do.

    The threshold follows from the stage's weak classifiers and the samples alone: loosened twice is loosened once.
    """
    sums = np.sort(_sums(stage, pool, vec).astype(np.float32))
    lowest = float(sums[int((1 - hit_rate) * len(sums))])
    return replace(stage, threshold=min(stage.threshold, lowest))


def _sums(stage: Stage, pool: FeaturePool, vec: Path) -> NDArray[np.float64]:
    """The stage's sums of all samples, a block at a time."""
    blocks, tilted = [], bool(pool.tilted.any())
    count = inspect(vec).count
    for start in range(0, count, _AT_A_TIME):
        pictures = read_vec(vec, pool.width, pool.height, start, min(start + _AT_A_TIME, count))
        blocks.append(stage_sums(stage, pool, prepare(pictures, tilted=tilted)))
    return np.concatenate(blocks)
