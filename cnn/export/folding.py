"""Batch normalisation behind a rectifier, folded into the layers around it: the same answers with fewer passes.

Every converter folds a normalisation that stands directly behind its convolution, and none one behind the activation,
where the reference architecture has it. There it costs two passes over the largest arrays, and a full-integer network
loses most of what it loses: one scale for all channels of an array whose channels differ by a factor of thirty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras

Weights = dict[str, list[np.ndarray]]
"""By a layer's name its weights in Keras's order, float64."""


def fold(network: keras.Model) -> keras.Model:
    """A copy of `network` with the same answers, without the normalisations that can be folded away.

    With ``y = scale * relu(x) + shift`` by channel and a positive scale, the scale goes back through the rectifier
    into the layer before, and the shift forward, through poolings, into the bias of the layer behind. What does not
    fit (another activation, a negative scale, padding behind, a branch) stays as it is. For int8 the way back is the
    better one: it brings all channels to one range. Source: Nagel et al., "Data-Free Quantization Through Weight
    Equalization and Bias Correction", 2019.

    Parameters
    ----------
    network
        A functional model, channels last. It is not changed and shares nothing with the copy.
    """
    import keras

    graph = _Graph(network)
    weights = {layer.name: [np.array(one, np.float64) for one in layer.get_weights()] for layer in network.layers}
    norms = [layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]
    folded = {norm.name for norm in norms if _fold_one(norm, graph, weights)}

    def call(layer: Any, *inputs: Any, **options: Any) -> Any:
        return inputs[0] if layer.name in folded else layer(*inputs, **options)

    copy = keras.models.clone_model(network, call_function=call)
    for layer in filter(lambda layer: layer.weights, copy.layers):
        layer.set_weights([one.astype(np.float32) for one in weights[layer.name]])
    return copy


class _Graph:
    """Which layer stands before and behind which."""

    def __init__(self, network: keras.Model) -> None:
        import keras

        self.layers = {layer.name: layer for layer in network.layers}
        self._before: dict[str, list[str]] = {name: [] for name in self.layers}
        self._behind: dict[str, list[str]] = {name: [] for name in self.layers}
        made: dict[int, tuple[str, Any]] = {}  # the tensors are kept, so that no other can have their id

        def note(layer: Any, *inputs: Any, **options: Any) -> Any:
            output = layer(*inputs, **options)
            for tensor in keras.tree.flatten(inputs):
                if id(tensor) in made:
                    self._before[layer.name].append(made[id(tensor)][0])
                    self._behind[made[id(tensor)][0]].append(layer.name)
            made[id(output)] = (layer.name, output)
            return output

        keras.models.clone_model(network, call_function=note)

    def before(self, layer: Any) -> Any:
        """The only layer that `layer` gets something from, where nothing else gets it too; else None."""
        names = self._before[layer.name]
        return self.layers[names[0]] if len(names) == 1 and len(self._behind[names[0]]) == 1 else None

    def behind(self, layer: Any) -> Any:
        """The only layer that gets what `layer` gives, where it gets nothing else; else None."""
        names = self._behind[layer.name]
        return self.layers[names[0]] if len(names) == 1 and len(self._before[names[0]]) == 1 else None


def _fold_one(norm: Any, graph: _Graph, weights: Weights) -> bool:
    scale, shift = _scale_and_shift(norm)
    before, behind = _rectified(norm, graph), _weighted(norm, graph)
    if before is None or behind is None or (scale <= 0).any():
        return False
    for array in weights[before.name]:  # the kernel and, where there is one, the bias: both end in the channels
        array *= scale
    kernel, bias = weights[behind.name]
    inputs = kernel.shape[-2]
    bias += np.tile(shift, inputs // len(shift)) @ kernel.reshape(-1, inputs, len(bias)).sum(axis=0)
    return True


def _scale_and_shift(norm: Any) -> tuple[np.ndarray, np.ndarray]:
    """What a normalisation does at inference, by channel: ``y = scale * x + shift``."""
    weights = [np.array(one, np.float64) for one in norm.get_weights()]
    mean, variance = weights[-2:]
    gamma = weights[0] if norm.scale else np.ones_like(mean)
    beta = weights[-3] if norm.center else np.zeros_like(mean)
    scale = gamma / np.sqrt(variance + norm.epsilon)
    return scale, beta - mean * scale


def _rectified(norm: Any, graph: _Graph) -> Any:
    """The layer with weights whose rectified output `norm` gets; None where it is something else."""
    from keras import layers

    before = graph.before(norm)
    if isinstance(before, layers.Activation) and before.activation.__name__ == "relu":
        before = graph.before(before)
        while isinstance(before, (layers.Dropout, layers.SpatialDropout2D)):
            before = graph.before(before)
        wanted = "linear"
    else:
        wanted = "relu"
    return before if _is_plain(before) and before.activation.__name__ == wanted else None


def _weighted(norm: Any, graph: _Graph) -> Any:
    """The layer with a bias that `norm`'s output comes to, through what a shift passes unchanged; else None."""
    from keras import layers

    passed = (layers.Dropout, layers.SpatialDropout2D, layers.MaxPooling2D, layers.AveragePooling2D)
    behind = graph.behind(norm)
    while isinstance(behind, (*passed, layers.GlobalAveragePooling2D, layers.Flatten)):
        behind = graph.behind(behind)
    padded = isinstance(behind, layers.Conv2D) and behind.padding != "valid"
    return behind if _is_plain(behind) and behind.use_bias and not padded else None


def _is_plain(layer: Any) -> bool:
    from keras import layers

    return isinstance(layer, layers.Dense) or (isinstance(layer, layers.Conv2D) and layer.groups == 1)
