from __future__ import annotations

import math

import pytest

models = pytest.importorskip("cnn.models")


def test_the_parameters_of_the_published_program() -> None:
    model = models.build("mini_xception", (64, 64, 1), 7)
    assert model.count_params() == 58_423
    assert sum(math.prod(weight.shape) for weight in model.trainable_weights) == 56_951


def test_the_arithmetic_by_its_closed_form() -> None:
    # Two convolutions without padding, then four modules, each of which halves the side after its convolutions.
    multiply_adds = 46**2 * 9 * 8 + 44**2 * 9 * 8 * 8
    side, channels = 44, 8
    for filters in (16, 32, 64, 128):
        multiply_adds += side**2 * (9 * channels + channels * filters + 9 * filters + filters * filters)
        side = side // 2 + side % 2
        multiply_adds += side**2 * channels * filters
        channels = filters
    multiply_adds += side**2 * 9 * 128 * 5
    assert models.architecture("mini_xception").flops == 2 * multiply_adds


def test_each_module_halves_the_side() -> None:
    model = models.build("mini_xception")
    shapes = [tuple(model.get_layer(f"add{number}").output.shape[1:]) for number in (3, 4, 5, 6)]
    assert shapes == [(22, 22, 16), (11, 11, 32), (6, 6, 64), (3, 3, 128)]


def test_it_has_no_dropout() -> None:
    kinds = {type(layer).__name__ for layer in models.build("mini_xception", dropout=0.5, conv_dropout=0.5).layers}
    assert "SeparableConv2D" in kinds
    assert "Dropout" not in kinds
