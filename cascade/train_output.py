"""Understand what opencv_traincascade prints: where it is, the figures of each stage, and why it stopped.

The sentences are those of version 3.4.18; its exit status says nothing.
"""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from cascade.train_progress import StageRow, stage_progress
from runs.progress import Report, duration


class StopReason(StrEnum):
    """Why a training ended; `SENTENCES` says it to people."""

    ALL_STAGES = "all stages"
    FALSE_ALARM_GOAL = "false alarm goal"
    ACCEPTANCE_RATIO = "acceptance ratio"
    TIME_LIMIT = "time limit"
    POSITIVES_EXHAUSTED = "positives exhausted"
    NEGATIVES_EXHAUSTED = "negatives exhausted"
    VEC_BROKEN = "vec broken"
    INPUT_NOT_OPENED = "input not opened"
    CANNOT_WRITE = "cannot write"
    OUT_OF_MEMORY = "out of memory"
    STAGE_NOT_TRAINED = "stage not trained"
    PROGRAM_ERROR = "program error"
    KILLED = "killed"
    UNKNOWN = "unknown"


GOALS = frozenset({StopReason.ALL_STAGES, StopReason.FALSE_ALARM_GOAL, StopReason.ACCEPTANCE_RATIO})
"""The reasons for which the cascade is what was asked for, however few its stages are."""

USABLE = GOALS | {StopReason.TIME_LIMIT, StopReason.POSITIVES_EXHAUSTED, StopReason.NEGATIVES_EXHAUSTED}
"""The reasons after which no repetition gets further, so that the stages trained until then make the cascade."""

SENTENCES = {
    StopReason.ALL_STAGES: "All stages asked for are trained.",
    StopReason.FALSE_ALARM_GOAL: (
        "The false alarm rate that all stages together should reach is reached already: more stages are not needed. "
        "For more of them collect more varied negatives."
    ),
    StopReason.ACCEPTANCE_RATIO: "The acceptance ratio fell to `acceptance_ratio_break_value`, as asked.",
    StopReason.TIME_LIMIT: "The time limit was reached. The same call goes on with the next stage.",
    StopReason.POSITIVES_EXHAUSTED: (
        "The .vec has no more positives that the stages before accept. Use a smaller `num_pos` or leave it out, "
        "or collect more positives."
    ),
    StopReason.NEGATIVES_EXHAUSTED: (
        "No window for the next stage was found in the negatives (or no positive passes any more). "
        "Check that the background file's pictures are there and at least as large as the window, or collect more."
    ),
    StopReason.VEC_BROKEN: "The .vec is broken or made for another window. Make it again with `create_samples`.",
    StopReason.INPUT_NOT_OPENED: "The .vec or the background file could not be opened. Check both paths.",
    StopReason.CANNOT_WRITE: "The output folder could not be written. Is the disk full, or the folder read-only?",
    StopReason.OUT_OF_MEMORY: (
        "The memory was not enough. Lower `precalc_val_buf_size` and `precalc_idx_buf_size`, `num_pos` or `num_neg`."
    ),
    StopReason.STAGE_NOT_TRAINED: (
        "A stage found no weak classifier. Check that positives and negatives differ, "
        "or change `max_false_alarm_rate` and `weight_trim_rate`."
    ),
    StopReason.PROGRAM_ERROR: "opencv_traincascade met an error.",
    StopReason.KILLED: "opencv_traincascade was killed by a signal. The same call resumes at the last whole stage.",
    StopReason.UNKNOWN: "opencv_traincascade ended without saying why.",
}

# The first that matches wins: the special sentences stand before the general ones that contain them.
_SIGNS = (
    ("Required leaf false alarm rate achieved", StopReason.FALSE_ALARM_GOAL),
    ("required acceptanceRatio for the model has been reached", StopReason.ACCEPTANCE_RATIO),
    ("Train dataset for temp stage can not be filled", StopReason.NEGATIVES_EXHAUSTED),
    ("vec-file has incorrect structure", StopReason.VEC_BROKEN),
    ("Can not get new positive sample", StopReason.POSITIVES_EXHAUSTED),
    ("_img.rows * _img.cols == vecSize", StopReason.VEC_BROKEN),
    ("wrong file format for", StopReason.VEC_BROKEN),
    ("Image reader can not be created", StopReason.INPUT_NOT_OPENED),
    ("can not be written", StopReason.CANNOT_WRITE),
    ("No space left on device", StopReason.CANNOT_WRITE),
    ("Insufficient memory", StopReason.OUT_OF_MEMORY),
    ("bad_alloc", StopReason.OUT_OF_MEMORY),
    ("memory buffer cannot be allocated", StopReason.OUT_OF_MEMORY),
    ("can't be trained. Check the used training parameters", StopReason.STAGE_NOT_TRAINED),
    ("rror: ", StopReason.PROGRAM_ERROR),
)

_STAGE = re.compile(r"===== TRAINING (\d+)-stage =====")
_COUNTS = re.compile(r"(POS|NEG) count : (?:consumed|acceptanceRatio)\s+(\d+) : (\S+)")
_CURRENT = re.compile(r"(POS|NEG) current samples: (\d+)")
_WEAK = re.compile(r"\|\s*(\d+)\|\s*([\d.e+-]+)\|\s*([\d.e+-]+)\|")
_EVERY = 2.0  # seconds between two reports of samples found


@dataclass
class TrainingOutput:
    """Takes the program's lines one by one; afterwards its fields tell what happened.

    `rows` are the stages that were there already; it grows by every stage that the program says it has finished, and
    `on_stage` is called then.
    """

    num_stages: int
    report: Report
    rows: list[StageRow]
    on_stage: Callable[[], None]
    row: StageRow | None = None
    reason: StopReason | None = None
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=20))
    """The last lines, without the counters."""
    _started: float = 0.0
    _reported: float = 0.0

    def take(self, line: str) -> None:
        """Understand one line and report what it says."""
        if match := _CURRENT.match(line):
            self._sample(match[1], int(match[2]))
            return
        if not line.strip():
            return
        self.tail.append(line.strip())
        if match := _STAGE.match(line):
            self._begin(int(match[1]))
        elif match := _COUNTS.match(line):
            self._count(match[1], int(match[2]), float(match[3]))
        elif match := _WEAK.match(line):
            self._weak(int(match[1]), float(match[2]), float(match[3]))
        elif line.startswith("END>"):
            self._end()
        else:
            self._sign(line)

    def _begin(self, stage: int) -> None:
        self.row = StageRow(stage)
        self._started = time.monotonic()
        self._tell("starts")

    def _sample(self, kind: str, count: int) -> None:
        now = time.monotonic()
        if now - self._reported >= _EVERY:
            self._tell(f"{count} {'positives' if kind == 'POS' else 'negatives'} found")
            self._reported = now

    def _count(self, kind: str, count: int, value: float) -> None:
        row = self._current()
        if kind == "POS":
            row.num_pos = count
            self._tell(f"{count} positives of {int(value)} looked at")
        else:
            row.num_neg, row.acceptance_ratio = count, value
            self._tell(f"{count} negatives, acceptance ratio {value:.3g}")

    def _weak(self, number: int, hit_rate: float, false_alarm_rate: float) -> None:
        row = self._current()
        row.weak_classifiers, row.hit_rate, row.false_alarm_rate = number, hit_rate, false_alarm_rate
        self._tell(f"weak classifier {number}: hit rate {hit_rate:.4f}, false alarm rate {false_alarm_rate:.4f}")

    def _end(self) -> None:
        row = self._current()
        if row.weak_classifiers is not None:
            row.seconds = round(time.monotonic() - self._started, 1)
            self._started = 0.0
            self.rows.append(row)
            self.on_stage()
            self._tell(f"trained, {row.weak_classifiers} weak classifiers in {duration(row.seconds)}")

    def _sign(self, line: str) -> None:
        for sign, reason in _SIGNS:
            # A goal or an error that was named stays: what follows ("can't be trained") is its consequence.
            if sign in line and self.reason in (None, StopReason.PROGRAM_ERROR):
                self.reason = reason
                break

    def _current(self) -> StageRow:
        if self.row is None:
            self._begin(0)
        assert self.row is not None
        return self.row

    def _tell(self, message: str) -> None:
        seconds = time.monotonic() - self._started if self._started else 0.0
        self.report(stage_progress(message, self._current(), self.rows, self.num_stages, seconds))
