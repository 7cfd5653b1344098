"""Views of one face, whose answers are averaged inside the model: its mirror image, a little larger, a little smaller.

A network that was trained on moved, scaled and mirrored faces answers each view a little otherwise, and the mean is
right more often: test-time augmentation (Krizhevsky et al., "ImageNet Classification with Deep Convolutional Neural
Networks", 2012, average ten). It costs a pass of the network for each view, and no weights.

The views live in ``model.keras`` between resizing and network, made of Keras's own parts: whoever loads, registers or
exports the model gets them. What is averaged are the logits, so that one temperature still suits the whole; see
`cnn.calibrate`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from cnn.errors import InputError

if TYPE_CHECKING:
    import keras

Views = Literal[1, 2, 6]
"""How many: the face alone, also its mirror image, or both also larger and smaller."""

_LAYER = "views"
_TYPE = "float32"
"""Of each layer: that of the process is one object for all, and Keras writes its address into the file."""
_RIM = 2
"""Pixels on each side: without them a face of 48 becomes an eleventh larger; with as many more, mirrored at the rim, a
thirteenth smaller."""


def with_views(network: keras.Model, views: int) -> keras.Model:
    """A model that answers with the mean of what `network` says of so many views of a face.

    Parameters
    ----------
    network
        From float pixels of 0 to 255, (batch, height, width, 1), to probabilities. The model takes and gives the same,
        shares its weights, and needs no custom objects.
    views
        One of `Views`. With 1 the model is `network` itself.

    Raises
    ------
    InputError
        `views` is another number.
    """
    import keras

    if views not in get_args(Views):
        raise InputError(f"`views` must be one of {', '.join(map(str, get_args(Views)))}. Got {views}.")
    if views == 1:
        return network
    face = keras.Input(network.input_shape[1:], name="one_face")
    seen = keras.layers.Concatenate(axis=0, name=_LAYER, dtype=_TYPE)(_views(face, views))
    answers = _mean(network(seen, training=False), views)
    return _with_steady_names(keras.Model(face, answers, name=f"{network.name}_views"))


def views_of(model: keras.Model) -> int:
    """How many views of a face a model averages; 1 where it was made without."""
    import keras

    if isinstance(model.layers[-1], keras.Model):
        return views_of(model.layers[-1])
    return next((len(layer.input) for layer in model.layers if _shows_views(layer)), 1)


def seen_by(model: keras.Model) -> keras.Model:
    """The network that `with_views` made `model` of; `model` itself where it was made without."""
    import keras

    if not any(map(_shows_views, model.layers)):
        return model
    return next((layer for layer in model.layers if isinstance(layer, keras.Model)), model)


def _shows_views(layer: Any) -> bool:
    import keras

    return layer.name == _LAYER and isinstance(layer, keras.layers.Concatenate)


def _views(face: Any, views: int) -> list[Any]:
    import keras

    height, width = face.shape[1:3]
    seen = [face]
    if views > 2:
        cut = keras.layers.Cropping2D(_RIM, name="middle", dtype=_TYPE)(face)
        wide = keras.ops.pad(face, ((0, 0), (_RIM, _RIM), (_RIM, _RIM), (0, 0)), mode="reflect")
        seen += [keras.layers.Resizing(height, width, name="larger", dtype=_TYPE)(cut)]
        seen += [keras.layers.Resizing(height, width, name="smaller", dtype=_TYPE)(wide)]
    # `flip` becomes an operation that OpenCV cannot read from ONNX.
    return seen + [keras.ops.take(one, list(reversed(range(width))), axis=2) for one in seen]


def _mean(answers: Any, views: int) -> Any:
    """The softmax of the views' mean logits, from their probabilities (views * batch, classes)."""
    import keras

    logits = keras.ops.log(keras.ops.maximum(answers, float(np.finfo(np.float32).tiny)))
    by_view = keras.ops.reshape(logits, (views, -1, answers.shape[-1]))
    return keras.layers.Softmax(name="mean_answer", dtype=_TYPE)(keras.ops.mean(by_view, axis=0))


def _with_steady_names(model: keras.Model) -> keras.Model:
    """Keras numbers the operations of a process; here those of the model, so that the same model is the same file."""
    import keras

    nameless = [one for one in model.operations if not isinstance(one, keras.layers.Layer)]
    for number, operation in enumerate(nameless):
        operation.name = f"view_operation_{number}"
    return model
