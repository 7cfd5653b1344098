from __future__ import annotations

from typing import Any

import pytest

keras = pytest.importorskip("keras")
models = pytest.importorskip("cnn.models")


def flops(side: int, channels: int, *stack: Any) -> int:
    pixels = keras.Input((side, side, channels))
    return models.count_flops(keras.Model(pixels, keras.Sequential(stack)(pixels)))


@pytest.mark.parametrize(
    ("layer", "multiply_adds"),
    [
        (lambda of: of.Conv2D(8, 5), 8 * 8 * (5 * 5 * 3 * 8)),
        (lambda of: of.Conv2D(8, 3, padding="same", strides=2), 6 * 6 * (3 * 3 * 3 * 8)),
        (lambda of: of.Conv2D(6, 3, groups=3), 10 * 10 * (3 * 3 * 1 * 6)),
        (lambda of: of.DepthwiseConv2D(3, depth_multiplier=2), 10 * 10 * (3 * 3 * 3 * 2)),
        (lambda of: of.SeparableConv2D(8, 3, strides=2, padding="same"), 6 * 6 * (3 * 3 * 3 + 3 * 8)),
        (lambda of: of.Dense(7), 12 * 12 * (3 * 7)),
        (lambda of: of.MaxPooling2D(2), 0),
        (lambda of: of.BatchNormalization(), 0),
    ],
)
def test_a_layer_by_its_closed_form(layer: Any, multiply_adds: int) -> None:
    assert flops(12, 3, layer(keras.layers)) == 2 * multiply_adds


def test_a_bias_costs_nothing() -> None:
    layers = keras.layers
    assert flops(12, 3, layers.Conv2D(8, 5, use_bias=False)) == flops(12, 3, layers.Conv2D(8, 5))


def test_the_reference_network_by_its_closed_form() -> None:
    convolutions = 46**2 * 9 * 1 * 64 + 21**2 * 9 * 64 * 128 + 8**2 * 9 * 128 * 256 + 2**2 * 9 * 256 * 256
    dense = 256 * 128 + 128 * 64 + 64 * 5
    assert models.count_flops(models.build("reference")) == 2 * (convolutions + dense) == 110_015_616


def test_preprocessing_around_a_model_costs_nothing() -> None:
    model = models.build("mini_xception")
    assert models.count_flops(models.with_preprocessing(model)) == models.count_flops(model)


def test_weights_without_a_rule_are_not_counted_as_nothing() -> None:
    with pytest.raises(TypeError, match=r"No rule counts the operations of Conv2DTranspose \(up\)"):
        flops(12, 3, keras.layers.Conv2DTranspose(4, 3, name="up"))
