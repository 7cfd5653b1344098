"""An evaluation as it is really written, registered in a real MLflow store."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest

from cascade.evaluate import OUTPUTS, EvaluateCascadeParams, evaluate_cascade
from cnn.evaluate import OUTPUTS as CNN_OUTPUTS
from cnn.evaluate import evaluate_cnn
from cnn.labels import EXPRESSIONS
from cnn.store import STORE_COLUMNS, write_table
from tasks.publish_models import RegisterParams, register_cascade, register_cnn
from tasks.publish_record import CASCADE, CNN, read_record


@pytest.fixture
def evaluated(cascade: Path, scene: np.ndarray, tmp_path: Path) -> Path:
    (tmp_path / "scenes").mkdir()
    cv2.imwrite(str(tmp_path / "scenes/a.png"), scene)
    (tmp_path / "scenes/info.lst").write_text("a.png 2 16 16 20 20 72 42 36 36\n")
    params = EvaluateCascadeParams(min_size=24, scale_factor=1.2)
    return evaluate_cascade(cascade, tmp_path / "scenes/info.lst", tmp_path / "evaluated", params).out


def test_every_file_and_figure_of_an_evaluation_is_told(cascade: Path, run: Path, evaluated: Path) -> None:
    record = read_record(cascade, run, evaluated, CASCADE)
    assert {path.name for path in record.files["evaluation"]} == set(OUTPUTS)
    figures = json.loads((evaluated / "metrics.json").read_text())
    numbers = {name for name, value in figures.items() if isinstance(value, float | int) and value is not True}
    assert numbers - {"recommended_within_budget"} <= record.metrics.keys()
    assert record.metrics["speed.megapixels_per_second"] > 0


@pytest.mark.mlflow
def test_the_page_and_the_operating_point_go_with_the_model(
    cascade: Path, run: Path, evaluated: Path, params: RegisterParams, client: Any
) -> None:
    registered = register_cascade(cascade, run, evaluated, params)
    logged = {file.path: file.file_size for file in client.list_artifacts(registered.run_id, "evaluation")}
    assert logged["evaluation/report.html"] == (evaluated / "report.html").stat().st_size > 10_000
    assert {f"evaluation/{name}" for name in OUTPUTS} == set(logged)
    best = json.loads((evaluated / "metrics.json").read_text())["recommended_min_neighbors"]
    told = client.get_run(registered.run_id).data.metrics
    assert (told["recommended_min_neighbors"], told["registered_min_neighbors"]) == (best, best)


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """A network that looks at nothing but the mean of a face."""
    import keras

    layers = keras.layers
    inside = [layers.Conv2D(2, 3), layers.GlobalAveragePooling2D(), layers.Dense(5, activation="softmax")]
    keras.Sequential([keras.Input((48, 48, 1)), layers.Rescaling(1 / 255), *inside]).save(tmp_path / "model.keras")
    return tmp_path / "model.keras"


@pytest.fixture
def evaluated_network(network: Path, tmp_path: Path) -> Path:
    """What an evaluation of it on ten faces leaves."""
    (tmp_path / "faces").mkdir()
    labels = np.arange(10) % 5
    np.save(tmp_path / "faces/images.npy", np.random.default_rng(0).integers(0, 256, (10, 48, 48)).astype(np.uint8))
    known = {"index": range(10), "split": "test", "label": labels, "expression": [EXPRESSIONS[n] for n in labels]}
    table = pd.DataFrame({**known, "source": "ferplus", "row": 2, "own_label": 0}).reindex(columns=list(STORE_COLUMNS))
    text = ["official_split", "file", "sha256", "original_sha256", "subject"]
    table[text] = ""
    table["landmarks"] = None
    write_table(tmp_path / "faces/faces.parquet", table)
    return evaluate_cnn(network, tmp_path / "faces", tmp_path / "evaluated").folder


@pytest.mark.mlflow
@pytest.mark.slow
def test_every_figure_of_a_networks_evaluation_is_told_and_its_page_goes_with_it(
    network: Path, run: Path, evaluated_network: Path, params: RegisterParams, client: Any
) -> None:
    record = read_record(network, run, evaluated_network, CNN)
    assert {path.name for path in record.files["evaluation"]} == set(CNN_OUTPUTS)
    figures = json.loads((evaluated_network / "metrics.json").read_text())
    assert figures.keys() - {"model_sha256"} <= record.metrics.keys()
    assert {"accuracy_low", "balanced_accuracy_high", "f1_sad", "precision_angry_low"} <= record.metrics.keys()
    registered = register_cnn(network, run, evaluated_network, params)
    logged = {file.path: file.file_size for file in client.list_artifacts(registered.run_id, "evaluation")}
    assert set(logged) == {f"evaluation/{name}" for name in CNN_OUTPUTS}
    assert logged["evaluation/report.html"] == (evaluated_network / "report.html").stat().st_size > 10_000
