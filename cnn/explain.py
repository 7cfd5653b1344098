"""What a network looks at: class-activation maps, the first layer's filters, the activations of each block.

A map sums the channels of a late convolution, weighted by the gradient of a class's logit, and is cut at 0. Grad-CAM
averages the gradient over the positions first (Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via
Gradient-based Localization", 2017), HiResCAM does not (Draelos and Carin, "Use HiResCAM instead of Grad-CAM for
faithful explanations", 2020). On the reference network and 400 test faces, blurring the fifth of a face that is
brightest on its map costs the answer's logit 1.0 of its lead over the next by Grad-CAM, 1.8 by HiResCAM, 0.6 by chance.

The gradient comes from the Keras backend in use: TensorFlow, JAX or PyTorch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from cnn.batches import as_input
from cnn.errors import InputError
from cnn.logits import inner_input, logits_of, network_of

if TYPE_CHECKING:
    import keras

Method = Literal["grad_cam", "hires_cam"]
"""How a map is made of features and gradient."""

_BATCH = 32
_COARSEST = 8  # a map's side is at least this part of the face's: coarser ones point at nothing


@dataclass(frozen=True)
class Activations:
    """What a block makes of one face: `maps` (channels, height, width) float32, the output of the layer `layer`."""

    layer: str
    maps: np.ndarray


def class_activation_maps(
    model: keras.Model, images: np.ndarray, classes: np.ndarray, *, method: Method = "grad_cam"
) -> np.ndarray:
    """Where in each face the evidence for a class is.

    The layer is the last one whose output still has a side of at least an eighth of the face's: the reference
    network's 8x8 of its third block, not the 2x2 of its fourth.

    Parameters
    ----------
    model
        A saved expression model, with or without preprocessing around its network.
    images
        (n, height, width), uint8.
    classes
        (n,), for each face the position in `EXPRESSIONS` that is asked about.
    method
        See the module.

    Returns
    -------
    np.ndarray
        (n, rows, columns), float32, at least 0, over the whole face. Grad-CAM's is divided by the number of
        positions, as its weights are means.

    Raises
    ------
    InputError
        The network does not end in a softmax, or has no such layer; or Keras runs on a backend without gradients.
    """
    return ActivationMaps(model, method).of(images, classes)


class ActivationMaps:
    """Makes `class_activation_maps` of one model again and again: what they need is built once.

    The parameters and errors are those of `class_activation_maps`.
    """

    def __init__(self, model: keras.Model, method: Method) -> None:
        import keras

        network = network_of(model)
        cut, head = _cut(network)
        self._model, self._method, self._shape = model, method, cut.shape[1:3]
        self._ask = _asking(keras.Model(network.inputs[0], cut), head)

    def of(self, images: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """Maps, (n, rows, columns) float32, of faces (n, height, width) uint8, each for its class in `classes` (n,)."""
        maps = [np.zeros((0, *self._shape), np.float32)]
        for start in range(0, len(images), _BATCH):
            faces = inner_input(self._model, as_input(images[start : start + _BATCH]))
            found, weights = self._ask(faces, classes[start : start + _BATCH])
            if self._method == "grad_cam":
                weights = weights.mean(axis=(1, 2), keepdims=True)
            maps.append(np.maximum((found * weights).sum(axis=3), 0))
        return np.concatenate(maps)


def first_filters(model: keras.Model) -> np.ndarray:
    """The kernels of the first convolution, (filters, height, width) float32; over several channels their mean.

    Raises
    ------
    InputError
        The network has no convolution.
    """
    import keras

    network = network_of(model)
    for layer in network.layers:
        if isinstance(layer, keras.layers.Conv2D):
            return np.moveaxis(keras.ops.convert_to_numpy(layer.kernel).mean(axis=2), -1, 0)
    raise InputError(f"The network {network.name!r} has no convolution whose filters could be shown.")


def block_activations(model: keras.Model, image: np.ndarray) -> list[Activations]:
    """What each block makes of one face (height, width) uint8: what goes into each layer that makes it smaller."""
    import keras

    network = network_of(model)
    made_by = {id(layer.output): layer for layer in network.layers if _single(layer)}
    taken = (made_by.get(id(layer.input)) for layer in network.layers if _shrinks(layer))
    ends = list(dict.fromkeys(layer for layer in taken if layer is not None and _is_picture(layer.output)))
    found, given = [], inner_input(model, as_input(image[np.newaxis]))
    for layer in ends:
        output = keras.Model(network.inputs[0], layer.output)(given, training=False)
        found.append(Activations(layer.name, np.moveaxis(keras.ops.convert_to_numpy(output)[0], -1, 0)))
    return found


def _asking(features: keras.Model, head: keras.Model) -> _Ask:
    """What gives, for faces and classes, the features and the logits' gradients: both (n, height, width, channels)."""
    import keras

    backend = keras.backend.backend()
    if backend not in _GRADIENTS:
        raise InputError(
            f"Class-activation maps need gradients, which the Keras backend {backend!r} does not give. "
            f"Set KERAS_BACKEND to one of {', '.join(_GRADIENTS)}."
        )
    return _GRADIENTS[backend](features, head)


def _cut(network: keras.Model) -> tuple[Any, keras.Model]:
    """The features that the maps are made of, and the model from them to the logits."""
    import keras

    logits, height = logits_of(network), network.input_shape[1] or 0
    for layer in reversed(network.layers):
        output = layer.output if _single(layer) else None
        if output is None or not _is_picture(output) or output.shape[1] * _COARSEST < height:
            continue
        try:
            return output, keras.Model(output, logits)
        except ValueError:  # a shortcut goes round this layer
            continue
    raise InputError(f"The network {network.name!r} has no layer whose output could be drawn as a map.")


def _single(layer: Any) -> bool:
    return not isinstance(layer.output, (list, tuple))


def _is_picture(tensor: Any) -> bool:
    """Whether a tensor is (batch, height, width, channels) with something to see in it."""
    sides = tensor.shape[1:]
    return len(sides) == 3 and None not in sides and min(sides) > 1


def _shrinks(layer: Any) -> bool:
    kind = type(layer).__name__
    strides = getattr(layer, "strides", 1)
    return "Pooling2D" in kind or kind == "Flatten" or ("Conv2D" in kind and strides not in (1, (1, 1)))


def _by_tensorflow(features: keras.Model, head: keras.Model) -> _Ask:
    tensorflow = import_module("tensorflow")

    @tensorflow.function(reduce_retracing=True)
    def trace(faces: Any, classes: Any) -> tuple[Any, Any]:
        found = features(faces, training=False)
        with tensorflow.GradientTape() as tape:
            tape.watch(found)
            wanted = tensorflow.gather(head(found, training=False), classes, axis=1, batch_dims=1)
        return found, tape.gradient(wanted, found)

    def ask(faces: Any, classes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found, gradient = trace(tensorflow.convert_to_tensor(faces), tensorflow.convert_to_tensor(classes))
        return np.asarray(found), np.asarray(gradient)

    return ask


def _by_jax(features: keras.Model, head: keras.Model) -> _Ask:
    jax = import_module("jax")

    def ask(faces: Any, classes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found, rows = features(faces, training=False), np.arange(len(classes))
        gradient = jax.grad(lambda given: head(given, training=False)[rows, classes].sum())(found)
        return np.asarray(found), np.asarray(gradient)

    return ask


def _by_torch(features: keras.Model, head: keras.Model) -> _Ask:
    import keras

    torch = import_module("torch")

    def ask(faces: Any, classes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found = keras.ops.convert_to_numpy(features(faces, training=False))
        watched = keras.ops.convert_to_tensor(found).requires_grad_()
        with torch.enable_grad():
            wanted = head(watched, training=False)[np.arange(len(classes)), classes].sum()
        (gradient,) = torch.autograd.grad(wanted, watched)
        return found, np.asarray(keras.ops.convert_to_numpy(gradient))

    return ask


_Ask = Callable[[Any, np.ndarray], tuple[np.ndarray, np.ndarray]]
_GRADIENTS: dict[str, Callable[[keras.Model, keras.Model], _Ask]] = {
    "tensorflow": _by_tensorflow,
    "jax": _by_jax,
    "torch": _by_torch,
}
