"""A registry of architectures: a dict and a decorator, and what every saved model gets around it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from runs.parameters import ParameterError

Builder = Callable[..., keras.Model]

_BUILDERS: dict[str, Builder] = {}


def register(name: str) -> Callable[[Builder], Builder]:
    """Enter the decorated builder under `name`.

    A builder is called as ``builder(input_shape, num_classes, **options)``, with `input_shape` as (height,
    width, channels). It returns an uncompiled model from float pixels of 0 to 255 (its first layer scales
    them) to `num_classes` probabilities. It takes the options `activation`, `dropout` and `conv_dropout`,
    which the trainer always passes, and may ignore them.

    Raises
    ------
    ValueError
        When the name is taken.
    """

    def enter(builder: Builder) -> Builder:
        if name in _BUILDERS:
            raise ValueError(f"A model called {name!r} is registered already. Choose another name.")
        _BUILDERS[name] = builder
        return builder

    return enter


def names() -> tuple[str, ...]:
    """The registered architectures, sorted."""
    return tuple(sorted(_BUILDERS))


def build(
    name: str, input_shape: tuple[int, int, int] = (48, 48, 1), num_classes: int = 5, **options: Any
) -> keras.Model:
    """Build the architecture called `name`, with fresh weights.

    Parameters
    ----------
    name
        One of :func:`names`.
    input_shape
        (height, width, channels) in pixels.
    num_classes
        How many probabilities come out.
    options
        Passed to the builder: `activation`, `dropout`, `conv_dropout` and what it adds itself.

    Raises
    ------
    ParameterError
        When no architecture has that name.

    Examples
    --------
    >>> build("reference").count_params()
    1004805
    """
    if name not in _BUILDERS:
        raise ParameterError(f"`model` must be one of {', '.join(map(repr, names()))}. Got {name!r}.")
    return _BUILDERS[name](input_shape, num_classes, **options)


def with_preprocessing(model: keras.Model) -> keras.Model:
    """Wrap `model` so that it takes grey faces of any size.

    The wrapper takes float pixels of 0 to 255, shaped (batch, height, width, 1), and resizes them
    (bilinear, with antialiasing) to what `model` wants; faces that have this size already pass unchanged.
    It has no parameters and no custom objects of its own and shares its weights with `model`, which is its
    last layer: ``wrapper.layers[-1]``.
    """
    height, width, channels = model.input_shape[1:]
    pixels = keras.Input((None, None, channels), name="face")
    resized = keras.layers.Resizing(height, width, interpolation="bilinear", antialias=True, name="resize")(pixels)
    return keras.Model(pixels, model(resized), name=f"{model.name}_any_size")
