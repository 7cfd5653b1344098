"""What a registered model holds beside its own file: a network's ONNX file, and the model card.

Plain MLflow fetches them too: ``mlflow.artifacts.download_artifacts("models:/NAME@champion")``.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from runs.files import write_text
from runs.progress import Progress, Report, silent
from tasks import publish_mlflow
from tasks.cards.facts import CardFacts
from tasks.model_card import model_card
from tasks.publish_pull import CARD, FILES

_ONNX = "model.onnx"


def log_beside(
    client: Any, model_id: str, facts: CardFacts, network: Path | None, scratch: Path, report: Report = silent
) -> dict[str, str]:
    """Log the ONNX file of `network`, where there is one, and the card; returns the tags that tell `pull` of them.

    Parameters
    ----------
    facts
        With the model's own file.
    scratch
        An existing folder to write to.
    """
    files = {}
    onnx = write_onnx(network, scratch / "onnx", report) if network else None
    if onnx is not None:
        client.log_model_artifact(model_id, str(onnx))
        place = publish_mlflow.files_of_logged(client, model_id)
        files[_ONNX] = {"stored": _ONNX, "sha256": publish_mlflow.fetch(place, _ONNX, scratch / "read back")}
    sums = {**facts.files, **{name: each["sha256"] for name, each in files.items()}}
    write_text(scratch / CARD, model_card(replace(facts, files=sums)))
    client.log_model_artifact(model_id, str(scratch / CARD))
    return {FILES: json.dumps(files)}


def write_onnx(network: Path, out: Path, report: Report = silent) -> Path | None:
    """Export a network to ONNX, checked against Keras; None, with a report of why, where that cannot be done here."""
    from cnn.export.step import export_cnn

    try:
        return export_cnn(network, out, ("onnx",)).folder / _ONNX
    except Exception as error:  # a converter may raise anything, and no network is lost to that
        report(Progress(f"no ONNX file is registered with it: {error}"))
        return None
