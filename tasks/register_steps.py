"""Registration as Prefect tasks: retried, since a registry may be a server across a network."""

from __future__ import annotations

from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks.progress import run_report
from tasks.publish_models import Registered, RegisterParams
from tasks.publish_models import register_cascade as publish_cascade
from tasks.publish_models import register_cnn as publish_cnn


@task(name="register_cascade", cache_policy=NO_CACHE, retries=2, retry_delay_seconds=10, timeout_seconds=1800)
def register_cascade(
    cascade: Path, run: Path, score: Path, params: RegisterParams, data: Path = Path("data")
) -> Registered:
    """Register the cascade in MLflow; the same content again makes no new version."""
    return publish_cascade(cascade, run, score, params, data=data, report=run_report("register_cascade"))


@task(name="register_cnn", cache_policy=NO_CACHE, retries=2, retry_delay_seconds=10, timeout_seconds=1800)
def register_cnn(model: Path, run: Path, score: Path, params: RegisterParams, data: Path = Path("data")) -> Registered:
    """Register the network in MLflow; the same content again makes no new version."""
    return publish_cnn(model, run, score, params, data=data, report=run_report("register_cnn"))
