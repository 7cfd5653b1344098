"""Run opencv_traincascade, watch it, and believe only whole files.

The program exits with 0 whatever happens, and stops without a cascade when it runs out of positives: the stages that
are there are then put together.
"""

from __future__ import annotations

import dataclasses
import shutil
import time
from collections import deque
from typing import Any

from cascade import process, train_files
from cascade.errors import TrainingError
from cascade.opencv import apps as opencv_apps
from cascade.plans import counts as plan
from cascade.train_output import GOALS, SENTENCES, USABLE, StageRow, StopReason, TrainingOutput
from cascade.training import Training
from runs.progress import Progress, Report

_ASSEMBLY_TIMEOUT = 600.0  # seconds for a task that takes one


class _TimeIsUpError(Exception):
    """Raised out of the program's output to end it."""


def train_with_opencv(training: Training, rows: list[StageRow], report: Report) -> StopReason:
    """Train from the stages that are there to the end; `rows` and ``history.csv`` grow by the new ones.

    Raises
    ------
    TrainingError
        No cascade came out; the message says why and what to do. Whole stages are kept for the next call.
    ToolMissingError
        opencv_traincascade is not here.
    """
    _warn_of_reserve(training, report)
    reason, tail = _run(training, rows, report)
    _ensure_cascade(training, reason, tail)
    return reason


def _warn_of_reserve(training: Training, report: Report) -> None:
    params = training.params
    if plan.required_samples(training.num_pos, params.num_stages, params.min_hit_rate) > training.samples:
        message = f"{training.samples} samples leave little reserve for num_pos={training.num_pos}"
        report(Progress(message, 0, params.num_stages))


def _run(training: Training, rows: list[StageRow], report: Report) -> tuple[StopReason, deque[str]]:
    """Run the program to its end; `rows` grows by the stages it trains."""

    def keep() -> None:
        train_files.write_history(training.out, rows)

    output = TrainingOutput(training.params.num_stages, report, rows, keep)
    limit = training.params.time_limit_minutes
    deadline = None if limit is None else time.monotonic() + 60 * limit

    def take(line: str) -> None:
        output.take(line)
        if deadline is not None and time.monotonic() > deadline:
            raise _TimeIsUpError

    try:
        # The program takes the names in the background file relative to its working folder.
        status = process.stream(_command(training), take, cwd=training.background.parent)
    except _TimeIsUpError:
        return StopReason.TIME_LIMIT, output.tail
    return _judge(training, output, status), output.tail


def _command(training: Training) -> list[str]:
    params = training.params
    values: dict[str, Any] = params.program_options()
    paths = {"data": training.out, "vec": training.vec, "bg": training.background}
    values |= {**paths, "num_pos": training.num_pos, "mode": params.mode if params.feature_type == "HAAR" else None}
    features = plan.count_features(params.width, params.height, params.feature_type, params.mode)
    samples = training.num_pos + params.num_neg
    buffers = plan.plan_buffers(features, samples, params.feature_type, plan.free_memory() // 2)
    if buffers is not None:
        for name, size in (("precalc_val_buf_size", buffers.values), ("precalc_idx_buf_size", buffers.indices)):
            values[name] = size if values[name] is None else values[name]
    return opencv_apps.command(opencv_apps.TRAINCASCADE, values)


def _judge(training: Training, output: TrainingOutput, status: int) -> StopReason:
    """Why the program ended: what it said, else what it left, else how it died."""
    if output.reason is not None:
        return output.reason
    if train_files.count_whole_stages(training.out) == training.params.num_stages:
        return StopReason.ALL_STAGES
    if shutil.disk_usage(training.out).free < 1 << 20:
        return StopReason.CANNOT_WRITE
    if status < 0:
        return StopReason.KILLED
    row = output.row
    empty = row is not None and row.weak_classifiers is None and "END>" in output.tail
    return StopReason.STAGE_NOT_TRAINED if empty else StopReason.UNKNOWN


def _ensure_cascade(training: Training, reason: StopReason, tail: deque[str]) -> None:
    """Leave a cascade of all whole stages, or raise."""
    whole = train_files.count_whole_stages(training.out)
    counts = train_files.count_cascade(training.out / train_files.CASCADE)
    usable = reason in USABLE or (reason is StopReason.STAGE_NOT_TRAINED and whole > 0)
    if usable and whole > 0 and (counts is None or counts.stages != whole):
        _assemble(training, whole)
        counts = train_files.count_cascade(training.out / train_files.CASCADE)
    if not usable or counts is None or counts.stages != whole:
        (training.out / train_files.CASCADE).unlink(missing_ok=True)
        raise TrainingError(_failure(training, reason, whole, tail))


def _assemble(training: Training, stages: int) -> None:
    """Have the program write the cascade of the stages that are there, by asking for no more than these."""
    params = dataclasses.replace(training.params, num_stages=stages)
    (training.out / train_files.CASCADE).unlink(missing_ok=True)
    said: list[str] = []
    command = _command(dataclasses.replace(training, params=params))
    process.stream(command, said.append, cwd=training.background.parent, timeout=_ASSEMBLY_TIMEOUT)


def _failure(training: Training, reason: StopReason, whole: int, tail: deque[str]) -> str:
    kept = f"{whole} whole stages are kept in {training.out}; the same call resumes there." if whole else ""
    # Of the program's words only those that the sentence does not say already.
    said = " / ".join(line for line in tail if "rror" in line or "Fail" in line)[-400:] or " / ".join(list(tail)[-3:])
    if reason in GOALS:
        words = "The cascade file is missing or cut off. Is the disk full?"
        if not whole:
            words = f"{SENTENCES[reason]} That was before the first stage: collect more negatives, or change the rates."
    else:
        words = SENTENCES[reason]
    what = f"Training stopped without a cascade ({reason}) in stage {whole + 1} of {training.params.num_stages}."
    return " ".join(part for part in (what, words, kept, f"The program's last words: {said or 'none'}.") if part)
