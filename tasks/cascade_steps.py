"""The cascade line's steps as Prefect tasks. No domain logic: each calls one function of `cascade/`.

Caching is DVC's work (`NO_CACHE`: Prefect would hash the path, not the file). The trainer's task must be
called directly, never submitted: a task in a thread cannot be cancelled, and its child would outlive it.
"""

from __future__ import annotations

from pathlib import Path

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from cascade.collect import Collected, CollectParams
from cascade.collect import collect as collect_pictures
from cascade.describe import Description
from cascade.describe import describe as write_descriptions
from cascade.doctor.check import check as examine
from cascade.doctor.check import one_a_rule, stop_on_errors
from cascade.doctor.params import CheckParams
from cascade.evaluate import CascadeScore, EvaluateCascadeParams
from cascade.evaluate import evaluate_cascade as measure
from cascade.process import terminate_on_sigterm
from cascade.samples import SampleParams, Samples
from cascade.samples import create_samples as cut_samples
from cascade.train import CascadeTrainParams, TrainedCascade
from cascade.train import train_cascade as train
from tasks.artifacts import show_cascade_score, show_findings, show_skips
from tasks.progress import run_report


@task(name="check", cache_policy=NO_CACHE, timeout_seconds=6 * 3600)
def check(
    positives: Path,
    negatives: Path,
    out: Path,
    params: CheckParams,
    samples: SampleParams,
    training: CascadeTrainParams,
    collect: CollectParams,
) -> dict[str, int]:
    """Say what would go wrong in the training, and stop where it would."""
    inputs = (positives, negatives, out, params, samples, training)
    found = examine(*inputs, collect=collect, report=run_report("check"))
    for line in one_a_rule(found):
        get_run_logger().warning(line)
    show_findings(out)
    stop_on_errors(found, out)
    return {"errors": len(found.errors), "warnings": len(found.warnings), "notes": len(found.notes)}


@task(name="collect", cache_policy=NO_CACHE, timeout_seconds=6 * 3600)
def collect(positives: Path, negatives: Path, out: Path, params: CollectParams, window: tuple[int, int]) -> Collected:
    """Check, convert and copy the pictures."""
    collected = collect_pictures(positives, negatives, out, params, window, report=run_report("collect"))
    show_skips("collect", out)
    return collected


@task(name="describe", cache_policy=NO_CACHE, timeout_seconds=3600)
def describe(collected: Path, out: Path) -> Description:
    """Write `info.lst` and `bg.txt`."""
    return write_descriptions(collected, out)


@task(name="create_samples", cache_policy=NO_CACHE, timeout_seconds=6 * 3600)
def create_samples(info: Path, vec: Path, params: SampleParams) -> Samples:
    """Cut the positives to the window."""
    return cut_samples(info, vec, params, report=run_report("create_samples"))


@task(name="train_cascade", cache_policy=NO_CACHE)
def train_cascade(vec: Path, background: Path, out: Path, params: CascadeTrainParams, restart: bool) -> TrainedCascade:
    """Train with `opencv_traincascade`; a run killed at any moment resumes at its last whole stage."""
    with terminate_on_sigterm():
        return train(vec, background, out, params, restart=restart, report=run_report("train_cascade"))


@task(name="evaluate_cascade", cache_policy=NO_CACHE, timeout_seconds=6 * 3600)
def evaluate_cascade(
    cascade: Path, scenes: Path, out: Path, params: EvaluateCascadeParams, positives: Path | None
) -> CascadeScore:
    """Measure recall and false alarms on scenes with ground truth."""
    score = measure(cascade, scenes, out, params, positives=positives, report=run_report("evaluate_cascade"))
    show_cascade_score(out)
    return score
