"""Watching for drift as Prefect tasks, and what was found on the run's page."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from prefect import get_run_logger, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE

from cascade.evaluate import EvaluateCascadeParams
from cnn.evaluate import EvaluateCnnParams
from pair.params import EvaluatePairParams
from tasks import drift
from tasks.artifacts import show_cascade_score, show_cnn_score, show_pair_score
from tasks.drift_verdict import Drift, DriftParams
from tasks.progress import run_report, shown
from tasks.publish_params import RegisterParams


@task(name="watch_cascade", cache_policy=NO_CACHE, timeout_seconds=6 * 3600)
def watch_cascade(
    scenes: Path, out: Path, params: DriftParams, store: RegisterParams, evaluation: EvaluateCascadeParams
) -> Drift:
    """Measure the champion among the cascades on newly annotated scenes."""
    found = drift.watch_cascade(scenes, out, params, store, evaluation, report=run_report("watch_cascade"))
    show_cascade_score(out / "score")
    return found


@task(name="watch_cnn", cache_policy=NO_CACHE, timeout_seconds=6 * 3600)
def watch_cnn(
    faces: Path, out: Path, params: DriftParams, store: RegisterParams, evaluation: EvaluateCnnParams
) -> Drift:
    """Measure the champion among the networks on newly labelled faces."""
    found = drift.watch_cnn(faces, out, params, store, evaluation, report=run_report("watch_cnn"))
    show_cnn_score(out / "score")
    return found


@task(name="watch_pair", cache_policy=NO_CACHE, timeout_seconds=6 * 3600)
def watch_pair(
    scenes: Path, out: Path, params: DriftParams, store: RegisterParams, evaluation: EvaluatePairParams
) -> Drift:
    """Measure the champion among the pairs on newly labelled scenes."""
    found = drift.watch_pair(scenes, out, params, store, evaluation, report=run_report("watch_pair"))
    show_pair_score(out / "score")
    return found


@task(name="record_drift", cache_policy=NO_CACHE, retries=2, retry_delay_seconds=10, timeout_seconds=1800)
def record_drift(found: Drift, store: RegisterParams) -> Drift:
    """Keep what was found in MLflow, and show it."""
    kept, logger = drift.record(found, store), get_run_logger()
    logger.log(30 if kept.state == "drifted" else 20, kept.reason)
    rows = [asdict(one) for one in kept.figures]
    key = "drift-" + kept.model.lower().replace("_", "-").replace(".", "-")
    shown(lambda: create_table_artifact(table=rows, key=key, description=kept.reason), logger)
    return kept
