"""A champion measured on new pictures: cascades that find nothing, half and all of them, and a network that guesses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from cascade.evaluate import EvaluateCascadeParams
from runs.record import digest
from tasks import publish_mlflow
from tasks.drift import record, watch_cascade, watch_cnn
from tasks.drift_verdict import DriftParams, judge
from tasks.publish_models import PublishError, RegisterParams, register_cnn

pytestmark = pytest.mark.mlflow
FEW = DriftParams(min_faces=20)


@pytest.mark.parametrize(
    ("low", "high", "change", "state"),
    [
        (0.6, 0.8, -0.05, "drifted"),
        (0.8, 0.9, -0.05, "unclear"),
        (0.85, 0.9, -0.05, "well"),
        (0.95, 1.0, -0.05, "well"),
        (1.5, 2.0, 0.5, "drifted"),
        (1.3, 2.0, 0.5, "unclear"),
        (0.0, 1.4, 0.5, "well"),
    ],
)
def test_an_interval_against_the_old_figure(low: float, high: float, change: float, state: str) -> None:
    one = judge("figure", 0.9, (low + high) / 2, low, high, change)
    assert one.state == state
    assert one.limit == pytest.approx(0.9 + change)


def make_champion(version: int, store: RegisterParams, recall: float = 0.5) -> None:
    with publish_mlflow.open_store(store.tracking_uri) as client:
        client.set_registered_model_alias("face-cascade", "champion", str(version))
        client.set_model_version_tag(
            "face-cascade", str(version), "facefoundry.figures", json.dumps({"recall": recall})
        )


@pytest.mark.parametrize(
    ("version", "recall", "state", "words"),
    [
        (1, 0.5, "drifted", "has drifted on 24 new faces: recall 0.000 (95%: 0.000 to 0.000), was 0.500, limit 0.450"),
        (2, 0.5, "well", "all is well on 24 new faces: recall 0.500 (95%: 0.500 to 0.500), was 0.500, limit 0.450"),
        (2, 0.6, "drifted", "recall 0.500 (95%: 0.500 to 0.500), was 0.600, limit 0.550"),
    ],
)
def test_a_cascade_is_measured_at_its_own_operating_point(
    registered: RegisterParams, two_squares: Path, tmp_path: Path, version: int, recall: float, state: str, words: str
) -> None:
    make_champion(version, registered, recall)
    found = watch_cascade(two_squares, tmp_path / "out", FEW, registered, EvaluateCascadeParams(min_neighbors=9999))
    assert (found.model, found.version, found.state, found.faces) == ("face-cascade", version, state, 24)
    assert words in found.reason
    metrics = json.loads((tmp_path / "out/score/metrics.json").read_text())
    assert (metrics["scale_factor"], metrics["min_neighbors"], metrics["min_size"]) == (1.2, 2, 24)


def test_too_few_faces_decide_nothing_and_the_answer_is_kept(
    registered: RegisterParams, two_squares: Path, tmp_path: Path
) -> None:
    found = watch_cascade(two_squares, tmp_path / "out", DriftParams(), registered)
    assert found.state == "too few"
    assert found.reason.endswith("only 24 labelled faces, and 50 are needed: nothing is decided.")
    kept = record(found, registered)
    with publish_mlflow.open_store(registered.tracking_uri) as client:
        run = client.get_run(kept.run_id)
    assert run.data.metrics["recall.now"] == 0
    assert run.data.metrics["faces"] == 24
    assert (run.data.tags["facefoundry.drift"], run.data.tags["facefoundry.kind"]) == ("too few", "drift")
    assert run.info.status == "FINISHED"


@pytest.mark.parametrize("figures", ['{"accuracy": 1}', "[]"])
def test_a_champion_without_figures_cannot_be_watched(
    registered: RegisterParams, two_squares: Path, tmp_path: Path, figures: str
) -> None:
    with publish_mlflow.open_store(registered.tracking_uri) as client:
        client.set_model_version_tag("face-cascade", "1", "facefoundry.figures", figures)
    with pytest.raises(PublishError, match=r"face-cascade version 1 tells (no figures|its figures wrongly)"):
        watch_cascade(two_squares, tmp_path / "out", FEW, registered)


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    """Class folders: ten bright faces that are happy, ten dark ones that are sad, all different."""
    rng = np.random.default_rng(0)
    for name, least in (("happy", 160), ("sad", 10)):
        (tmp_path / "new" / name).mkdir(parents=True)
        for number in range(10):
            image = rng.integers(least, least + 80, (48, 48), dtype=np.uint8)
            cv2.imwrite(str(tmp_path / "new" / name / f"{number}.png"), image)
    return tmp_path / "new"


@pytest.mark.slow
def test_a_network_is_measured_on_all_faces_of_class_folders(
    run: Path, score: Path, measured: Any, params: RegisterParams, faces: Path, tmp_path: Path
) -> None:
    import keras

    from cnn.labels import EXPRESSIONS

    inputs = keras.Input((48, 48, 1))
    outputs = keras.layers.Dense(5, "softmax")(keras.layers.GlobalAveragePooling2D()(inputs))
    network = keras.Model(inputs, outputs)
    weights, bias = np.zeros((1, 5), np.float32), np.full(5, -1000, np.float32)
    happy, sad = EXPRESSIONS.index("Happy"), EXPRESSIONS.index("Sad")
    weights[0, happy], bias[happy], bias[sad] = 1, -128, 0
    network.layers[-1].set_weights([weights, bias])  # bright is happy, dark is sad
    network.save(tmp_path / "model.keras")
    measured(tmp_path / "model.keras")
    metrics = json.loads((score / "metrics.json").read_text())
    (score / "metrics.json").write_text(json.dumps({**metrics, "balanced_accuracy": 0.9}))
    assert metrics["model_sha256"] == digest(tmp_path / "model.keras")
    register_cnn(tmp_path / "model.keras", run, score, params)
    found = watch_cnn(faces, tmp_path / "out", FEW, params)
    assert (found.state, found.faces, found.version) == ("well", 20, 1)
    (one,) = found.figures
    assert (one.figure, one.then, one.now) == ("balanced_accuracy", 0.9, 1.0)
    (faces / "happy").rename(faces / "other")
    (faces / "sad").rename(faces / "happy")
    (faces / "other").rename(faces / "sad")
    assert watch_cnn(faces, tmp_path / "out", FEW, params).state == "drifted"
