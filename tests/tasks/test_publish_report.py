"""An evaluation as it is really written, registered in a real MLflow store."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from cascade.evaluate import OUTPUTS, EvaluateCascadeParams, evaluate_cascade
from tasks.publish_models import RegisterParams, register_cascade
from tasks.publish_record import CASCADE, read_record


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
