"""The samples of a stage: positives and negatives that pass all stages so far, or the reason why there are none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cascade.model import CascadeModel, Stage
from cascade.train_output import StopReason
from cascade.train_params import CascadeTrainParams
from cascade.trainer.features import FeaturePool
from cascade.trainer.files import assemble
from cascade.trainer.mining import Mined
from cascade.trainer.mining_cursor import Cursor
from runs.progress import Report


class Miner(Protocol):
    """Where negatives come from: see `cascade.trainer.mining.NegativeMiner`."""

    def mine(self, model: CascadeModel, count: int, cursor: Cursor, *, report: Report) -> Mined:
        """Find the next `count` windows that pass `model`."""


@dataclass(frozen=True)
class Negatives:
    """What was found, in how many windows, and where the search stands.

    `ratio` is the acceptance ratio: the share of the windows tried that pass all stages.
    """

    samples: NDArray[np.uint8]
    tried: int
    cursor: Cursor

    @property
    def ratio(self) -> float:
        """Opencv_traincascade's acceptance ratio."""
        return len(self.samples) / self.tried if self.tried else 0.0


def required_rate(params: CascadeTrainParams) -> float:
    """The share of windows that the finished cascade may accept: stages are not needed once it is reached.

    Examples
    --------
    >>> required_rate(CascadeTrainParams(num_stages=2, max_depth=2))
    0.125
    """
    return float(np.float32(params.max_false_alarm_rate)) ** params.num_stages / params.max_depth


def mine(
    miner: Miner, pool: FeaturePool, stages: Sequence[Stage], count: int, cursor: Cursor, least: float, report: Report
) -> Negatives:
    """Search until `count` windows are found, or their share is certainly at most `least`.

    When all windows of all pictures have been tried, the search goes on with scales between those tried.
    """
    model = assemble(pool, stages)
    parts, missing, tried = [np.empty((0, pool.height, pool.width), np.uint8)], count, 0
    while missing:
        mined = miner.mine(model, missing, cursor, report=report)
        parts.append(mined.samples)
        missing, tried, cursor = missing - len(mined.samples), tried + mined.tried, mined.cursor
        if mined.exhausted:
            cursor = cursor.next_pass()
        if not tried or (count - missing + 1) / tried <= least:
            break
    return Negatives(np.concatenate(parts), tried, cursor)


def stop_reason(negatives: Negatives, least: float, break_value: float) -> StopReason | None:
    """Why no stage is to be trained with these negatives; None when one is."""
    if not len(negatives.samples) and (not negatives.tried or 1 / negatives.tried > least):
        return StopReason.NEGATIVES_EXHAUSTED
    if negatives.ratio <= least:
        return StopReason.FALSE_ALARM_GOAL
    if break_value >= 0 and negatives.ratio <= break_value:
        return StopReason.ACCEPTANCE_RATIO
    return None
