"""The fourth step: opencv_traincascade, watched, resumed, and believed only where its files are whole.

The program exits with 0 whatever happens, resumes silently with old parameters, and stops without a cascade when it
runs out of positives. Here a folder belongs to one set of inputs and parameters (``run.json``), half-written stages
are thrown away before it resumes, and the stages that are there are put together when it cannot go further.
"""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cascade import opencv_apps, plan, process, train_files
from cascade.annotations import opencv_info
from cascade.errors import InputError, TrainingError
from cascade.train_output import GOALS, SENTENCES, USABLE, StageRow, StopReason, TrainingOutput
from cascade.train_params import CascadeTrainParams
from cascade.vec import check_window, inspect
from runs import record
from runs.files import write_json
from runs.progress import Progress, Report, silent


@dataclass(frozen=True)
class TrainedCascade:
    """What a training reached; `goal_reached` is whether it is all that was asked (fewer stages may be all)."""

    cascade: Path
    stages: int
    stages_asked: int
    weak_classifiers: int
    features: int
    num_pos: int
    num_neg: int
    stop_reason: StopReason
    explanation: str
    goal_reached: bool
    seconds: float
    rows: tuple[StageRow, ...]


_ASSEMBLY_TIMEOUT = 600.0  # seconds for a task that takes one


class _TimeIsUpError(Exception):
    """Raised out of the program's output to end it."""


@dataclass(frozen=True)
class _Plan:
    """One training, checked: everything the program is told."""

    vec: Path
    background: Path
    out: Path
    params: CascadeTrainParams
    num_pos: int
    negatives: list[Path]


def train_cascade(
    vec: Path,
    background: Path,
    out: Path,
    params: CascadeTrainParams = CascadeTrainParams(),
    *,
    restart: bool = False,
    report: Report = silent,
) -> TrainedCascade:
    """Train a cascade, or go on with one that was interrupted, or return at once when it is finished.

    Parameters
    ----------
    vec
        Positives, from `create_samples`, with the window of `params`.
    background
        Background file; its pictures' paths are relative to its folder. The pictures count as input too.
    out
        The training's own folder: ``run.json params.xml stage*.xml cascade.xml history.csv training.json``.
    restart
        Empty `out` first when it holds a training of other inputs or parameters, which is an error otherwise.
        Buffer sizes, threads and the time limit do not count: they may change between resumptions.

    Raises
    ------
    InputError
        The .vec or the background file is missing or broken, the window is not the samples', `num_pos` is too large.
    TrainingError
        No cascade came out; the message says why and what to do. Whole stages are kept for the next call.
    RunMismatchError
        `out` holds another training, see `restart`.
    ToolMissingError
        opencv_traincascade is not here.
    """
    planned = _plan(vec.resolve(), background.resolve(), out.resolve(), params)
    _begin(planned, restart)
    finished = train_files.read_training(planned.out)
    if finished is not None and finished["stop_reason"] != StopReason.TIME_LIMIT:
        report(Progress("finished already", finished["stages"], finished["stages"]))
        return _from_json(out, finished)
    started = time.monotonic()
    done = train_files.repair(planned.out)
    rows = train_files.read_history(planned.out, done)
    _warn_of_reserve(planned, report)
    reason, tail = _run(planned, rows, report)
    _ensure_cascade(planned, reason, tail)
    return _finish(planned, out, reason, rows, time.monotonic() - started)


def _plan(vec: Path, background: Path, out: Path, params: CascadeTrainParams) -> _Plan:
    summary = inspect(vec)
    check_window(summary, params.width, params.height)
    num_pos = plan.choose_num_pos(params.num_pos, summary.count, params.num_stages, params.min_hit_rate)
    negatives = opencv_info.read_background(background)
    missing = next((path for path in negatives if not path.is_file()), None)
    if missing is not None:
        raise InputError(f"{background} names a picture that is not there: {missing}. Run `describe` again.")
    if not negatives:
        raise InputError(f"{background} names no pictures. Run `collect` and `describe` with negatives.")
    return _Plan(vec, background, out, params, num_pos, negatives)


def _begin(planned: _Plan, restart: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        # The pictures are part of the input, but only those that the background file names, wherever they are.
        manifest = Path(folder) / "negatives"
        manifest.write_text("\n".join(record.digest(path) for path in planned.negatives), encoding="ascii")
        inputs = {"vec": planned.vec, "negatives": manifest}
        record.begin(planned.out, "train_cascade", planned.params.recorded(), inputs, restart=restart)


def _warn_of_reserve(planned: _Plan, report: Report) -> None:
    params = planned.params
    count = inspect(planned.vec).count
    if plan.required_samples(planned.num_pos, params.num_stages, params.min_hit_rate) > count:
        report(Progress(f"{count} samples leave little reserve for num_pos={planned.num_pos}", 0, params.num_stages))


def _run(planned: _Plan, rows: list[StageRow], report: Report) -> tuple[StopReason, deque[str]]:
    """Run the program to its end; `rows` grows by the stages it trains."""

    def keep(row: StageRow) -> None:
        rows.append(row)
        train_files.write_history(planned.out, rows)

    output = TrainingOutput(planned.params.num_stages, report, keep)
    limit = planned.params.time_limit_minutes
    deadline = None if limit is None else time.monotonic() + 60 * limit

    def take(line: str) -> None:
        output.take(line)
        if deadline is not None and time.monotonic() > deadline:
            raise _TimeIsUpError

    try:
        # The program takes the names in the background file relative to its working folder.
        status = process.stream(_command(planned), take, cwd=planned.background.parent)
    except _TimeIsUpError:
        return StopReason.TIME_LIMIT, output.tail
    return _judge(planned, output, status), output.tail


def _command(planned: _Plan) -> list[str]:
    params = planned.params
    values: dict[str, Any] = params.as_dict()
    del values["time_limit_minutes"]
    paths = {"data": planned.out, "vec": planned.vec, "bg": planned.background}
    values |= {**paths, "num_pos": planned.num_pos, "mode": params.mode if params.feature_type == "HAAR" else None}
    features = plan.count_features(params.width, params.height, params.feature_type, params.mode)
    samples = planned.num_pos + params.num_neg
    buffers = plan.plan_buffers(features, samples, params.feature_type, plan.free_memory() // 2)
    if buffers is not None:
        for name, size in (("precalc_val_buf_size", buffers.values), ("precalc_idx_buf_size", buffers.indices)):
            values[name] = size if values[name] is None else values[name]
    return opencv_apps.command(opencv_apps.TRAINCASCADE, values)


def _judge(planned: _Plan, output: TrainingOutput, status: int) -> StopReason:
    """Why the program ended: what it said, else what it left, else how it died."""
    if output.reason is not None:
        return output.reason
    if train_files.count_whole_stages(planned.out) == planned.params.num_stages:
        return StopReason.ALL_STAGES
    if shutil.disk_usage(planned.out).free < 1 << 20:
        return StopReason.CANNOT_WRITE
    if status < 0:
        return StopReason.KILLED
    row = output.row
    empty = row is not None and row.weak_classifiers is None and "END>" in output.tail
    return StopReason.STAGE_NOT_TRAINED if empty else StopReason.UNKNOWN


def _ensure_cascade(planned: _Plan, reason: StopReason, tail: deque[str]) -> None:
    """Leave a cascade of all whole stages, or raise."""
    whole = train_files.count_whole_stages(planned.out)
    counts = train_files.count_cascade(planned.out / train_files.CASCADE)
    usable = reason in USABLE or (reason is StopReason.STAGE_NOT_TRAINED and whole > 0)
    if usable and whole > 0 and (counts is None or counts.stages != whole):
        _assemble(planned, whole)
        counts = train_files.count_cascade(planned.out / train_files.CASCADE)
    if not usable or counts is None or counts.stages != whole:
        (planned.out / train_files.CASCADE).unlink(missing_ok=True)
        raise TrainingError(_failure(planned, reason, whole, tail))


def _assemble(planned: _Plan, stages: int) -> None:
    """Have the program write the cascade of the stages that are there, by asking for no more than these."""
    params = dataclasses.replace(planned.params, num_stages=stages)
    (planned.out / train_files.CASCADE).unlink(missing_ok=True)
    said: list[str] = []
    command = _command(dataclasses.replace(planned, params=params))
    process.stream(command, said.append, cwd=planned.background.parent, timeout=_ASSEMBLY_TIMEOUT)


def _failure(planned: _Plan, reason: StopReason, whole: int, tail: deque[str]) -> str:
    kept = f"{whole} whole stages are kept in {planned.out}; the same call resumes there." if whole else ""
    # Of the program's words only those that the sentence does not say already.
    said = " / ".join(line for line in tail if "rror" in line or "Fail" in line)[-400:] or " / ".join(list(tail)[-3:])
    if reason in GOALS:
        words = "The cascade file is missing or cut off. Is the disk full?"
        if not whole:
            words = f"{SENTENCES[reason]} That was before the first stage: collect more negatives, or change the rates."
    else:
        words = SENTENCES[reason]
    what = f"Training stopped without a cascade ({reason}) in stage {whole + 1} of {planned.params.num_stages}."
    return " ".join(part for part in (what, words, kept, f"The program's last words: {said or 'none'}.") if part)


def _finish(planned: _Plan, out: Path, reason: StopReason, rows: list[StageRow], seconds: float) -> TrainedCascade:
    counts = train_files.count_cascade(planned.out / train_files.CASCADE)
    assert counts is not None
    rows = train_files.read_history(planned.out, counts.stages)
    train_files.write_history(planned.out, rows)
    training = {
        "stages": counts.stages,
        "stages_asked": planned.params.num_stages,
        "weak_classifiers": counts.weak_classifiers,
        "features": counts.features,
        "num_pos": planned.num_pos,
        "num_neg": planned.params.num_neg,
        "stop_reason": str(reason),
        "explanation": SENTENCES[reason],
        "goal_reached": reason in GOALS,
        "seconds": round(max(seconds, sum(row.seconds or 0.0 for row in rows)), 1),
        "rows": [dataclasses.asdict(row) for row in rows],
    }
    write_json(planned.out / train_files.TRAINING, training)
    return _from_json(out, training)


def _from_json(out: Path, training: dict[str, Any]) -> TrainedCascade:
    rows = tuple(StageRow(**row) for row in training["rows"])
    reason = StopReason(training["stop_reason"])
    return TrainedCascade(**{**training, "cascade": out / train_files.CASCADE, "stop_reason": reason, "rows": rows})
