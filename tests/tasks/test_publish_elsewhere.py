"""Registered models in use, also in a new process, in another folder, without the factory."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cascade.detect import Detector, DetectParams
from cnn.labels import EXPRESSIONS
from cnn.logits import temperature_of
from tasks import publish_mlflow
from tasks.publish_models import RegisterParams, pull, register_cascade, register_cnn

pytestmark = pytest.mark.mlflow

ELSEWHERE = """
import sys
ROOMS = {"cascade", "cnn", "tasks", "runs", "flows"}
class Wall:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ROOMS:
            raise ImportError("the project is not here: " + name)
sys.meta_path.insert(0, Wall())
import mlflow, numpy
store, model, given, answer = sys.argv[1:]
mlflow.set_tracking_uri(store)
loaded = mlflow.pyfunc.load_model(model)
numpy.save(answer, loaded.predict(numpy.load(given)))
assert not ROOMS & {name.split(".")[0] for name in sys.modules}
print("tensorflow" in sys.modules)
"""


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    inside = [layers.Resizing(48, 48), layers.Rescaling(1 / 255), layers.Conv2D(3, 3, activation="relu")]
    outside = [layers.GlobalAveragePooling2D(), layers.Dense(5), layers.Rescaling(4, name="temperature")]
    path = tmp_path_factory.mktemp("network") / "best.keras"
    keras.Sequential([keras.Input((None, None, 1)), *inside, *outside, layers.Softmax()]).save(path)
    return path


def predict_elsewhere(params: RegisterParams, uri: str, given: np.ndarray, folder: Path) -> tuple[np.ndarray, bool]:
    """What a model answers in a new process, in another folder, without the factory; and whether it took TensorFlow."""
    np.save(folder / "given.npy", given)
    arguments = [params.tracking_uri, uri, str(folder / "given.npy"), str(folder / "answer.npy")]
    command = [sys.executable, "-I", "-c", ELSEWHERE, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return np.load(folder / "answer.npy"), "True" in done.stdout


@pytest.mark.slow
def test_the_cascade_finds_the_same_elsewhere(
    cascade: Path, run: Path, score: Path, scene: np.ndarray, params: RegisterParams, tmp_path: Path
) -> None:
    registered = register_cascade(cascade, run, score, params)
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    answer, took_tensorflow = predict_elsewhere(params, "models:/face-cascade@champion", scene, folder)
    boxes, scores = Detector(cascade, DetectParams(scale_factor=1.2, min_neighbors=2, min_size=24)).detect(scene)
    np.testing.assert_array_equal(answer, np.column_stack([boxes, scores]))
    assert len(answer) == 2
    assert not took_tensorflow
    assert registered.uri == "models:/face-cascade/1"


@pytest.mark.slow
def test_the_network_answers_the_same_elsewhere(
    network: Path,
    run: Path,
    score: Path,
    params: RegisterParams,
    client: Any,
    tmp_path: Path,
    measured: Callable[[Path], None],
) -> None:
    import keras

    measured(network)
    registered = register_cnn(network, run, score, params)
    assert not register_cnn(network, run, score, params).created
    faces = np.random.default_rng(1).uniform(0, 255, (3, 64, 40, 1)).astype(np.float32)
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    answer, _ = predict_elsewhere(params, registered.uri, faces, folder)
    here = keras.ops.convert_to_numpy(keras.models.load_model(network)(faces, training=False))
    np.testing.assert_allclose(answer, here, atol=1e-6)
    np.testing.assert_allclose(answer.sum(axis=1), 1, atol=1e-5)
    version = client.get_model_version("expression-cnn", 1)
    assert json.loads(version.tags["facefoundry.classes"]) == list(EXPRESSIONS)
    pulled = pull("expression-cnn", tmp_path / "pulled", params)
    again = keras.ops.convert_to_numpy(keras.models.load_model(pulled.file)(faces, training=False))
    np.testing.assert_allclose(again, here, atol=1e-6)
    # The calibration is in what was answered, and still in the file that is pulled.
    assert temperature_of(keras.models.load_model(pulled.file)) == 0.25


def test_the_operating_point_can_be_changed_in_a_call_and_other_pictures_are_refused(
    cascade: Path, run: Path, score: Path, scene: np.ndarray, params: RegisterParams
) -> None:
    import mlflow

    registered = register_cascade(cascade, run, score, params)
    with publish_mlflow.open_store(params.tracking_uri):
        model = mlflow.pyfunc.load_model(registered.uri)
    assert len(model.predict(scene)) == 2
    assert len(model.predict(scene, params={"min_neighbors": 0})) > 100
    with pytest.raises(mlflow.MlflowException, match="does not match expected shape"):
        model.predict(np.dstack([scene] * 3))
