"""What is known of the training of a model: the files that `train_cnn` writes beside it."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnn.store import TABLE
from runs.record import digest

_LARGEST = 1e9
"""What lies beyond is no figure of a training, and no chart could show it beside others."""


@dataclass(frozen=True)
class TrainingRecord:
    """The epochs' figures, and what `training.json` and `run.json` tell; empty where there are no such files.

    `same_faces` says whether the model was trained on the store that it is measured on; None where nothing tells.
    """

    history: list[dict[str, float]]
    told: dict[str, Any]
    parameters: dict[str, Any]
    same_faces: bool | None

    @property
    def best_epoch(self) -> int | None:
        """The epoch whose weights were saved."""
        best = self.told.get("best_epoch")
        return best if isinstance(best, int) else None

    @property
    def seconds(self) -> float | None:
        """How long it took."""
        return _number(self.told.get("seconds"))

    def curve(self, name: str) -> list[tuple[float, float]]:
        """(epoch, value) of one column of the history, where both are numbers."""
        return [(row["epoch"], row[name]) for row in self.history if "epoch" in row and name in row]


def read_training(model: Path, faces: Path) -> TrainingRecord:
    """Read what lies beside a model; files that are missing or damaged tell nothing."""
    run = _read_json(model.parent / "run.json")
    table = _dictionary(run.get("inputs")).get("table")
    same = None if not isinstance(table, str) else table == digest(faces / TABLE)
    told = _read_json(model.parent / "training.json")
    return TrainingRecord(_read_history(model.parent / "history.csv"), told, _dictionary(run.get("parameters")), same)


def _read_history(path: Path) -> list[dict[str, float]]:
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, ValueError, csv.Error):
        return []
    numbers = [{str(name): _number(cell) for name, cell in row.items()} for row in rows]
    return [{name: value for name, value in row.items() if value is not None} for row in numbers]


def _number(cell: Any) -> float | None:
    try:
        value = float(cell)
    except (TypeError, ValueError, OverflowError):
        return None
    return value if abs(value) < _LARGEST else None  # so written, it holds for NaN too


def _read_json(path: Path) -> dict[str, Any]:
    try:
        return _dictionary(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError):
        return {}


def _dictionary(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
