"""A small network that has what the reference has, quick to convert, and normalisations as training leaves them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest


@pytest.fixture(scope="session")
def some_faces() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (40, 48, 48), dtype=np.uint8)


@pytest.fixture(scope="session")
def unlike() -> Callable[[Any], Any]:
    """Gives a network's normalisations scales that differ by a factor of a hundred, and shifts."""

    def change(network: Any) -> Any:
        import keras

        random = np.random.default_rng(0)
        for layer in network.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                gamma, beta, mean, variance = (weight.shape for weight in layer.get_weights())
                spread = np.exp(random.uniform(-2.3, 2.3, gamma))
                drawn = [
                    spread / np.sqrt(np.mean(spread**2)),
                    random.normal(0, 0.3, beta),
                    random.normal(0.2, 0.3, mean),
                    np.full(variance, 1.5),
                ]
                layer.set_weights(drawn)
        return network

    return change


@pytest.fixture(scope="session")
def small_network(unlike: Callable[[Any], Any]) -> Any:
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    face = keras.Input((48, 48, 1), name="face")
    x: Any = layers.Rescaling(1 / 127.5, offset=-1.0)(face)
    x = layers.Conv2D(6, 5, strides=3, activation="relu")(x)
    x = layers.BatchNormalization()(x)
    x = layers.MaxPooling2D(2)(x)
    x = layers.Conv2D(8, 3, activation="relu")(x)
    x = layers.BatchNormalization()(x)
    x = layers.Flatten()(x)
    x = layers.Dense(16, activation="relu", kernel_initializer="he_normal")(x)
    return unlike(keras.Model(face, layers.Dense(5, activation="softmax")(x), name="small"))


@pytest.fixture(scope="session")
def small_model(small_network: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small network saved as training saves it, with the temperature 1.7."""
    import keras

    from cnn.logits import TEMPERATURE, logits_of
    from cnn.models import with_preprocessing

    scaled = keras.layers.Rescaling(1 / 1.7, name=TEMPERATURE)(logits_of(small_network))
    calibrated = keras.Model(small_network.input, keras.layers.Softmax()(scaled), name="small")
    path = tmp_path_factory.mktemp("small") / "model.keras"
    with_preprocessing(calibrated).save(path)
    return path
