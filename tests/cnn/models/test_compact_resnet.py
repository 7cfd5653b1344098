from __future__ import annotations

from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras")
models = pytest.importorskip("cnn.models")

WIDTHS = (32, 64, 128, 192)


@pytest.fixture(scope="module")
def model() -> Any:
    return models.build("compact_resnet", dropout=0.4)


def test_the_parameters_and_the_arithmetic_by_their_closed_forms(model: Any) -> None:
    kernels, multiply_adds, side, before = 9 * 32, 48**2 * 9 * 32, 24, 32
    normalised = 32
    for filters in WIDTHS:
        changes = filters != before
        side = side // 2 if changes else side
        of_block = 9 * before * filters + 9 * filters * filters + before * filters * changes
        kernels += of_block
        multiply_adds += side**2 * of_block
        normalised += filters * (2 + changes)
        before = filters
    assert model.count_params() == kernels + 4 * normalised + 192 * 5 + 5
    assert models.count_flops(model) == 2 * (multiply_adds + 192 * 5)


def test_the_shapes_on_the_way(model: Any) -> None:
    shapes = [tuple(model.get_layer(f"add{number}").output.shape[1:]) for number in (1, 2, 3, 4)]
    assert shapes == [(24, 24, 32), (12, 12, 64), (6, 6, 128), (3, 3, 192)]


def test_a_block_without_its_convolutions_passes_its_input_on(model: Any) -> None:
    """The first block's shortcut is the identity: with the last normalisation at zero, only the activation is left."""
    norm = model.get_layer("norm1b")
    kept = norm.get_weights()
    norm.set_weights([np.zeros_like(kept[0]), np.zeros_like(kept[1]), *kept[2:]])
    ends = keras.Model(model.input, [model.get_layer("pool0").output, model.get_layer("act1").output])
    into, out = ends.predict_on_batch(np.random.default_rng(2).uniform(0, 255, (2, 48, 48, 1)).astype(np.float32))
    norm.set_weights(kept)
    np.testing.assert_array_equal(out, into)
    assert out.max() > 0


def test_dropout_stands_behind_the_average(model: Any) -> None:
    assert [type(layer).__name__ for layer in model.layers[-3:]] == ["GlobalAveragePooling2D", "Dropout", "Dense"]
    assert model.get_layer("drop").rate == 0.4
