from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from cnn.batches import as_input
from cnn.calibrate import calibrate_cnn, save_calibrated
from cnn.errors import InputError
from cnn.explain import class_activation_maps
from cnn.logits import network_of, temperature_of, with_network
from cnn.models import with_preprocessing
from cnn.predict import Expressions, load_model, probabilities
from cnn.saving import save_model
from cnn.store import load_faces
from cnn.train import CnnTrainParams, train_cnn
from cnn.views import views_of, with_views
from runs.parameters import ParameterError

keras = pytest.importorskip("keras")


@pytest.fixture(scope="module")
def network() -> Any:
    """Untrained, and not blind to where in a face something is."""
    keras.utils.set_random_seed(1)
    layers = keras.layers
    seen = [layers.Rescaling(1 / 255), layers.Conv2D(4, 3, strides=3, activation="relu", kernel_initializer="normal")]
    last = [layers.Flatten(), layers.Dense(5, kernel_initializer="normal", activation="softmax")]
    pixels = x = keras.Input((48, 48, 1))
    for layer in seen + last:
        x = layer(x)
    return keras.Model(pixels, x, name="small")


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    """Faces that are no mirror images of themselves, smooth as pictures are."""
    noise = np.random.default_rng(5).integers(0, 256, (12, 48, 48)).astype(np.uint8)
    return np.stack([cv2.GaussianBlur(one, (0, 0), 2) for one in noise])


def drawn_by_opencv(face: np.ndarray, views: int) -> list[np.ndarray]:
    larger = cv2.resize(face[2:-2, 2:-2], (48, 48))
    smaller = cv2.resize(cv2.copyMakeBorder(face, 2, 2, 2, 2, cv2.BORDER_REFLECT_101), (48, 48))
    seen = [face, larger, smaller] if views == 6 else [face]
    return [view[:, ::side] for side in (1, -1) for view in seen]


@pytest.mark.parametrize("views", [2, 6])
def test_the_answer_is_the_mean_of_the_logits_of_the_views(network: Any, faces: np.ndarray, views: int) -> None:
    wanted = []
    for face in faces.astype(np.float32):
        answers = network.predict_on_batch(np.stack(drawn_by_opencv(face, views))[..., np.newaxis])
        raised = np.exp(np.log(answers).mean(axis=0))
        wanted.append(raised / raised.sum())
    seeing = with_views(network, views)
    np.testing.assert_allclose(seeing.predict_on_batch(as_input(faces)), wanted, rtol=1e-4)
    assert seeing.count_params() == network.count_params()
    assert views_of(seeing) == views
    assert np.abs(probabilities(network, faces, 12) - wanted).max() > 1e-3


def test_one_view_is_the_network_itself(network: Any) -> None:
    assert with_views(network, 1) is network
    assert views_of(network) == 1


@pytest.mark.parametrize("views", [0, 3])
def test_other_numbers_are_refused(network: Any, views: Any) -> None:
    with pytest.raises(InputError, match=rf"`views` must be one of 1, 2, 6\. Got {views}\."):
        with_views(network, views)
    with pytest.raises(ParameterError, match="views"):
        CnnTrainParams(views=views)


@pytest.mark.parametrize("views", [2, 6])
def test_a_mirrored_face_has_the_same_answer(network: Any, faces: np.ndarray, views: int) -> None:
    seeing = with_views(network, views)
    plain, mirrored = (probabilities(seeing, side, 5) for side in (faces, faces[:, :, ::-1]))
    np.testing.assert_allclose(plain, mirrored, atol=1e-6)


def test_a_certain_answer_has_no_infinite_logit(faces: np.ndarray) -> None:
    pixels = keras.Input((48, 48, 1))
    end = keras.layers.Dense(5, activation="softmax", kernel_initializer="zeros")
    network = keras.Model(pixels, end(keras.layers.Flatten()(pixels)))
    end.bias.assign(np.array([1000, 0, 0, 0, 0], np.float32))
    np.testing.assert_allclose(probabilities(with_views(network, 2), faces, 12)[:, 0], 1)


def test_they_are_found_in_a_file_put_in_and_taken_out(network: Any, faces: np.ndarray, tmp_path: Path) -> None:
    made = with_preprocessing(with_views(network, 6))
    save_model(made, tmp_path / "six.keras")
    six = load_model(tmp_path / "six.keras")
    assert views_of(six) == 6
    np.testing.assert_array_equal(probabilities(six, faces, 12), probabilities(made, faces, 12))
    two = with_network(six, network_of(six), 2)
    assert (views_of(two), views_of(with_network(two, network_of(two)))) == (2, 2)
    one = with_network(six, network_of(six), 1)
    np.testing.assert_allclose(probabilities(one, faces, 12), probabilities(network, faces, 12), atol=1e-6)


def test_the_same_model_is_the_same_file(small_model: Path, faces: np.ndarray, tmp_path: Path) -> None:
    for name in ("first", "second"):
        save_calibrated(small_model, tmp_path / f"{name}.keras", faces, np.zeros(len(faces), int), 6)
    assert (tmp_path / "first.keras").read_bytes() == (tmp_path / "second.keras").read_bytes()
    # Where layers share an object, Keras writes its address, which is another in each process.
    assert b"shared_object_id" not in zipfile.ZipFile(tmp_path / "first.keras").read("config.json")


def test_what_else_is_around_a_network_stays(network: Any, faces: np.ndarray) -> None:
    pixels = keras.Input((48, 48, 1))
    around = keras.Model(pixels, network(keras.layers.Rescaling(3)(pixels)))
    again = with_network(around, network_of(around))
    np.testing.assert_allclose(probabilities(again, faces, 12), probabilities(around, faces, 12), atol=1e-6)
    six = with_network(around, network_of(around), 6)
    assert (network_of(six), views_of(six)) == (network, 6)


def test_a_model_inside_a_network_is_not_the_network(network: Any) -> None:
    pixels = keras.Input((48, 48, 1))
    inside = keras.Model(pixels, keras.layers.Flatten()(pixels))
    whole = keras.Model(pixels, keras.layers.Dense(5, activation="softmax")(inside(pixels)))
    assert network_of(whole) is whole
    assert network_of(with_views(whole, 2)) is whole


def test_the_face_itself_is_explained(small_model: Path, faces: np.ndarray) -> None:
    plain = load_model(small_model)
    six, classes = with_network(plain, network_of(plain), 6), np.arange(len(faces)) % 5
    np.testing.assert_allclose(
        class_activation_maps(six, faces, classes), class_activation_maps(plain, faces, classes), atol=1e-6
    )


def test_calibration_suits_the_mean_and_can_be_undone(small_model: Path, faces: np.ndarray, tmp_path: Path) -> None:
    many = np.tile(faces, (10, 1, 1))
    plain = load_model(small_model)
    uncalibrated = probabilities(with_network(plain, network_of(plain), 6), many, 64)
    labels = uncalibrated.argmax(axis=1)
    labels[:12] = (labels[:12] + 1) % 5
    found = save_calibrated(small_model, tmp_path / "six.keras", many, labels, 6)
    six = Expressions(found.model)
    assert six.temperature == pytest.approx(found.temperature)
    np.testing.assert_allclose(six.predict(many, calibrated=False), uncalibrated, atol=1e-5)
    again = save_calibrated(found.model, tmp_path / "again.keras", many, labels)
    assert views_of(load_model(again.model)) == 6
    assert again.temperature == pytest.approx(found.temperature, rel=1e-3)
    one = save_calibrated(found.model, tmp_path / "one.keras", many, labels, 1)
    assert views_of(load_model(one.model)) == 1
    wanted = probabilities(plain, many, 64)
    np.testing.assert_allclose(Expressions(one.model).predict(many, calibrated=False), wanted, atol=1e-5)


def test_too_few_faces_to_calibrate_still_give_the_views(small_model: Path, faces: np.ndarray, tmp_path: Path) -> None:
    found = save_calibrated(small_model, tmp_path / "two.keras", faces, np.zeros(len(faces), int), 2)
    model = load_model(found.model)
    assert (views_of(model), temperature_of(model)) == (2, 1)


def test_a_store_calibrates_with_views(small_model: Path, write_store: Callable[..., Path], tmp_path: Path) -> None:
    calibrate_cnn(small_model, write_store(validation=100), tmp_path / "new.keras", 6)
    assert views_of(load_model(tmp_path / "new.keras")) == 6


@pytest.mark.slow
def test_training_saves_them_and_tells_the_accuracy_with_them(write_store: Callable[..., Path], tmp_path: Path) -> None:
    faces = write_store(validation=30)
    trained = train_cnn(faces, tmp_path / "run", CnnTrainParams(epochs=1, batch_size=10, views=2))
    model = load_model(trained.model)
    assert views_of(model) == 2
    told = json.loads((tmp_path / "run" / "training.json").read_text())
    assert told["settings"]["views"] == 2
    images, labels, _ = load_faces(faces).split("validation")
    right = probabilities(model, images, 30).argmax(axis=1) == labels
    assert trained.accuracy == told["val_accuracy"] == right.mean()
