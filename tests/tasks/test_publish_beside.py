"""What lies beside a registered model's file: the ONNX of a network, and a card whose Python runs anywhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cnn.models import with_preprocessing
from runs.progress import Progress
from tasks import publish_mlflow
from tasks.publish_beside import write_onnx
from tasks.publish_models import RegisterParams, register_cascade, register_cnn
from tasks.publish_pull import pull

pytestmark = [pytest.mark.mlflow, pytest.mark.slow]

WITHOUT_THE_FACTORY = """
import sys
sys.modules.update(dict.fromkeys(("cascade", "cnn", "pair", "runs", "tasks", "flows")))
import numpy
{name} = numpy.load("given.npy")
"""


def run_card(folder: Path, store: RegisterParams, name: str, given: np.ndarray, answer: str) -> list[np.ndarray]:
    """What each part of the card's Python answers, run beside the pulled files without the factory."""
    blocks = re.findall(r"```python\n(.*?)```", (folder / "README.md").read_text(), re.DOTALL)
    (code,) = [block for block in blocks if "import" in block]
    assert all(block in code for block in blocks)  # the line that stands by the operating point
    parts = code.strip().split("\n\n")
    saved = [f"{part}\nnumpy.save('answer{number}.npy', {answer})" for number, part in enumerate(parts)]
    np.save(folder / "given.npy", given)
    script = WITHOUT_THE_FACTORY.format(name=name) + "\n".join(saved)
    environment = {**os.environ, "MLFLOW_TRACKING_URI": store.tracking_uri}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr
    return [np.load(folder / f"answer{number}.npy") for number in range(len(parts))]


def test_a_cascades_card_loads_it_both_ways(
    cascade: Path, run: Path, score: Path, scene: np.ndarray, params: RegisterParams, tmp_path: Path
) -> None:
    register_cascade(cascade, run, score, params)
    folder = pull("face-cascade", tmp_path / "pulled", params).folder
    by_mlflow, by_opencv = run_card(folder, params, "grey", scene, "boxes")
    assert len(by_mlflow) == 2
    assert sorted(map(tuple, by_mlflow[:, :4])) == sorted(map(tuple, by_opencv))


def test_a_networks_card_loads_it_three_ways_with_one_answer(
    run: Path, score: Path, params: RegisterParams, client: Any, tmp_path: Path, measured: Callable[[Path], None]
) -> None:
    import keras

    keras.utils.set_random_seed(1)
    given = keras.Input((48, 48, 1))
    seen = keras.layers.Conv2D(8, 3, strides=2, activation="relu")(keras.layers.Rescaling(1 / 255)(given))
    told = keras.layers.Dense(5, activation="softmax")(keras.layers.GlobalAveragePooling2D()(seen))
    small = with_preprocessing(keras.Model(given, told, name="small"))
    small.save(tmp_path / "model.keras")
    measured(tmp_path / "model.keras")
    registered = register_cnn(tmp_path / "model.keras", run, score, params)
    pulled = pull("expression-cnn", tmp_path / "pulled", params)
    assert {"model.keras", "model.onnx"} < {path.name for path in pulled.folder.iterdir()}
    faces = np.random.default_rng(0).integers(0, 256, (3, 48, 48, 1)).astype(np.float32)
    answers = run_card(pulled.folder, params, "faces", faces, "answers")
    expected = keras.ops.convert_to_numpy(small(faces, training=False))
    assert len(answers) == 3
    for answer in answers:
        np.testing.assert_allclose(answer, expected, atol=1e-5)
    with publish_mlflow.open_store(params.tracking_uri):
        card = publish_mlflow.fetch(registered.uri, "README.md", tmp_path / "card.md")
    assert card
    assert "model.onnx" in (tmp_path / "card.md").read_text()


def test_a_network_that_cannot_be_exported_says_why(tmp_path: Path) -> None:
    import keras

    (tmp_path / "broken.keras").write_bytes(b"no zip")
    line = [keras.Input((48, 48, 1)), keras.layers.Flatten(), keras.layers.Dense(5)]
    keras.Sequential(line).save(tmp_path / "unusual.keras")
    for name in ("broken", "unusual"):
        said: list[Progress] = []
        assert write_onnx(tmp_path / f"{name}.keras", tmp_path / "out", said.append) is None
        assert said[-1].message.startswith("no ONNX file is registered with it: ")
        assert not (tmp_path / "out").exists()
