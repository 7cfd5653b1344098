"""A small cascade, the folders that a trainer and an evaluation leave, written by hand, and a new store."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from runs.record import digest
from tasks import publish_mlflow
from tasks.publish_params import RegisterParams

STUMP = Path(__file__).with_name("stump_cascade.xml")
"""Fires where the middle of a 20x20 window is brighter than the whole."""


@pytest.fixture
def cascade(tmp_path: Path) -> Path:
    path = tmp_path / "trained.xml"
    return shutil.copyfile(STUMP, path)


@pytest.fixture
def scene() -> np.ndarray:
    """Two bright squares on dark noise, (90, 120) uint8."""
    image = np.random.default_rng(0).integers(0, 40, (90, 120), dtype=np.uint8)
    image[20:32, 20:32] = 200
    image[50:70, 80:100] = 230
    return image


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A trainer's folder."""
    folder = tmp_path / "run"
    folder.mkdir()
    parameters = {"num_stages": 2, "mode": "ALL", "maximum": None}
    record = {"step": "train", "parameters": parameters, "inputs": {"vec": "12ab"}}
    (folder / "run.json").write_text(json.dumps(record))
    (folder / "training.json").write_text('{"seconds": 3.5, "reason": "goal reached", "settings": {"num_stages": 2}}')
    (folder / "history.csv").write_text("stage,hit_rate,false_alarm,word\n0,0.99,0.5,x\n1,0.98,nan,\n")
    return folder


@pytest.fixture
def score(tmp_path: Path, cascade: Path) -> Path:
    """An evaluation's folder, with the files of both lines; of `cascade`."""
    folder = tmp_path / "score"
    folder.mkdir()
    figures = {
        "model_sha256": digest(cascade),
        "recall": 0.75,
        "recommended_recall": 0.5,
        "recommended_min_neighbors": 2,
        "scale_factor": 1.2,
        "min_size": 24,
        "max_size": None,
        "by_source": {"ferplus": 0.5},
        "accuracy": 0.9,
        "average_precision": None,
        "recommended_within_budget": True,
    }
    (folder / "metrics.json").write_text(json.dumps(figures))
    for name in ("curve", "confusion"):
        (folder / f"{name}.csv").write_text("a,b\n1,2\n")
    for name in ("curve", "montage", "confusion"):
        cv2.imwrite(str(folder / f"{name}.png"), np.zeros((4, 4), np.uint8))
    return folder


@pytest.fixture
def measured(score: Path) -> Callable[[Path], None]:
    """Makes the evaluation's folder that of another model, or of the same after a change."""

    def measure(model: Path) -> None:
        told = json.loads((score / "metrics.json").read_text())
        (score / "metrics.json").write_text(json.dumps({**told, "model_sha256": digest(model)}))

    return measure


@pytest.fixture(scope="session")
def new_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with its tables and nothing in them; MLflow takes seconds to make one."""
    path = tmp_path_factory.mktemp("new") / "mlflow.db"
    with publish_mlflow.open_store(f"sqlite:///{path}") as opened:
        opened.search_registered_models()
    return path


@pytest.fixture
def params(tmp_path: Path, new_database: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RegisterParams]:
    """A new store, and a current folder that must stay empty."""
    current = tmp_path / "current"
    current.mkdir()
    monkeypatch.chdir(current)
    (tmp_path / "a store").mkdir()
    shutil.copyfile(new_database, tmp_path / "a store" / "mlflow.db")
    yield RegisterParams(tracking_uri=f"sqlite:///{tmp_path}/a store/mlflow.db")
    assert list(current.iterdir()) == []


@pytest.fixture
def client(params: RegisterParams) -> Any:
    with publish_mlflow.open_store(params.tracking_uri) as opened:
        return opened
