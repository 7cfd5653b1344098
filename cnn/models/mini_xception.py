"""Mini-Xception: depthwise separable convolutions with shortcuts, 56,117 parameters.

Arriaga, Valdenegro-Toro and Plöger, "Real-time Convolutional Neural Networks for Emotion and Gender
Classification", 2017, arXiv:1710.07557: about 60,000 parameters and an accuracy of 0.66 on FER2013's seven classes.
With seven classes this one has the 58,423 of their program.

Different from theirs: the trainer's weight decay stands for the L2 penalty of 0.01, the faces are 48x48 where they
take 64x64 (their program also ran at 48x48), and batch normalisation forgets faster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnn.models.initializers import kernel_initializer
from cnn.models.registry import register

if TYPE_CHECKING:
    import keras


@register(
    "mini_xception",
    summary="separable convolutions with shortcuts: the smallest, for the weakest machines",
    paper="Arriaga, Valdenegro-Toro, Plöger 2017, arXiv:1710.07557",
    published="0.66 on FER2013, seven classes",
    parameters=56_117,
    flops=10_999_424,
)
def mini_xception(
    input_shape: tuple[int, int, int] = (48, 48, 1),
    num_classes: int = 5,
    *,
    activation: str = "relu",
    dropout: float = 0.0,  # noqa: ARG001
    conv_dropout: float = 0.0,  # noqa: ARG001
    momentum: float = 0.95,
) -> keras.Model:
    """Build mini-Xception.

    Parameters
    ----------
    input_shape
        (height, width, channels), at least 5 pixels a side.
    num_classes
        The number of probabilities.
    activation
        A Keras activation for every hidden layer; the kernels' initialiser follows from it.
    dropout, conv_dropout
        Not used: the published network has no dropout, and one this small rather underfits.
    momentum
        Of batch normalisation's moving means.
    """
    import keras
    from keras import layers

    style = _Style(activation, momentum)
    pixels = keras.Input(input_shape, name="face")
    x: Any = layers.Rescaling(1 / 127.5, offset=-1.0, name="rescale")(pixels)
    for number in (1, 2):
        x = layers.Conv2D(8, 3, use_bias=False, kernel_initializer=style.initializer, name=f"conv{number}")(x)
        x = style.activate(style.normalise(x, f"{number}"), f"{number}")
    for number, filters in enumerate((16, 32, 64, 128), start=3):
        x = style.module(x, filters, f"{number}")
    x = layers.Conv2D(num_classes, 3, padding="same", name="scores")(x)
    x = layers.GlobalAveragePooling2D(name="average")(x)
    # Probabilities stay in float32 under a mixed-precision policy, where float16 would round them.
    expression = layers.Softmax(dtype="float32", name="expression")(x)
    return keras.Model(pixels, expression, name="mini_xception")


class _Style:
    """How all layers of one network are made."""

    def __init__(self, activation: str, momentum: float) -> None:
        self.initializer = kernel_initializer(activation)
        self._activation, self._momentum = activation, momentum

    def normalise(self, x: Any, number: str) -> Any:
        from keras import layers

        return layers.BatchNormalization(momentum=self._momentum, name=f"norm{number}")(x)

    def activate(self, x: Any, number: str) -> Any:
        from keras import layers

        return layers.Activation(self._activation, name=f"act{number}")(x)

    def module(self, x: Any, filters: int, number: str) -> Any:
        """Two separable convolutions and a pooling that halves the side, added to a strided 1x1 shortcut."""
        from keras import layers

        # One pixel of four, then a 1x1 convolution: what a strided 1x1 convolution computes. In TensorFlow 2.21 with
        # oneDNN, the gradient of that one writes beyond its memory where the batch is no multiple of the threads.
        short = layers.MaxPooling2D(1, strides=2, name=f"every_second{number}")(x)
        short = layers.Conv2D(filters, 1, use_bias=False, name=f"short{number}")(short)
        short = self.normalise(short, f"{number}_short")
        x = self.activate(self.normalise(self._separable(x, filters, f"{number}a"), f"{number}a"), f"{number}a")
        x = self.normalise(self._separable(x, filters, f"{number}b"), f"{number}b")
        x = layers.MaxPooling2D(3, strides=2, padding="same", name=f"pool{number}")(x)
        return layers.Add(name=f"add{number}")([x, short])

    def _separable(self, x: Any, filters: int, number: str) -> Any:
        from keras import layers

        return layers.SeparableConv2D(
            filters,
            3,
            padding="same",
            use_bias=False,
            depthwise_initializer=self.initializer,
            pointwise_initializer=self.initializer,
            name=f"separable{number}",
        )(x)
