"""Asking what has changed as Prefect tasks, and the answers on the run's page."""

from __future__ import annotations

from prefect import get_run_logger, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE

from tasks import changes, pair_changes, promotion
from tasks.changes import Answer, MadeFrom
from tasks.progress import shown
from tasks.promotion_params import Decision
from tasks.promotion_steps import artifact_key
from tasks.publish_params import RegisterParams


@task(name="has_changed", cache_policy=NO_CACHE, retries=2, retry_delay_seconds=10, timeout_seconds=1800)
def has_changed(model: str, made: MadeFrom, store: RegisterParams) -> Answer:
    """Ask the registry whether the model was made from the same already, and show what was compared."""
    answer = changes.has_changed(model, made, store)
    _show(answer)
    return answer


@task(name="has_pair", cache_policy=NO_CACHE, retries=2, retry_delay_seconds=10, timeout_seconds=1800)
def has_pair(store: RegisterParams) -> Answer | None:
    """Ask the registry whether there is a pair of both champions; None where one of the two has none."""
    answer = pair_changes.has_pair(store)
    if answer is not None:
        _show(answer)
    return answer


def was_decided(model: str, version: int, champion: int | None, store: RegisterParams) -> Decision | None:
    """The latest decision between a version and the champion of now; None where there was none."""
    decisions = promotion.history(model, store)
    return next((one for one in decisions if (one.challenger, one.champion) == (version, champion)), None)


def _show(answer: Answer) -> None:
    logger = get_run_logger()
    logger.info(answer.reason)
    key, rows = f"compared-{artifact_key(answer.model)}", answer.rows()
    shown(lambda: create_table_artifact(table=rows, key=key, description=answer.reason), logger)
