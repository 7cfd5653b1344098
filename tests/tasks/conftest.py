"""A small cascade, the folders that a trainer and an evaluation leave, written by hand, and a new store."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from runs.record import digest
from tasks import publish_mlflow
from tasks.publish_models import Registered, RegisterParams, register_cascade

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
    return write_run(tmp_path / "run")


def write_run(folder: Path) -> Path:
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
    return write_score(tmp_path / "score", cascade)


def write_score(folder: Path, cascade: Path) -> Path:
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


@pytest.fixture(scope="session")
def one_cascade(tmp_path_factory: pytest.TempPathFactory, new_database: Path) -> Path:
    """A folder with a store of one registered cascade, `mlflow.db`, and what it was registered from."""
    folder = tmp_path_factory.mktemp("one")
    shutil.copyfile(STUMP, folder / "cascade.xml")
    run, score = write_run(folder / "run"), write_score(folder / "score", folder / "cascade.xml")
    store = RegisterParams(tracking_uri=f"sqlite:///{shutil.copyfile(new_database, folder / 'mlflow.db')}")
    assert register_cascade(folder / "cascade.xml", run, score, store).created
    return folder


@pytest.fixture
def copied(one_cascade: Path, tmp_path: Path) -> RegisterParams:
    """A copy of the store with one cascade, whose files all copies share."""
    return RegisterParams(
        tracking_uri=f"sqlite:///{shutil.copyfile(one_cascade / 'mlflow.db', tmp_path / 'mlflow.db')}"
    )


NODE, WINDOW = "0 -1 0 5.0e-01", "0 0 20 20 -1.</_><_>5 5 10 10 4."
LARGE = (("20</height>", "40</height>"), ("20</width>", "40</width>"), (WINDOW, "0 0 40 40 -1.</_><_>10 10 20 20 4."))
CHANGES = (((NODE, "0 -1 0 9.0e+01"),), LARGE, (), ((NODE, f"{NODE} "),))
"""What makes four of the stump: in `two_squares` they find nothing, the larger square, both, and both."""


@dataclass(frozen=True)
class _Four:
    """A store with four cascades as versions 1 to 4, and what they were registered from."""

    database: Path
    folder: Path

    def register(self, version: int, params: RegisterParams) -> Registered:
        cascade, run, score = (self.folder / str(version) / name for name in ("cascade.xml", "run", "score"))
        return register_cascade(cascade, run, score, params)


@pytest.fixture(scope="session")
def four(tmp_path_factory: pytest.TempPathFactory, new_database: Path) -> _Four:
    folder = tmp_path_factory.mktemp("four")
    database = shutil.copyfile(new_database, folder / "mlflow.db")
    made = _Four(database, folder)
    for version, changes in enumerate(CHANGES, start=1):
        own, text = folder / str(version), STUMP.read_text()
        for before, after in changes:
            text = text.replace(before, after)
        own.mkdir()
        (own / "cascade.xml").write_text(text)
        write_run(own / "run")
        write_score(own / "score", own / "cascade.xml")
        assert made.register(version, RegisterParams(tracking_uri=f"sqlite:///{database}")).version == version
    return made


@pytest.fixture
def registered(four: _Four, tmp_path: Path) -> RegisterParams:
    """A copy of the store with four versions, in which version 1 is champion and 4 challenger; files are shared."""
    return RegisterParams(tracking_uri=f"sqlite:///{shutil.copyfile(four.database, tmp_path / 'mlflow.db')}")


@pytest.fixture
def register_again(four: _Four, registered: RegisterParams) -> Callable[[int], Registered]:
    return lambda version: four.register(version, registered)


@pytest.fixture(scope="session")
def two_squares(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve pictures with a small square and a large one each, and their boxes."""
    folder = tmp_path_factory.mktemp("scenes")
    rng, lines = np.random.default_rng(0), []
    for number in range(12):
        image = rng.integers(0, 20, (90, 120), dtype=np.uint8)
        image[15:25, 15:25], image[35:65, 65:95] = 200, 230
        cv2.imwrite(str(folder / f"{number}.png"), image)
        lines.append(f"{number}.png 2 10 10 20 20 50 20 60 60")
    (folder / "info.lst").write_text("\n".join(lines) + "\n")
    return folder
