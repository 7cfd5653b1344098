"""Deciding on champions as a Prefect task, with the decision and its picture on the run's page."""

from __future__ import annotations

import base64
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from prefect import get_run_logger, task
from prefect.artifacts import create_image_artifact, create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE

from tasks import promotion
from tasks.progress import run_report, shown
from tasks.promotion_params import Decision, HeldOut, PromotionParams
from tasks.promotion_record import fetch_picture
from tasks.publish_params import RegisterParams


@task(name="decide", cache_policy=NO_CACHE, timeout_seconds=6 * 3600)
def decide(model: str, held_out: HeldOut, params: PromotionParams, store: RegisterParams) -> Decision:
    """Compare the challenger with the champion on the same held-out data; the better one is the champion then."""
    decision = promotion.decide(model, held_out, params, store, report=run_report("decide"))
    get_run_logger().info(f"{model}: {decision.reason}")
    show_decision(decision, store)
    return decision


def show_decision(decision: Decision, store: RegisterParams) -> None:
    """The reason, the figures as a table, and the picture, where there is one."""
    key, logger = artifact_key(decision.model), get_run_logger()
    words = [f"**{decision.model}**: {decision.reason}", decision.warning, _link(decision, store)]
    markdown = "\n\n".join(filter(None, words))
    shown(lambda: create_markdown_artifact(markdown=markdown, key=f"decision-{key}"), logger)
    if decision.challenger is None:
        return
    rows = [{"what": name.replace("_", " "), "value": value} for name, value in asdict(decision).items()]
    shown(lambda: create_table_artifact(table=rows, key=f"decision-figures-{key}", description=decision.reason), logger)
    if decision.figure and decision.challenger_value is not None:
        shown(lambda: _show_picture(decision, store, f"decision-picture-{key}"), logger)


def _show_picture(decision: Decision, store: RegisterParams, key: str) -> Any:
    with TemporaryDirectory() as scratch:
        picture = fetch_picture(decision, store, Path(scratch))
        address = f"data:image/png;base64,{base64.b64encode(picture.read_bytes()).decode('ascii')}"
    return create_image_artifact(image_url=address, key=key, description=f"{decision.figure} of {decision.model}")


def _link(decision: Decision, store: RegisterParams) -> str:
    if not decision.run_id:
        return ""
    if not store.tracking_uri.startswith("http"):
        return f"MLflow run `{decision.run_id}` holds the record."
    return f"[The record in MLflow]({store.tracking_uri.rstrip('/')}/#/runs/{decision.run_id})"


def artifact_key(model: str) -> str:
    """An artifact's key: Prefect takes lower case, digits and dashes."""
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in model.lower())
