"""A saved expression model taken apart: its network, the logits before the softmax, the temperature between the two.

Calibration puts the temperature there; class-activation maps are made of the logits. Importing this module does not
import Keras.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnn.errors import InputError
from cnn.views import seen_by, views_of, with_views

if TYPE_CHECKING:
    import keras

TEMPERATURE = "temperature"
"""The name of the layer that divides the logits; models that nobody has calibrated lack it."""


def network_of(model: keras.Model) -> keras.Model:
    """The network inside what `cnn.models.with_preprocessing` and `with_views` put around it; a bare one is its own."""
    import keras

    last = model.layers[-1]
    return network_of(last) if isinstance(last, keras.Model) else seen_by(model)


def temperature_of(model: keras.Model) -> float:
    """The temperature that is stored in a model; 1 where it was never calibrated."""
    import keras

    for layer in network_of(model).layers:
        if layer.name == TEMPERATURE and isinstance(layer, keras.layers.Rescaling):
            return 1.0 / float(layer.scale)
    return 1.0


def logits_of(network: keras.Model) -> Any:
    """The symbolic logits of a network, (batch, classes), before temperature and softmax.

    ``keras.Model(network.inputs[0], logits_of(network))`` gives them for faces. A last dense layer with a softmax in it
    is copied without the softmax; all other layers are shared.

    Raises
    ------
    InputError
        The network does not end in a softmax.
    """
    import keras

    last = network.layers[-1]
    softmax = isinstance(last, keras.layers.Softmax) or _activation(last) == "softmax"
    if softmax and isinstance(last, keras.layers.Dense):
        linear = keras.layers.Dense.from_config({**last.get_config(), "activation": "linear"})
        logits = linear(last.input)
        linear.set_weights(last.get_weights())
        return logits
    if softmax and isinstance(last, (keras.layers.Softmax, keras.layers.Activation)):
        before = network.layers[-2]
        return before.input if before.name == TEMPERATURE else last.input
    raise InputError(
        f"The network {network.name!r} must end in a softmax, as every one of `cnn.models` does. "
        f"Got a last layer of type {type(last).__name__}."
    )


def inner_input(model: keras.Model, faces: Any) -> Any:
    """What the network inside a model gets for `faces` (batch, height, width, 1): they are resized to what it takes."""
    import keras

    if not isinstance(model.layers[-1], keras.Model):
        return faces
    return keras.ops.convert_to_numpy(keras.Model(model.inputs[0], model.layers[-2].output)(faces, training=False))


def with_network(model: keras.Model, network: keras.Model, views: int | None = None) -> keras.Model:
    """`model` with another network inside, and with so many `views` of a face (`with_views`): as many, if None.

    What is around it is shared.
    """
    import keras

    last = model.layers[-1]
    if not isinstance(last, keras.Model):
        return with_views(network, views or views_of(model))
    inside = with_network(last, network, views)
    return keras.Model(model.inputs[0], inside(model.layers[-2].output), name=model.name)


def _activation(layer: Any) -> str:
    return getattr(getattr(layer, "activation", None), "__name__", "")
