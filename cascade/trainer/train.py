"""Train a cascade without OpenCV's program: the same definitions, the same files, many times faster.

What differs from opencv_traincascade: negatives are searched in all positions of all scales and in another order (see
`cascade.trainer.mining`), and a node whose samples are all of one class is not split. With ``split="exact"`` and the
same samples the stages are the same, but for ties and rounding.
"""

from __future__ import annotations

import os
import time

import numba
import numpy as np
from numpy.typing import NDArray

from cascade import train_files
from cascade.errors import TrainingError
from cascade.model import Stage
from cascade.train_output import SENTENCES, StopReason
from cascade.train_progress import StageRow, stage_progress
from cascade.trainer import checkpoint, files, rehearsal
from cascade.trainer.features import enumerate_features
from cascade.trainer.loosening import loosen
from cascade.trainer.mining import NegativeMiner
from cascade.trainer.mining_cursor import Cursor
from cascade.trainer.positives import Positives, collect
from cascade.trainer.room import Room
from cascade.trainer.samples import Negatives, mine, required_rate, stop_reason
from cascade.trainer.stages import Rates, train_stage
from cascade.training import Training
from runs.progress import Progress, Report, duration


def train_natively(training: Training, rows: list[StageRow], report: Report) -> StopReason:
    """Train from the stages that are there to the end; `rows` and ``history.csv`` grow by the new ones.

    However often it is interrupted, the cascade is the one that an uninterrupted training gives; memory, threads and
    the time limit may change between resumptions and do not change it either.

    Raises
    ------
    TrainingError
        Not even one stage could be trained; the message says why.
    """
    run = _Run(training, rows, report)
    reason = run.train()
    if not run.stages:
        raise TrainingError(f"Training stopped without a cascade ({reason}) in the first stage. {SENTENCES[reason]}")
    files.write_cascade(training.out, training.params, run.pool, run.stages)
    return reason


class _TimeIsUpError(Exception):
    """Raised out of a report to end the training."""


class _Run:
    """One call's way through the stages."""

    def __init__(self, checked: Training, rows: list[StageRow], report: Report) -> None:
        params = checked.params
        self._checked, self._params, self._rows, self._report = checked, params, rows, report
        self._deadline = _deadline(params.time_limit_minutes)
        self._threads = min(params.num_threads or _cores(), numba.config.NUMBA_NUM_THREADS)
        numba.set_num_threads(self._threads)
        self._rehearsal = rehearsal.begin(params)
        self.pool = enumerate_features(params.width, params.height, params.feature_type, params.mode)
        there = checkpoint.load(checked.out)
        self.stages, self._cursors = list(there.stages), list(there.cursors)
        del self._rows[len(self.stages) :]
        self._room = Room(self.pool, checked.num_pos + params.num_neg, params.memory)
        self._miner: NegativeMiner | None = None
        self._positives: Positives | None = None
        self._loosened = 0
        self._row, self._began = StageRow(len(self.stages)), time.monotonic()

    def train(self) -> StopReason:
        """Train stage after stage until there is a reason to stop."""
        try:
            while len(self.stages) < self._params.num_stages:
                reason = self._next_stage()
                if reason is not None:
                    return reason
        except _TimeIsUpError:
            return StopReason.TIME_LIMIT
        return StopReason.ALL_STAGES

    def _next_stage(self) -> StopReason | None:
        self._row, self._began = StageRow(len(self.stages)), time.monotonic()
        self._tell("starts")
        if self.stages:
            self._rehearsal.join()
        self._loosen()
        positives = collect(self._checked.vec, self._checked.num_pos, self.stages, self.pool, self._positives)
        self._positives = positives
        self._row.num_pos = len(positives.samples)
        self._tell(f"{len(positives.samples)} positives of {positives.consumed} looked at")
        if len(positives.samples) < self._checked.num_pos:
            return StopReason.POSITIVES_EXHAUSTED
        negatives = self._mine()
        least = required_rate(self._params)
        reason = stop_reason(negatives, least, self._params.acceptance_ratio_break_value)
        return reason or self._train_stage(positives.samples, negatives)

    def _loosen(self) -> None:
        """Lower the thresholds of the stages that have enough later ones; their files follow."""
        rate, last = self._params.loosened_hit_rate, len(self.stages) - self._params.loosen_after
        if rate is None:
            return
        for number in range(self._loosened, last):
            self.stages[number] = loosen(self.stages[number], self.pool, self._checked.vec, rate)
            files.write_stage(self._checked.out, number, self.stages[number])
            self._loosened, self._positives = number + 1, None  # samples that had failed there may pass now

    def _mine(self) -> Negatives:
        if self._miner is None:
            self._miner = self._open_miner()
            self._rehearsal.join()
        cursor = self._cursors[-1] if self._cursors else Cursor()
        count, least = self._params.num_neg, required_rate(self._params)
        found = mine(self._miner, self.pool, self.stages, count, cursor, least, self._pass_on)
        self._row.num_neg, self._row.acceptance_ratio = len(found.samples), found.ratio
        self._tell(f"{len(found.samples)} negatives, acceptance ratio {found.ratio:.3g}")
        return found

    def _open_miner(self) -> NegativeMiner:
        params = self._params
        return NegativeMiner(
            self._checked.negatives,
            params.width,
            params.height,
            scale_factor=params.mining_scale_factor,
            mirror=params.mirror_negatives,
            seed=params.seed,
            threads=self._threads,
            memory=Room.pictures(params.memory),
            report=self._pass_on,
        )

    def _train_stage(self, positives: NDArray[np.uint8], negatives: Negatives) -> StopReason | None:
        samples = np.concatenate([positives, negatives.samples])
        search = self._room.search(samples, len(positives), exact=self._params.split == "exact")
        stage = train_stage(search, len(positives), len(negatives.samples), self._params, self._on_weak)
        if stage is None:
            return StopReason.STAGE_NOT_TRAINED
        self._keep(stage, negatives.cursor)
        return None

    def _on_weak(self, number: int, rates: Rates) -> None:
        row = self._row
        row.weak_classifiers, row.hit_rate, row.false_alarm_rate = number, rates.hit_rate, rates.false_alarm_rate
        rest = f"hit rate {rates.hit_rate:.4f}, false alarm rate {rates.false_alarm_rate:.4f}"
        self._tell(f"weak classifier {number}: {rest}")

    def _keep(self, stage: Stage, cursor: Cursor) -> None:
        """Write the stage, then what vouches for it."""
        if not self.stages:
            files.write_params(self._checked.out, self._params)
        files.write_stage(self._checked.out, len(self.stages), stage)
        self._row.seconds = round(time.monotonic() - self._began, 1)
        self.stages.append(stage)
        self._cursors.append(cursor)
        self._rows.append(self._row)
        train_files.write_history(self._checked.out, self._rows)
        checkpoint.save(self._checked.out, self._cursors)
        self._tell(f"trained, {self._row.weak_classifiers} weak classifiers in {duration(self._row.seconds)}")

    def _tell(self, message: str) -> None:
        seconds = 0.0 if self._row.seconds is not None else time.monotonic() - self._began
        self._pass_on(stage_progress(message, self._row, self._rows, self._params.num_stages, seconds))

    def _pass_on(self, progress: Progress) -> None:
        self._report(progress)
        if self._deadline is not None and time.monotonic() > self._deadline:
            raise _TimeIsUpError


def _deadline(minutes: float | None) -> float | None:
    return None if minutes is None else time.monotonic() + 60 * minutes


def _cores() -> int:
    return len(os.sched_getaffinity(0))
