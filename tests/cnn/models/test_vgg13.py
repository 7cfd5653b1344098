from __future__ import annotations

import itertools

import pytest

models = pytest.importorskip("cnn.models")

WIDTHS = (64, 64, 128, 128, 256, 256, 256, 256, 256, 256)


def test_the_published_parameters_at_the_published_size() -> None:
    convolutions = sum(9 * before * after + after for before, after in itertools.pairwise((1, *WIDTHS)))
    dense = (4 * 4 * 256 + 1) * 1024 + 1025 * 1024 + 1025 * 8
    assert models.build("vgg13", (64, 64, 1), 8).count_params() == convolutions + dense == 8_757_704


def test_the_arithmetic_by_its_closed_form() -> None:
    sides = (48, 48, 24, 24, 12, 12, 12, 6, 6, 6)
    kernels = [9 * before * after for before, after in itertools.pairwise((1, *WIDTHS))]
    convolutions = sum(side**2 * kernel for side, kernel in zip(sides, kernels, strict=True))
    dense = 3 * 3 * 256 * 1024 + 1024 * 1024 + 1024 * 5
    assert models.architecture("vgg13").flops == 2 * (convolutions + dense)


def test_the_published_order_of_layers() -> None:
    two, three = ["Conv2D"] * 2, ["Conv2D"] * 3
    pooled, dense = ["MaxPooling2D", "Dropout"], ["Dense", "Dropout"]
    wanted = [*two, *pooled, *two, *pooled, *three, *pooled, *three, *pooled, "Flatten", *dense, *dense, "Dense"]
    assert [type(layer).__name__ for layer in models.build("vgg13").layers] == ["InputLayer", "Rescaling", *wanted]


def test_dropout_is_the_published_one_unless_told() -> None:
    def rates(model: object) -> list[float]:
        return [layer.rate for layer in model.layers if type(layer).__name__ == "Dropout"]  # type: ignore[attr-defined]

    assert rates(models.build("vgg13")) == [0.25] * 4 + [0.5] * 2
    assert rates(models.build("vgg13", dropout=0.3, conv_dropout=0.1)) == [0.1] * 4 + [0.3] * 2
