"""What a step found, on the run's page in Prefect: tables, and pictures where people would rather look."""

from __future__ import annotations

import base64
import csv
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import cv2
import numpy as np
from prefect import get_run_logger
from prefect.artifacts import create_image_artifact, create_markdown_artifact, create_table_artifact

from tasks.progress import shown
from tasks.publish_params import Registered

_LARGEST_PICTURE = 500_000  # bytes; a larger one goes to the page as JPEG


def show_skips(step: str, out: Path) -> None:
    """A table of what a step left out, by rule; nothing where nothing was."""
    with _rows(out / "skipped.csv") as found:
        rules = Counter(row["rule"] for row in found)
    if rules:
        rows = [{"rule": rule, "skipped": count} for rule, count in rules.most_common()]
        _table(f"skipped-{step}", rows, f"Each one is in {out / 'skipped.csv'}.")


def show_findings(out: Path) -> None:
    """What the doctor found, by rule, and its pictures of what may hide among the negatives."""
    with _rows(out / "findings.csv") as found:
        rules = Counter((row["severity"], row["rule"], row["remedy"]) for row in found)
    if rules:
        rows = [{"severity": s, "rule": r, "found": count, "remedy": y} for (s, r, y), count in rules.items()]
        _table("findings", rows, f"Each one is in {out / 'findings.csv'}.")
    if (out / "suspects.png").is_file():
        _picture("suspects", out / "suspects.png")


def show_cascade_score(out: Path) -> None:
    """Where the report page is, the figures, the curve, and the montage of hits, misses and false alarms."""
    _page("cascade-report", out / "report.html")
    _figures("cascade-figures", out / "metrics.json")
    _picture("cascade-curve", out / "curve.png")
    _picture("cascade-montage", out / "montage.png")


def show_merge(out: Path) -> None:
    """Where the report page is, the figures, class counts by source and split, and pairs of near duplicates."""
    _page("merge-report", out / "report.html", "")
    _figures("merge-figures", out / "report.json")
    _picture("merge-counts", out / "counts.png")
    if (out / "near_duplicates.png").is_file():
        _picture("merge-near-duplicates", out / "near_duplicates.png")


def show_cnn_score(out: Path) -> None:
    """Where the report page is, the network's figures, its confusion matrix, and its most confident errors."""
    _page("cnn-report", out / "report.html")
    _figures("cnn-figures", out / "metrics.json")
    _picture("cnn-confusion", out / "confusion.png")
    _picture("cnn-montage", out / "montage.png")


def show_pair_score(out: Path) -> None:
    """The way to the report page, the figures of cascade and network together, and the montage."""
    _page("pair-report", out / "report.html")
    _figures("pair-figures", out / "metrics.json")
    _picture("pair-montage", out / "montage.png")


def show_cnn_training(out: Path) -> None:
    """The curves of the loss and the validation figures by epoch."""
    _picture("cnn-curves", out / "curves.png")


def show_model(model: Registered) -> None:
    """The way to the registered version and to its MLflow run: links where a server holds them, else a command."""
    name = f"{model.name} version {model.version}"
    page, run = f"/#/models/{quote(model.name)}/versions/{model.version}", f"/#/runs/{model.run_id}"
    if model.tracking_uri.startswith("http"):
        store = model.tracking_uri.rstrip("/")
        words = f"[{name}]({store}{page}), and [its MLflow run]({store}{run}): parameters, figures, reports, files."
    else:
        words = (
            f"{name} is in the store `{model.tracking_uri}`. Where a `facefoundry up` shows that store, the version is "
            f"at `{page}` and its run at `{run}` of MLflow's address."
        )
    key = re.sub(r"[^a-z0-9]+", "-", f"model-{model.name}".lower()).strip("-")
    _show(lambda: create_markdown_artifact(markdown=words, key=key, description=name))


@contextmanager
def _rows(path: Path) -> Iterator[Iterator[dict[str, str]]]:
    """The rows of a table of ours; a field may be longer than the csv module allows, such as a line without an end."""
    before = csv.field_size_limit(sys.maxsize)
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            yield csv.DictReader(stream)
    finally:
        csv.field_size_limit(before)


def _page(key: str, path: Path, also: str = " The registered model's MLflow run holds it too.") -> None:
    """Where the page's file is: no link, as a browser follows none from a server's page to a file."""
    words = f"The whole report is one page, to open in a browser: `{path.resolve()}`.{also}"
    _show(lambda: create_markdown_artifact(markdown=words, key=key, description=str(path)))


def _figures(key: str, path: Path) -> None:
    metrics: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    rows = [{"figure": name, "value": value} for name, value in metrics.items() if not isinstance(value, (dict, list))]
    _table(key, rows, str(path))


def _table(key: str, rows: list[dict[str, Any]], description: str) -> None:
    _show(lambda: create_table_artifact(table=rows, key=key.replace("_", "-"), description=description))


def _picture(key: str, path: Path) -> None:
    kind, content = "png", path.read_bytes()
    if len(content) > _LARGEST_PICTURE:
        kind, content = "jpeg", _as_jpeg(content)
    address = f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"
    _show(lambda: create_image_artifact(image_url=address, key=key, description=str(path)))


def _show(show: Callable[[], Any]) -> None:
    shown(show, get_run_logger())


def _as_jpeg(png: bytes) -> bytes:
    image = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()
