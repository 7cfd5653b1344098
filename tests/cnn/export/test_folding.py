from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from cnn.batches import as_input
from cnn.export.folding import fold

keras = pytest.importorskip("keras")
layers = keras.layers
Unlike = Callable[[Any], Any]


def answers(network: Any, faces: np.ndarray) -> np.ndarray:
    return network.predict_on_batch(as_input(faces))


def norms(network: Any) -> int:
    return sum(isinstance(layer, layers.BatchNormalization) for layer in network.layers)


def chain(*between: Any) -> Any:
    """A small network with `between` in the middle, taking (12, 12, 1)."""
    pixels = keras.Input((12, 12, 1))
    x = pixels
    for layer in between:
        x = layer(x)
    return keras.Model(pixels, x)


def test_the_reference_loses_all_its_normalisations_and_keeps_its_answers(unlike: Unlike, some_faces: Any) -> None:
    from cnn.models import build

    keras.utils.set_random_seed(1)
    network = unlike(build("reference"))
    before = answers(network, some_faces)
    lighter = fold(network)
    assert (norms(network), norms(lighter)) == (6, 0)
    np.testing.assert_allclose(answers(lighter, some_faces), before, atol=1e-5)
    np.testing.assert_array_equal(answers(network, some_faces), before)


def test_the_scale_goes_back_and_the_shift_forward() -> None:
    network = chain(layers.Conv2D(1, 1, activation="relu"), layers.BatchNormalization(epsilon=0), layers.Conv2D(1, 3))
    first, norm, second = network.layers[1:]
    first.set_weights([np.full((1, 1, 1, 1), 2.0), np.array([0.5])])
    norm.set_weights([np.array([3.0]), np.array([1.0]), np.array([4.0]), np.array([4.0])])  # y = 1.5 x - 5
    second.set_weights([np.full((3, 3, 1, 1), 0.1), np.array([7.0])])
    first, second = fold(network).layers[1:]
    np.testing.assert_allclose([np.ravel(one)[0] for one in first.get_weights()], [3.0, 0.75])
    np.testing.assert_allclose([np.ravel(one)[0] for one in second.get_weights()], [0.1, 7 - 9 * 0.1 * 5], rtol=1e-6)


@pytest.mark.parametrize(
    "way",
    [
        lambda: [layers.MaxPooling2D(2), layers.Conv2D(3, 3)],
        lambda: [layers.AveragePooling2D(3, padding="same"), layers.Dropout(0.5), layers.Conv2D(3, 3, strides=2)],
        lambda: [layers.MaxPooling2D(5), layers.Flatten(), layers.Dense(3)],
        lambda: [layers.GlobalAveragePooling2D(), layers.Dense(3)],
        lambda: [layers.SpatialDropout2D(0.5), layers.Conv2D(3, 1, activation="sigmoid")],
    ],
)
def test_the_shift_passes_what_it_commutes_with(unlike: Unlike, some_faces: Any, way: Any) -> None:
    rectified = [layers.Conv2D(4, 3), layers.Dropout(0.5), layers.Activation("relu"), layers.BatchNormalization()]
    network = unlike(chain(layers.Rescaling(1 / 127.5, offset=-1.0), *rectified, *way()))
    lighter = fold(network)
    assert norms(lighter) == 0
    faces = some_faces[:, :12, :12]
    np.testing.assert_allclose(answers(lighter, faces), answers(network, faces), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "parts",
    [
        lambda: [layers.Conv2D(4, 3, activation="selu"), layers.BatchNormalization(), layers.Conv2D(3, 3)],
        lambda: [layers.Conv2D(4, 3), layers.BatchNormalization(), layers.Conv2D(3, 3)],
        lambda: [
            layers.Conv2D(4, 3, activation="selu"),
            layers.ReLU(),
            layers.BatchNormalization(),
            layers.Conv2D(3, 3),
        ],
        lambda: [
            layers.Conv2D(4, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.Conv2D(3, 3, padding="same"),
        ],
        lambda: [
            layers.Conv2D(4, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.Conv2D(3, 3, use_bias=False),
        ],
        lambda: [layers.Conv2D(4, 3, activation="relu"), layers.BatchNormalization(), layers.DepthwiseConv2D(3)],
        lambda: [layers.Conv2D(4, 3, activation="relu"), layers.BatchNormalization(), layers.Conv2D(4, 3, groups=2)],
        lambda: [layers.Conv2D(4, 3, activation="relu"), layers.BatchNormalization(), layers.Activation("relu")],
    ],
)
def test_what_does_not_fit_stays(unlike: Unlike, some_faces: Any, parts: Any) -> None:
    network = unlike(chain(*parts()))
    copy, faces = fold(network), some_faces[:, :12, :12]
    assert norms(copy) == 1
    np.testing.assert_allclose(answers(copy, faces), answers(network, faces), rtol=1e-5)


def test_a_negative_scale_stays(unlike: Unlike) -> None:
    network = unlike(chain(layers.Conv2D(4, 3, activation="relu"), layers.BatchNormalization(), layers.Conv2D(3, 3)))
    gamma, *others = network.layers[2].get_weights()
    network.layers[2].set_weights([gamma * [1, -1, 1, 1], *others])
    assert norms(fold(network)) == 1


@pytest.mark.parametrize("branch", ["before", "behind"])
def test_a_branch_stays(unlike: Unlike, some_faces: Any, branch: str) -> None:
    pixels = keras.Input((12, 12, 1))
    rectified = layers.Conv2D(4, 3, activation="relu")(pixels)
    normed = layers.BatchNormalization()(rectified)
    also = rectified if branch == "before" else normed
    network = unlike(keras.Model(pixels, layers.Add()([layers.Conv2D(4, 1)(normed), also])))
    copy, faces = fold(network), some_faces[:, :12, :12]
    assert norms(copy) == 1
    np.testing.assert_allclose(answers(copy, faces), answers(network, faces), rtol=1e-5)


@pytest.mark.parametrize(("center", "scale"), [(False, True), (True, False), (False, False)])
def test_a_normalisation_without_some_of_its_weights(some_faces: Any, center: bool, scale: bool) -> None:
    norm = layers.BatchNormalization(center=center, scale=scale)
    network = chain(layers.Conv2D(4, 3, activation="relu"), norm, layers.Conv2D(3, 3))
    norm.set_weights([np.linspace(0.5, 2, 4)] * len(norm.get_weights()))
    lighter, faces = fold(network), some_faces[:, :12, :12]
    assert norms(lighter) == 0
    np.testing.assert_allclose(answers(lighter, faces), answers(network, faces), rtol=1e-4, atol=1e-3)
