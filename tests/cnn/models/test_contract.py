"""What every registered architecture keeps, whatever it is."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from cnn.labels import EXPRESSIONS
from cnn.synthetic.face import draw_face

keras = pytest.importorskip("keras")
models = pytest.importorskip("cnn.models")

ROOT = Path(__file__).parents[3]
LABELS = np.arange(20) % len(EXPRESSIONS)
STEPS = 16
OTHER_BACKEND = """
import sys
import keras, numpy as np
folder = sys.argv[1]
faces = np.load(f"{folder}/faces.npy")
for name in sys.argv[2:]:
    model = keras.saving.load_model(f"{folder}/{name}.keras")
    np.testing.assert_allclose(model.predict_on_batch(faces), np.load(f"{folder}/{name}.npy"), rtol=1e-3, atol=1e-5)
    if model.count_params() > 100_000:
        continue  # XLA takes long to compile a large one's training
    model.compile("adam", "sparse_categorical_crossentropy")
    assert np.isfinite(model.train_on_batch(faces, np.arange(len(faces)) % 5))
print(keras.backend.backend())
"""


def noise(count: int, side: int = 48) -> np.ndarray:
    return np.random.default_rng(side).integers(0, 256, (count, side, side, 1)).astype(np.float32)


@pytest.fixture(scope="module", params=models.names())
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def model(name: str) -> Any:
    keras.utils.set_random_seed(3)
    return models.build(name, activation="relu", dropout=0.2, conv_dropout=0.1)


@pytest.fixture(scope="module")
def drawn() -> np.ndarray:
    """Twenty drawn faces, (20, 48, 48, 1) float32, of the classes in `LABELS`."""
    random, faces = np.random.default_rng(1), []
    for label in LABELS:
        face = draw_face(random, EXPRESSIONS[label], 128, intensity=1.0)
        x, y, width, height = face.box
        grey = cv2.cvtColor(face.image[y : y + height, x : x + width], cv2.COLOR_BGR2GRAY)
        faces.append(cv2.resize(grey, (48, 48), interpolation=cv2.INTER_AREA))
    return np.stack(faces)[..., np.newaxis].astype(np.float32)


@pytest.fixture(scope="module")
def learned(name: str, drawn: np.ndarray) -> Any:
    """The model after a few steps with all drawn faces, every second step with their mirror images."""
    keras.utils.set_random_seed(5)
    model = models.build(name, dropout=0.0, conv_dropout=0.0)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.5  # so few steps are too few for statistics that change slowly
    optimizer = keras.optimizers.Adam(models.architecture(name).learning_rate)
    model.compile(optimizer, loss="sparse_categorical_crossentropy")
    for step in range(STEPS):
        model.train_on_batch(drawn if step % 2 else drawn[:, :, ::-1], LABELS)
    return model


def test_the_facts_are_those_of_the_model(name: str, model: Any) -> None:
    known = models.architecture(name)
    assert (known.name, known.parameters, known.flops) == (name, model.count_params(), models.count_flops(model))
    assert known.summary
    assert known.paper
    assert "\n" not in known.summary + known.paper


def test_pixels_in_probabilities_out(name: str) -> None:
    model = models.build(name, num_classes=7, activation="relu", dropout=0.2, conv_dropout=0.1)
    answers = model.predict_on_batch(noise(3))
    assert answers.shape == (3, 7)
    np.testing.assert_allclose(answers.sum(axis=1), 1, rtol=1e-5)


def test_pixels_may_be_bytes(model: Any) -> None:
    np.testing.assert_array_equal(model.predict_on_batch(noise(4).astype(np.uint8)), model.predict_on_batch(noise(4)))


def test_preprocessing_is_inside(model: Any) -> None:
    """The first layer takes 0 to 255 and centres it; nothing before the model scales."""
    first = model.layers[1]
    assert isinstance(first, keras.layers.Rescaling)
    np.testing.assert_allclose(np.ravel(first(np.array([[0.0, 127.5, 255.0]]))), [-1, 0, 1], atol=1e-6)


def test_any_size_goes_in_and_its_own_size_unchanged(model: Any) -> None:
    whole = models.with_preprocessing(model)
    assert whole.input_shape == (None, None, None, 1)
    assert whole.count_params() == model.count_params()
    np.testing.assert_allclose(whole.predict_on_batch(noise(2)), model.predict_on_batch(noise(2)), rtol=1e-5)
    assert whole.predict_on_batch(noise(2, side=101)).shape == (2, 5)


def test_saved_and_loaded_it_gives_the_same_numbers(model: Any, tmp_path: Path) -> None:
    whole = models.with_preprocessing(model)
    whole.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", custom_objects=None, safe_mode=True)
    np.testing.assert_array_equal(loaded.predict_on_batch(noise(4)), whole.predict_on_batch(noise(4)))


def test_every_part_is_keras_own(model: Any) -> None:
    """No custom object is in the configuration, so a Python without this project loads the file."""
    assert {type(layer).__module__.split(".")[0] for layer in model.layers} == {"keras"}
    assert list(configured_modules(model.get_config()))
    assert all(module is None or module.startswith("keras") for module in configured_modules(model.get_config()))


def configured_modules(config: Any) -> Any:
    if isinstance(config, dict):
        if "registered_name" in config:
            yield config["module"]
            assert config["registered_name"] is None
        config = list(config.values())
    if isinstance(config, (list, tuple)):
        for value in config:
            yield from configured_modules(value)


def test_a_batch_of_one_equals_a_batch_of_many(model: Any) -> None:
    many = model.predict_on_batch(noise(5))
    single = np.concatenate([model.predict_on_batch(face[np.newaxis]) for face in noise(5)])
    np.testing.assert_allclose(single, many, rtol=1e-4, atol=1e-6)


def test_the_same_seed_gives_the_same_weights(name: str, model: Any) -> None:
    keras.utils.set_random_seed(3)
    again = models.build(name)
    for one, other in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_gradient_reaches_every_trainable_weight(name: str) -> None:
    keras.utils.set_random_seed(4)
    model = models.build(name, dropout=0.0, conv_dropout=0.0)
    model.compile(keras.optimizers.SGD(0.1), loss="sparse_categorical_crossentropy")
    before = [keras.ops.convert_to_numpy(weight) for weight in model.trainable_weights]
    model.train_on_batch(noise(6), np.arange(6) % 5)
    after = [keras.ops.convert_to_numpy(weight) for weight in model.trainable_weights]
    still = [
        weight.path
        for weight, old, new in zip(model.trainable_weights, before, after, strict=True)
        if np.array_equal(old, new)
    ]
    assert still == []


def test_no_convolution_of_one_pixel_has_a_stride(model: Any) -> None:
    """TensorFlow 2.21's gradient of such a one, by oneDNN, corrupts memory unless the threads divide the batch."""
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert convolutions
    assert all(layer.kernel_size != (1, 1) or layer.strides == (1, 1) for layer in convolutions)


def test_dropout_stands_before_batch_normalisation_in_the_reference_only(name: str, model: Any) -> None:
    """There it shifts the statistics between training and inference; the published network has it so."""
    normalisations = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    above = {
        layer.name
        for normalisation in normalisations
        for layer in keras.Model(model.input, normalisation.input).layers
        if isinstance(layer, keras.layers.Dropout)
    }
    assert above == ({"drop2", "drop5"} if name == "reference" else set())


@pytest.mark.slow
def test_it_learns_twenty_faces_by_heart(learned: Any, drawn: np.ndarray) -> None:
    assert (learned.predict_on_batch(drawn).argmax(axis=1) == LABELS).mean() >= 0.95


@pytest.mark.slow
def test_a_mirrored_face_keeps_its_class_mostly(learned: Any, drawn: np.ndarray) -> None:
    mirrored = learned.predict_on_batch(drawn[:, :, ::-1]).argmax(axis=1)
    assert (mirrored == learned.predict_on_batch(drawn).argmax(axis=1)).mean() >= 0.9


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_another_backend_gives_the_same_numbers(backend: str, tmp_path: Path) -> None:
    if backend == keras.backend.backend() or not find_spec(backend):
        pytest.skip(f"{backend} is the backend in use, or not installed")
    np.save(tmp_path / "faces.npy", noise(5))
    for name in models.names():
        keras.utils.set_random_seed(6)
        model = models.build(name)
        model.save(tmp_path / f"{name}.keras")
        np.save(tmp_path / f"{name}.npy", model.predict_on_batch(noise(5)))
    command = [sys.executable, "-c", OTHER_BACKEND, str(tmp_path), *models.names()]
    environment = os.environ | {"KERAS_BACKEND": backend}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
    assert done.stdout.split()[-1:] == [backend], done.stderr[-2000:]
