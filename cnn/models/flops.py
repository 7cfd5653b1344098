"""The arithmetic that a network does for one face, counted from its layers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras


def count_flops(model: keras.Model) -> int:
    """Floating-point operations for one face: two for each multiply-add of the convolutions and dense layers.

    Biases, activations, normalisation, pooling and resizing are left out, as is usual: a few per cent. A model
    in the model counts with its own layers.

    Parameters
    ----------
    model
        A functional model in which every convolution's output size is known.

    Raises
    ------
    TypeError
        A layer has weights, and no rule here says what it computes with them.

    Examples
    --------
    >>> import keras
    >>> from keras import layers
    >>> pixels = keras.Input((48, 48, 1))
    >>> count_flops(keras.Model(pixels, layers.Conv2D(64, 3)(pixels)))  # 46 * 46 places, 3 * 3 * 1 * 64 weights
    2437632
    """
    return 2 * sum(_multiply_adds(layer) for layer in model.layers)


def _multiply_adds(layer: Any) -> int:
    import keras
    from keras import layers

    if isinstance(layer, keras.Model):
        return sum(_multiply_adds(inner) for inner in layer.layers)
    if isinstance(layer, layers.SeparableConv2D):
        return _places(layer) * (math.prod(layer.depthwise_kernel.shape) + math.prod(layer.pointwise_kernel.shape))
    if isinstance(layer, (layers.Conv2D, layers.DepthwiseConv2D, layers.Dense)):
        return _places(layer) * math.prod(layer.kernel.shape)
    if layer.weights and not isinstance(layer, (layers.BatchNormalization, layers.Dropout)):
        raise TypeError(f"No rule counts the operations of {type(layer).__name__} ({layer.name}). Add one here.")
    return 0


def _places(layer: Any) -> int:
    """How often the kernel is applied to one face: at every pixel of the output, or once."""
    return math.prod(layer.output.shape[1:-1])
