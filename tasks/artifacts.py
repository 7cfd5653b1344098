"""What a step found, on the run's page in Prefect: tables, and pictures where people would rather look."""

from __future__ import annotations

import base64
import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from prefect.artifacts import create_image_artifact, create_table_artifact

_LARGEST_PICTURE = 500_000  # bytes; a larger one goes to the page as JPEG


def show_skips(step: str, out: Path) -> None:
    """A table of what a step left out, by rule; nothing where nothing was."""
    with (out / "skipped.csv").open(newline="", encoding="utf-8") as stream:
        rules = Counter(row["rule"] for row in csv.DictReader(stream))
    if rules:
        rows = [{"rule": rule, "skipped": count} for rule, count in rules.most_common()]
        _table(f"skipped-{step}", rows, f"Each one is in {out / 'skipped.csv'}.")


def show_cascade_score(out: Path) -> None:
    """The cascade's figures, its curve, and the montage of hits, misses and false alarms."""
    _figures("cascade-figures", out / "metrics.json")
    _picture("cascade-curve", out / "curve.png")
    _picture("cascade-montage", out / "montage.png")


def show_merge(out: Path) -> None:
    """Class counts by source and split."""
    _picture("merge-counts", out / "counts.png")


def show_cnn_score(out: Path) -> None:
    """The network's figures, its confusion matrix, and the montage of its most confident errors."""
    _figures("cnn-figures", out / "metrics.json")
    _picture("cnn-confusion", out / "confusion.png")
    _picture("cnn-montage", out / "montage.png")


def _figures(key: str, path: Path) -> None:
    metrics: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    rows = [{"figure": name, "value": value} for name, value in metrics.items() if not isinstance(value, (dict, list))]
    _table(key, rows, str(path))


def _table(key: str, rows: list[dict[str, Any]], description: str) -> None:
    create_table_artifact(table=rows, key=key.replace("_", "-"), description=description)


def _picture(key: str, path: Path) -> None:
    kind, content = "png", path.read_bytes()
    if len(content) > _LARGEST_PICTURE:
        kind, content = "jpeg", _as_jpeg(content)
    data = base64.b64encode(content).decode("ascii")
    create_image_artifact(image_url=f"data:image/{kind};base64,{data}", key=key, description=str(path))


def _as_jpeg(png: bytes) -> bytes:
    image = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()
