from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cnn.errors import InputError
from cnn.explain import ActivationMaps, Method, _asking, _cut, block_activations, class_activation_maps, first_filters
from cnn.predict import load_model

keras = pytest.importorskip("keras")
models = pytest.importorskip("cnn.models")
layers = keras.layers

SIDE, CHANNELS = 8, 3
CLASSES = np.array([0, 4, 2, 2])


def faces(count: int = 4, side: int = SIDE) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, side, side)).astype(np.uint8)


def network(*head: Any) -> Any:
    """A convolution of 1x1, which makes of each pixel v the channels relu(v * kernel + bias), and what follows."""
    keras.utils.set_random_seed(1)
    seen = layers.Conv2D(CHANNELS, 1, activation="relu", bias_initializer="normal", name="seen")
    return keras.Sequential([keras.Input((SIDE, SIDE, 1)), layers.Rescaling(1 / 255), seen, *head])


def averaging() -> Any:
    return network(layers.GlobalAveragePooling2D(), layers.Dense(5, activation="softmax", name="answer"))


def flat() -> Any:
    return network(layers.Flatten(), layers.Dense(5, activation="softmax", name="answer"))


def seen(model: Any, images: np.ndarray) -> np.ndarray:
    kernel, bias = (np.asarray(weight) for weight in model.get_layer("seen").get_weights())
    return np.maximum(images[..., np.newaxis] / 255 * kernel[0, 0] + bias, 0)


@pytest.mark.parametrize("method", ["grad_cam", "hires_cam"])
def test_behind_an_average_both_maps_are_the_weighted_channels(method: Method) -> None:
    # There the gradient is the same all over, and the map is that of Zhou et al. (2016) but for the number of places.
    model, images = averaging(), faces()
    weights = np.asarray(model.get_layer("answer").get_weights()[0])[:, CLASSES].T
    wanted = np.maximum(np.einsum("nhwc,nc->nhw", seen(model, images), weights), 0) / SIDE**2
    assert wanted.max() > 0
    found = class_activation_maps(model, images, CLASSES, method=method)
    np.testing.assert_allclose(found, wanted, atol=1e-7)


def test_behind_a_dense_layer_the_gradient_is_its_kernel() -> None:
    model, images = flat(), faces()
    kernel = np.asarray(model.get_layer("answer").get_weights()[0]).reshape(SIDE, SIDE, CHANNELS, 5)
    gradient = np.moveaxis(kernel, -1, 0)[CLASSES]
    wanted = np.maximum((seen(model, images) * gradient).sum(axis=3), 0)
    found = class_activation_maps(model, images, CLASSES, method="hires_cam")
    np.testing.assert_allclose(found, wanted, atol=1e-6)
    means = gradient.mean(axis=(1, 2), keepdims=True)
    averaged = np.maximum((seen(model, images) * means).sum(axis=3), 0)
    np.testing.assert_allclose(class_activation_maps(model, images, CLASSES), averaged, atol=1e-6)


def test_a_temperature_does_not_change_a_map() -> None:
    model = averaging()
    kernel, bias = model.get_layer("answer").get_weights()
    scaled = network(layers.GlobalAveragePooling2D(), layers.Dense(5), layers.Rescaling(3, name="temperature"))
    scaled.add(layers.Softmax())
    scaled.layers[3].set_weights([kernel, bias])
    scaled.get_layer("seen").set_weights(model.get_layer("seen").get_weights())
    found = [class_activation_maps(each, faces(), CLASSES) for each in (model, scaled)]
    np.testing.assert_allclose(found[0], found[1], atol=1e-7)


def test_the_gradient_is_the_difference_that_a_little_more_makes() -> None:
    model, images = models.build("mini_xception"), faces(1, 48)
    cut, head = _cut(model)
    to_features, given = keras.Model(model.inputs[0], cut), images[..., np.newaxis].astype(np.float32)
    features = to_features.predict_on_batch(given)
    gradient = np.zeros(features.shape[1:])
    for channel in range(4):
        for place in np.ndindex(*features.shape[1:3]):
            moved = np.zeros_like(features)
            moved[0, *place, channel] = 0.01
            up, down = (head.predict_on_batch(features + way * moved)[0, 3] for way in (1, -1))
            gradient[*place, channel] = (up - down) / 0.02
    asked, found = _asking(to_features, head)(given, np.array([3]))
    np.testing.assert_allclose(asked, features, atol=1e-4 * np.abs(features).max())
    wanted = gradient[..., :4]
    np.testing.assert_allclose(found[0, ..., :4], wanted, atol=2e-3 * np.abs(wanted).max())


def test_kept_for_many_pictures_the_maps_are_the_same_whatever_their_number() -> None:
    model, images = averaging(), faces()
    maker = ActivationMaps(model, "hires_cam")
    wanted = class_activation_maps(model, images, CLASSES, method="hires_cam")
    for count in (4, 1, 3, 0):
        np.testing.assert_allclose(maker.of(images[:count], CLASSES[:count]), wanted[:count], atol=1e-6)


def test_a_backend_without_gradients_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keras.backend.backend", lambda: "numpy")
    with pytest.raises(InputError, match=r"the Keras backend 'numpy' does not give\. Set KERAS_BACKEND to one of"):
        class_activation_maps(averaging(), faces(), CLASSES)


def test_a_sequential_network_that_was_loaded_has_the_same_maps(tmp_path: Path) -> None:
    convolve, more = layers.Conv2D(4, 3, activation="relu"), layers.Conv2D(4, 3)
    end = [layers.Flatten(), layers.Dense(5, activation="softmax")]
    model = keras.Sequential([keras.Input((48, 48, 1)), convolve, layers.MaxPooling2D(), more, *end])
    images = faces(2, 48)
    wanted = class_activation_maps(model, images, CLASSES[:2], method="hires_cam")
    for one in (model, models.with_preprocessing(model)):
        one.save(tmp_path / "model.keras")
        loaded = load_model(tmp_path / "model.keras")
        found = class_activation_maps(loaded, images, CLASSES[:2], method="hires_cam")
        np.testing.assert_allclose(found, wanted, atol=1e-6)
        assert len(block_activations(loaded, images[0])) == 2


@pytest.mark.parametrize("name", models.names())
def test_every_architecture_can_be_looked_into_and_stays_as_it_is(name: str) -> None:
    model, images = models.with_preprocessing(models.build(name)), faces(2, 48)
    before = model.predict_on_batch(images[..., np.newaxis].astype(np.float32))
    maps = class_activation_maps(model, images, np.array([1, 2]))
    assert len(maps) == 2
    assert min(maps.shape[1:]) >= 6
    assert np.isfinite(maps).all()
    assert (maps >= 0).all()
    assert first_filters(model).ndim == 3
    blocks = block_activations(model, images[0])
    heights = [one.maps.shape[1] for one in blocks]
    assert len(blocks) >= 3
    assert heights == sorted(heights, reverse=True)
    np.testing.assert_array_equal(model.predict_on_batch(images[..., np.newaxis].astype(np.float32)), before)


def test_filters_are_the_kernels_and_blocks_the_outputs() -> None:
    model = averaging()
    kernel = np.asarray(model.get_layer("seen").get_weights()[0])
    np.testing.assert_array_equal(first_filters(model), kernel[:, :, 0].transpose(2, 0, 1))
    (block,) = block_activations(model, faces()[0])
    assert block.layer == "seen"
    np.testing.assert_allclose(block.maps, seen(model, faces()[:1])[0].transpose(2, 0, 1), atol=1e-6)


def test_no_faces_no_maps() -> None:
    assert class_activation_maps(averaging(), faces(0), CLASSES[:0]).shape == (0, SIDE, SIDE)


def test_a_network_without_pictures_inside_is_refused() -> None:
    dense = keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten(), layers.Dense(5, activation="softmax")])
    with pytest.raises(InputError, match="has no layer whose output could be drawn as a map"):
        class_activation_maps(dense, faces(), CLASSES)
    with pytest.raises(InputError, match="has no convolution"):
        first_filters(dense)
    assert block_activations(dense, faces()[0]) == []


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_other_backends_draw_the_same_maps(backend: str, tmp_path: Path) -> None:
    if find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    model = flat()
    keras.Model(model.inputs, model.outputs).save(tmp_path / "model.keras")
    np.save(tmp_path / "faces.npy", faces())
    code = (
        "import sys, keras, numpy\n"
        "sys.path.insert(0, sys.argv[2])\n"
        "from cnn.explain import class_activation_maps as f\n"
        "model = keras.saving.load_model(sys.argv[1] + '/model.keras'); x = numpy.load(sys.argv[1] + '/faces.npy')\n"
        f"maps = [f(model, x, numpy.array({CLASSES.tolist()}), method=m) for m in ('grad_cam', 'hires_cam')]\n"
        "numpy.save(sys.argv[1] + '/maps.npy', maps)\n"
    )
    root = str(Path(__file__).parents[2])
    environment = {**os.environ, "KERAS_BACKEND": backend}
    subprocess.run([sys.executable, "-c", code, str(tmp_path), root], env=environment, check=True, timeout=120)
    wanted = [class_activation_maps(model, faces(), CLASSES, method=method) for method in ("grad_cam", "hires_cam")]
    np.testing.assert_allclose(np.load(tmp_path / "maps.npy"), wanted, atol=1e-6)
