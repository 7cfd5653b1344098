"""Registration as Prefect tasks: tried again for some minutes while the store is away, as a server may be.

What is wrong with the model itself is not tried again. A try that dies leaves no version, and one that ended unnoticed
is found by its content: so there is one version, however many tries it took.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks.artifacts import show_model
from tasks.changes import MadeFrom, record
from tasks.progress import run_report
from tasks.publish_mlflow_store import StoreFailedError
from tasks.publish_models import Registered, RegisterParams
from tasks.publish_models import register_cascade as publish_cascade
from tasks.publish_models import register_cnn as publish_cnn
from tasks.publish_pair import register_pair as publish_pair

RETRY_SECONDS = (5, 10, 20, 40, 60, 60)
"""Between the tries: more than three minutes, with what MLflow itself waits in each."""


def _store_failed(_task: Any, _task_run: Any, state: Any) -> bool:
    return isinstance(state.result(raise_on_failure=False), StoreFailedError)


_RETRIES: dict[str, Any] = {
    "retries": len(RETRY_SECONDS),
    "retry_delay_seconds": list(RETRY_SECONDS),
    "retry_condition_fn": _store_failed,
}


@task(name="register_cascade", cache_policy=NO_CACHE, timeout_seconds=1800, **_RETRIES)
def register_cascade(
    cascade: Path,
    run: Path,
    score: Path,
    params: RegisterParams,
    data: Path = Path("data"),
    made_from: MadeFrom | None = None,
) -> Registered:
    """Register the cascade in MLflow, with what it was made from; the same content again makes no new version."""
    registered = publish_cascade(cascade, run, score, params, data=data, report=run_report("register_cascade"))
    show_model(registered)
    return record(registered, made_from, params)


@task(name="register_cnn", cache_policy=NO_CACHE, timeout_seconds=1800, **_RETRIES)
def register_cnn(
    model: Path,
    run: Path,
    score: Path,
    params: RegisterParams,
    data: Path = Path("data"),
    made_from: MadeFrom | None = None,
) -> Registered:
    """Register the network in MLflow, with what it was made from; the same content again makes no new version."""
    registered = publish_cnn(model, run, score, params, data=data, report=run_report("register_cnn"))
    show_model(registered)
    return record(registered, made_from, params)


@task(name="register_pair", cache_policy=NO_CACHE, timeout_seconds=1800, **_RETRIES)
def register_pair(
    score: Path,
    params: RegisterParams,
    cascade_model: str | None = None,
    network_model: str | None = None,
    data: Path = Path("data"),
) -> Registered:
    """Register a registered cascade and a registered network as one model, with the figures of both together."""
    parts = {"cascade_model": cascade_model, "network_model": network_model}
    registered = publish_pair(score, params, **parts, data=data, report=run_report("register_pair"))
    show_model(registered)
    return registered
