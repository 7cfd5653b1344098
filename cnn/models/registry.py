"""A registry of architectures: a dict and a decorator, and what every saved model gets around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature
from typing import TYPE_CHECKING, Any

from cnn.models.measured import MEASURED, Measured
from runs.parameters import ParameterError

if TYPE_CHECKING:
    import keras

Builder = Callable[..., "keras.Model"]


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """What is known of an architecture without building it."""

    name: str
    summary: str
    """One line: what it is and whom it is for."""
    paper: str
    """Where it comes from."""
    published: str | None
    """The accuracy that its authors publish, and on what; None where they publish none."""
    parameters: int
    """With faces of 48x48x1 and five classes, all that a saved model holds; as `flops`."""
    flops: int
    """A face, as `cnn.models.count_flops` counts them."""
    learning_rate: float
    """One to begin with, for the trainer's `learning_rate`: with it, it learns twenty faces by heart in a few steps."""
    builder: Builder

    def suggestions(self) -> dict[str, float]:
        """What the trainer takes unless it is told: `learning_rate`, and the builder's `dropout` and `conv_dropout`."""
        own = signature(self.builder).parameters
        return {
            "learning_rate": self.learning_rate,
            **{name: own[name].default for name in ("dropout", "conv_dropout")},
        }

    @property
    def measured(self) -> Measured | None:
        """The accuracy that was measured here; None: not yet."""
        return MEASURED.get(self.name)


_ARCHITECTURES: dict[str, Architecture] = {}


def register(
    name: str,
    *,
    summary: str,
    paper: str,
    published: str | None,
    parameters: int,
    flops: int,
    learning_rate: float = 1e-3,
) -> Callable[[Builder], Builder]:
    """Enter the decorated builder under `name`, with its facts: see `Architecture`.

    A builder is called as ``builder(input_shape, num_classes, **options)``, with `input_shape` as (height,
    width, channels). It returns an uncompiled model from float pixels of 0 to 255 (its first layer scales
    them) to `num_classes` probabilities. It takes the options `activation`, `dropout` and `conv_dropout`, whose
    defaults are what it suggests, and may ignore them. It imports Keras itself, so that the registry can be read
    without.

    Raises
    ------
    ValueError
        When the name is taken.
    """

    def enter(builder: Builder) -> Builder:
        if name in _ARCHITECTURES:
            raise ValueError(f"A model called {name!r} is registered already. Choose another name.")
        _ARCHITECTURES[name] = Architecture(
            name=name,
            summary=summary,
            paper=paper,
            published=published,
            parameters=parameters,
            flops=flops,
            learning_rate=learning_rate,
            builder=builder,
        )
        return builder

    return enter


def names() -> tuple[str, ...]:
    """The registered architectures, sorted."""
    return tuple(sorted(_ARCHITECTURES))


def architecture(name: str) -> Architecture:
    """What is known of the architecture called `name`.

    Raises
    ------
    ParameterError
        When no architecture has that name.
    """
    if name not in _ARCHITECTURES:
        raise ParameterError(f"`model` must be one of {', '.join(map(repr, names()))}. Got {name!r}.")
    return _ARCHITECTURES[name]


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
        Passed to the builder: `activation`, `dropout`, `conv_dropout` and what it adds itself; None is its default.

    Raises
    ------
    ParameterError
        When no architecture has that name.

    Examples
    --------
    >>> build("reference").count_params()
    1004805
    """
    given = {option: value for option, value in options.items() if value is not None}
    return architecture(name).builder(input_shape, num_classes, **given)


def with_preprocessing(model: keras.Model) -> keras.Model:
    """Wrap `model` so that it takes grey faces of any size.

    The wrapper takes float pixels of 0 to 255, shaped (batch, height, width, 1), and resizes them
    (bilinear, with antialiasing) to what `model` wants; faces that have this size already pass unchanged.
    It has no parameters and no custom objects of its own and shares its weights with `model`, which is its
    last layer: ``wrapper.layers[-1]``.
    """
    import keras

    height, width, channels = model.input_shape[1:]
    pixels = keras.Input((None, None, channels), name="face")
    resized = keras.layers.Resizing(height, width, interpolation="bilinear", antialias=True, name="resize")(pixels)
    return keras.Model(pixels, model(resized), name=f"{model.name}_any_size")
