"""The network that FER+ was published with: ten 3x3 convolutions and three dense layers, after VGG.

Barsoum, Zhang, Canton Ferrer and Zhang, "Training Deep Networks for Facial Expression Recognition with Crowd-Sourced
Label Distribution", 2016, arXiv:1608.01041: 0.85 on FER+'s eight classes. Theirs takes 64x64 pixels, and has with
eight classes 8,757,704 parameters; so does this one at that size. At 48x48 the first dense layer sees 3x3 places
instead of 4x4, which leaves 6,919,621 with five classes.

Different from theirs: pixels are only scaled, where they equalise the histogram and subtract a fitted plane, and
the kernels begin as He et al. draw them, for a rectifier's sake, instead of Glorot and Bengio. There is no batch
normalisation, so dropout shifts no statistics. Their dropout is 0.5 in the dense part and 0.25 after every pooling.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnn.models.initializers import kernel_initializer
from cnn.models.registry import register

if TYPE_CHECKING:
    import keras

_BLOCKS = ((64, 64), (128, 128), (256, 256, 256), (256, 256, 256))
_DENSE = (1024, 1024)


@register(
    "vgg13",
    summary="ten convolutions and three dense layers: FER+'s own network, large and slow on a CPU",
    paper="Barsoum, Zhang, Canton Ferrer, Zhang 2016, arXiv:1608.01041",
    published="0.85 on FER+, eight classes, at 64x64",
    parameters=6_919_621,
    flops=986_228_736,
    learning_rate=1e-4,
)
def vgg13(
    input_shape: tuple[int, int, int] = (48, 48, 1),
    num_classes: int = 5,
    *,
    activation: str = "relu",
    dropout: float = 0.5,
    conv_dropout: float = 0.25,
) -> keras.Model:
    """Build the VGG-style network of FER+.

    Parameters
    ----------
    input_shape
        (height, width, channels), at least 16 pixels a side.
    num_classes
        The number of probabilities.
    activation
        A Keras activation for every hidden layer; the kernels' initialiser follows from it.
    dropout
        Share of each dense layer's outputs dropped in training.
    conv_dropout
        The same after every pooling.
    """
    import keras
    from keras import layers

    style: dict[str, Any] = {"activation": activation, "kernel_initializer": kernel_initializer(activation)}
    pixels = keras.Input(input_shape, name="face")
    x: Any = layers.Rescaling(1 / 127.5, offset=-1.0, name="rescale")(pixels)
    for block, widths in enumerate(_BLOCKS, start=1):
        for number, filters in enumerate(widths, start=1):
            x = layers.Conv2D(filters, 3, padding="same", name=f"conv{block}_{number}", **style)(x)
        x = layers.MaxPooling2D(2, name=f"pool{block}")(x)
        x = layers.Dropout(conv_dropout, name=f"drop{block}")(x)
    x = layers.Flatten(name="flatten")(x)
    for number, units in enumerate(_DENSE, start=len(_BLOCKS) + 1):
        x = layers.Dense(units, name=f"dense{number}", **style)(x)
        x = layers.Dropout(dropout, name=f"drop{number}")(x)
    # Probabilities stay in float32 under a mixed-precision policy, where float16 would round them.
    expression = layers.Dense(num_classes, activation="softmax", dtype="float32", name="expression")(x)
    return keras.Model(pixels, expression, name="vgg13")
