"""What every trainer of cascades shares: the checked inputs, the folder's record, and the result.

A trainer is a function that takes a `Training`, the rows of the stages that are there, and a `Report`; it leaves
whole stages and a cascade in the folder and says why it stopped. `cascade.train` puts this around it.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cascade import train_files
from cascade.annotations import opencv_info
from cascade.errors import InputError
from cascade.plans import counts as plan
from cascade.train_output import GOALS, SENTENCES, StageRow, StopReason
from cascade.train_params import CascadeTrainParams
from cascade.vec.file import check_window, inspect
from runs import record
from runs.files import write_json
from runs.lock import RunLock


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


@dataclass(frozen=True)
class Training:
    """One training, checked: everything a trainer is told. All paths are absolute."""

    vec: Path
    background: Path
    out: Path
    params: CascadeTrainParams
    num_pos: int
    samples: int
    negatives: list[Path]


def check(vec: Path, background: Path, out: Path, params: CascadeTrainParams) -> Training:
    """Check the inputs and choose `num_pos`; nothing is written.

    Raises
    ------
    InputError
        The .vec or the background file is missing or broken, the window is not the samples', `num_pos` is too large.
    """
    vec, background, out = vec.resolve(), background.resolve(), out.resolve()
    summary = inspect(vec)
    check_window(summary, params.width, params.height)
    num_pos = plan.choose_num_pos(params.num_pos, summary.count, params.num_stages, params.min_hit_rate)
    negatives = opencv_info.read_background(background)
    missing = next((path for path in negatives if not path.is_file()), None)
    if missing is not None:
        raise InputError(f"{background} names a picture that is not there: {missing}. Run `describe` again.")
    if not negatives:
        raise InputError(f"{background} names no pictures. Run `collect` and `describe` with negatives.")
    return Training(vec, background, out, params, num_pos, summary.count, negatives)


def begin(training: Training, restart: bool) -> RunLock:
    """Open and lock the training's folder: it resumes the same inputs and parameters; others, a `RunMismatchError`."""
    with tempfile.TemporaryDirectory() as folder:
        # The pictures are part of the input, but only those that the background file names, wherever they are.
        manifest = Path(folder) / "negatives"
        manifest.write_text("\n".join(record.digest(path) for path in training.negatives), encoding="ascii")
        inputs = {"vec": training.vec, "negatives": manifest}
        return record.begin(training.out, "train_cascade", training.params.recorded(), inputs, restart=restart)


def finished(training: Training, out: Path) -> TrainedCascade | None:
    """The result of a training that is finished already; None when something is left to do."""
    said = train_files.read_training(training.out)
    if said is None or said["stop_reason"] == StopReason.TIME_LIMIT:
        return None
    return _from_json(out, said)


def finish(training: Training, out: Path, reason: StopReason, seconds: float) -> TrainedCascade:
    """Write ``training.json`` and the history of the stages in ``cascade.xml``, which must be whole."""
    counts = train_files.count_cascade(training.out / train_files.CASCADE)
    assert counts is not None
    rows = train_files.read_history(training.out, counts.stages)
    train_files.write_history(training.out, rows)
    said = {
        "stages": counts.stages,
        "stages_asked": training.params.num_stages,
        "weak_classifiers": counts.weak_classifiers,
        "features": counts.features,
        "num_pos": training.num_pos,
        "num_neg": training.params.num_neg,
        "stop_reason": str(reason),
        "explanation": _explain(reason, rows, training.params.max_false_alarm_rate),
        "goal_reached": reason in GOALS,
        "seconds": round(max(seconds, sum(row.seconds or 0.0 for row in rows)), 1),
    }
    write_json(training.out / train_files.TRAINING, said)
    return _from_json(out, said)


def _explain(reason: StopReason, rows: list[StageRow], max_false_alarm_rate: float) -> str:
    """Why the training ended, and which stages reject less than was asked."""
    loose = [str(row.stage + 1) for row in rows if (row.false_alarm_rate or 0.0) > max_false_alarm_rate + 1e-6]
    if not loose:
        return SENTENCES[reason]
    return (
        f"{SENTENCES[reason]} But `max_weak_count` ended these above `max_false_alarm_rate`: stage {', '.join(loose)}. "
        "They reject too little; raise `max_weak_count`."
    )


def _from_json(out: Path, said: dict[str, Any]) -> TrainedCascade:
    rows = tuple(train_files.read_history(out, said["stages"]))
    reason = StopReason(said["stop_reason"])
    return TrainedCascade(**{**said, "cascade": out / train_files.CASCADE, "stop_reason": reason, "rows": rows})
