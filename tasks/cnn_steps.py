"""The CNN line's steps as Prefect tasks. No domain logic: each calls one function of `cnn/`."""

from __future__ import annotations

from pathlib import Path

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from cnn.evaluate import CnnScore, EvaluateCnnParams
from cnn.evaluate import evaluate_cnn as measure
from cnn.merge import Merged, MergeParams
from cnn.merge import merge as merge_datasets
from cnn.team import OPEN_PORTS
from cnn.train import CnnTrainParams, TrainedCnn
from tasks.artifacts import show_cnn_score, show_cnn_training, show_merge, show_skips
from tasks.cnn_workers import train_with_workers as train
from tasks.progress import run_report


@task(name="merge", cache_policy=NO_CACHE, timeout_seconds=12 * 3600)
def merge(out: Path, params: MergeParams, datasets: dict[str, Path | None]) -> Merged:
    """Merge the datasets, by their names in `cnn.merge.merge`, into five classes, without leaks between splits."""
    merged = merge_datasets(out, params, **datasets, report=run_report("merge"))
    show_merge(out)
    show_skips("merge", out)
    return merged


@task(name="train_cnn", cache_policy=NO_CACHE)
def train_cnn(faces: Path, out: Path, params: CnnTrainParams, restart: bool, processes: int = 1) -> TrainedCnn:
    """Train the network; a run killed at any moment resumes at its last whole epoch."""
    if processes > 1:
        get_run_logger().warning(OPEN_PORTS)
    trained = train(faces, out, params, processes, restart=restart, report=run_report("train_cnn"))
    show_cnn_training(out)
    return trained


@task(name="evaluate_cnn", cache_policy=NO_CACHE, timeout_seconds=6 * 3600)
def evaluate_cnn(model: Path, faces: Path, out: Path, params: EvaluateCnnParams) -> CnnScore:
    """Measure the network on held-out faces."""
    score = measure(model, faces, out, params, report=run_report("evaluate_cnn"))
    show_cnn_score(out)
    return score
