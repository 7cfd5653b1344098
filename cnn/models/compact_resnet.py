"""A compact residual network for faces of 48x48: four stages of one basic block each, 888,933 parameters.

After He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition", 2016, arXiv:1512.03385, with their
blocks: two 3x3 convolutions and a shortcut, projected by a 1x1 convolution where the shape changes. The first
convolution gives the full 48x48 places 32 filters, where the reference network spends 64; all else works on 24x24
and less.

In trainings of four epochs on 7,791 faces of FER+ (one seed) it did better than with a stride in place of the first
pooling, with pooling inside the blocks, and with blocks that begin as the identity (the last scale of batch
normalisation at 0, which Adam leaves slowly).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnn.models.initializers import kernel_initializer
from cnn.models.registry import register

if TYPE_CHECKING:
    import keras

_STEM = 32
_WIDTHS = (32, 64, 128, 192)


@register(
    "compact_resnet",
    summary="four residual blocks: three fifths of the reference's arithmetic, and trains twice as fast on a CPU",
    paper="After He, Zhang, Ren, Sun 2016, arXiv:1512.03385",
    published=None,
    parameters=888_933,
    flops=65_988_480,
)
def compact_resnet(
    input_shape: tuple[int, int, int] = (48, 48, 1),
    num_classes: int = 5,
    *,
    activation: str = "relu",
    dropout: float = 0.3,
    conv_dropout: float = 0.0,  # noqa: ARG001
    momentum: float = 0.95,
) -> keras.Model:
    """Build the compact residual network.

    Parameters
    ----------
    input_shape
        (height, width, channels), at least 16 pixels a side.
    num_classes
        The number of probabilities.
    activation
        A Keras activation for every hidden layer; the kernels' initialiser follows from it.
    dropout
        Share of the averaged features dropped in training, behind the last batch normalisation.
    conv_dropout
        Not used: every convolution is normalised, and dropout before that would shift the statistics.
    momentum
        Of batch normalisation's moving means.
    """
    import keras
    from keras import layers

    style = _Style(activation, momentum)
    pixels = keras.Input(input_shape, name="face")
    x: Any = layers.Rescaling(1 / 127.5, offset=-1.0, name="rescale")(pixels)
    x = style.activate(style.convolve(x, _STEM, 3, 1, "0"), "0")
    x = layers.MaxPooling2D(2, name="pool0")(x)
    for number, filters in enumerate(_WIDTHS, start=1):
        x = style.block(x, filters, 1 if number == 1 else 2, f"{number}")
    x = layers.GlobalAveragePooling2D(name="average")(x)
    x = layers.Dropout(dropout, name="drop")(x)
    # Probabilities stay in float32 under a mixed-precision policy, where float16 would round them.
    expression = layers.Dense(num_classes, activation="softmax", dtype="float32", name="expression")(x)
    return keras.Model(pixels, expression, name="compact_resnet")


class _Style:
    """How all layers of one network are made."""

    def __init__(self, activation: str, momentum: float) -> None:
        self._activation, self._momentum = activation, momentum

    def block(self, x: Any, filters: int, stride: int, number: str) -> Any:
        """Two 3x3 convolutions, added to what came in; through a 1x1 convolution where the shape changes."""
        from keras import layers

        short = x
        if stride > 1 or x.shape[-1] != filters:
            # One pixel of four, then a 1x1 convolution: as a strided 1x1 convolution. In TensorFlow 2.21 with
            # oneDNN, the gradient of that one writes beyond its memory where the batch is no multiple of the threads.
            short = layers.MaxPooling2D(1, strides=stride, name=f"every_second{number}")(x) if stride > 1 else x
            short = self.convolve(short, filters, 1, 1, f"{number}_short")
        x = self.activate(self.convolve(x, filters, 3, stride, f"{number}a"), f"{number}a")
        x = self.convolve(x, filters, 3, 1, f"{number}b")
        return self.activate(layers.Add(name=f"add{number}")([x, short]), number)

    def convolve(self, x: Any, filters: int, size: int, stride: int, number: str) -> Any:
        """A convolution without bias, normalised."""
        from keras import layers

        initializer = kernel_initializer(self._activation)
        convolution = layers.Conv2D(
            filters,
            size,
            strides=stride,
            padding="same",
            use_bias=False,
            kernel_initializer=initializer,
            name=f"conv{number}",
        )
        return layers.BatchNormalization(momentum=self._momentum, name=f"norm{number}")(convolution(x))

    def activate(self, x: Any, number: str) -> Any:
        from keras import layers

        return layers.Activation(self._activation, name=f"act{number}")(x)
