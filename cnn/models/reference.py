"""The reference architecture: four convolution blocks and two dense ones, 1,004,805 parameters.

It is the network of the published cascade-and-CNN pipeline that this factory rebuilds. At 48x48x1 and five
classes, 1,003,013 of the parameters train; the others are the means and variances of batch normalisation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnn.models.initializers import kernel_initializer
from cnn.models.registry import register

if TYPE_CHECKING:
    import keras


@register(
    "reference",
    summary="four wide convolutions and two dense layers; the network of the pipeline rebuilt here",
    paper="amirhossein-hkh/facial-expression-recognition on GitHub",
    published="0.75 on its own merged data, five classes",
    parameters=1_004_805,
    flops=110_015_616,
)
def reference(
    input_shape: tuple[int, int, int] = (48, 48, 1),
    num_classes: int = 5,
    *,
    activation: str = "relu",
    dropout: float = 0.3,
    conv_dropout: float = 0.05,
    momentum: float = 0.95,
) -> keras.Model:
    """Build the reference network.

    Parameters
    ----------
    input_shape
        (height, width, channels); at least 46 pixels a side, or nothing is left for the last block.
    num_classes
        The number of probabilities.
    activation
        A Keras activation for every hidden layer; the kernels' initialiser follows from it.
    dropout
        Share of the first dense layer's outputs dropped in training.
    conv_dropout
        The same in the second convolution block. There it stands before batch normalisation, which then
        learns a larger variance than it meets at inference: keep it small.
    momentum
        Of batch normalisation's moving means. Keras's 0.99 takes hundreds of steps to forget the start, too
        many for small sets.
    """
    import keras
    from keras import layers

    initializer = kernel_initializer(activation)
    pixels = keras.Input(input_shape, name="face")
    x: Any = layers.Rescaling(1 / 127.5, offset=-1.0, name="rescale")(pixels)
    for block, (filters, rate) in enumerate([(64, None), (128, conv_dropout), (256, None), (256, None)], start=1):
        x = layers.Conv2D(filters, 3, kernel_initializer=initializer, name=f"conv{block}")(x)
        if rate is not None:
            x = layers.Dropout(rate, name=f"drop{block}")(x)
        x = _activate_and_normalise(x, activation, momentum, f"{block}")
        x = layers.MaxPooling2D(2, name=f"pool{block}")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(128, kernel_initializer=initializer, name="dense5")(x)
    x = _activate_and_normalise(x, activation, momentum, "5")
    x = layers.Dropout(dropout, name="drop5")(x)
    x = layers.Dense(64, kernel_initializer=initializer, name="dense6")(x)
    x = _activate_and_normalise(x, activation, momentum, "6")
    # Probabilities stay in float32 under a mixed-precision policy, where float16 would round them.
    expression = layers.Dense(num_classes, activation="softmax", dtype="float32", name="expression")(x)
    return keras.Model(pixels, expression, name="reference")


def _activate_and_normalise(x: Any, activation: str, momentum: float, number: str) -> Any:
    from keras import layers

    x = layers.Activation(activation, name=f"act{number}")(x)
    return layers.BatchNormalization(momentum=momentum, name=f"norm{number}")(x)
