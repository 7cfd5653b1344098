from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras")
models = pytest.importorskip("cnn.models")


@pytest.fixture(scope="module")
def model() -> Any:
    return models.build("reference")


def count(weights: Any) -> int:
    return sum(math.prod(weight.shape) for weight in weights)


def test_the_published_parameter_counts(model: Any) -> None:
    assert model.count_params() == 1_004_805
    assert count(model.trainable_weights) == 1_003_013
    assert count(model.non_trainable_weights) == 1_792


def test_the_published_order_of_layers(model: Any) -> None:
    plain = ["Conv2D", "Activation", "BatchNormalization", "MaxPooling2D"]
    dropped = ["Conv2D", "Dropout", "Activation", "BatchNormalization", "MaxPooling2D"]
    dense = [
        "Dense",
        "Activation",
        "BatchNormalization",
        "Dropout",
        "Dense",
        "Activation",
        "BatchNormalization",
        "Dense",
    ]
    wanted = ["InputLayer", "Rescaling", *plain, *dropped, *plain, *plain, "Flatten", *dense]
    assert [type(layer).__name__ for layer in model.layers] == wanted


def test_the_shapes_on_the_way(model: Any) -> None:
    shapes = [tuple(model.get_layer(f"pool{block}").output.shape[1:]) for block in (1, 2, 3, 4)]
    assert shapes == [(23, 23, 64), (10, 10, 128), (4, 4, 256), (1, 1, 256)]
    assert model.get_layer("flatten").output.shape == (None, 256)
    assert model.output_shape == (None, 5)


def test_the_options_reach_their_layers() -> None:
    model = models.build("reference", activation="selu", dropout=0.4, conv_dropout=0.2, momentum=0.9)
    assert model.get_layer("drop2").rate == 0.2
    assert model.get_layer("drop5").rate == 0.4
    assert model.get_layer("act1").activation.__name__ == "selu"
    assert model.get_layer("norm6").momentum == 0.9
    assert type(model.get_layer("conv1").kernel_initializer).__name__ == "LecunNormal"


def test_black_and_white_are_scaled_to_one(model: Any) -> None:
    pixels = np.array([0.0, 127.5, 255.0], np.float32).reshape(1, 1, 3, 1)
    np.testing.assert_allclose(np.ravel(model.get_layer("rescale")(pixels)), [-1, 0, 1], atol=1e-6)
