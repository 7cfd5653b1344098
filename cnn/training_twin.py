"""The same network as it is trained: equal function and weights, fewer passes over memory, bfloat16 where asked.

On a CPU the TensorFlow backend spends a third of a training step in batch normalisation, which Keras writes as some
twenty elementwise operations, forth and back. TensorFlow's fused operation does it in two, and adds in a fixed order.
"""

from __future__ import annotations

from typing import Any

import keras

_POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}


def training_twin(model: keras.Model, precision: str = "float32") -> keras.Model:
    """Copy `model` for training; the weights may go to and fro with ``get_weights`` and ``set_weights``.

    Parameters
    ----------
    model
        A functional model of Keras's own layers, with a float32 policy.
    precision
        ``"bfloat16"`` computes in bfloat16, with weights, scaling of pixels, statistics and output in float32.
        ``"float32"`` computes as `model`, to rounding.

    Notes
    -----
    The twin has layers of this module: validate and save `model`.
    """
    answering = {layer.name for layer in model.layers if any(layer.output is output for output in model.outputs)}

    def copy(layer: keras.Layer) -> keras.Layer:
        config = layer.get_config()
        if layer.name not in answering and not isinstance(layer, keras.layers.Rescaling | keras.layers.InputLayer):
            config["dtype"] = _POLICIES[precision]
        if "seed" in config:
            config["seed"] = 0  # PyTorch heeds the layer's seed generator only where a seed is given
        kind = _FusedBatchNormalization if _can_fuse(layer) else type(layer)
        return kind.from_config(config)

    twin = keras.models.clone_model(model, clone_function=copy)
    twin.set_weights(model.get_weights())
    return twin


def _can_fuse(layer: keras.Layer) -> bool:
    return (
        keras.backend.backend() == "tensorflow"
        and type(layer) is keras.layers.BatchNormalization
        and len(layer.output.shape) == 4
        and layer.axis in (-1, 3)
        and layer.center
        and layer.scale
        and not (layer.renorm or layer.synchronized)
    )


class _FusedBatchNormalization(keras.layers.BatchNormalization):
    """Batch normalisation of (batch, height, width, channels) by TensorFlow's fused operation while learning."""

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        if not (training and self.trainable):
            return super().call(inputs, training=training, mask=mask)
        import tensorflow as tf

        outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            inputs, self.gamma, self.beta, epsilon=self.epsilon, is_training=True
        )
        # The operation gives the unbiased variance; Keras averages the biased one.
        count = tf.cast(tf.size(inputs) // inputs.shape[-1], variance.dtype)
        variance *= tf.maximum(count - 1, 1) / count
        for moving, now in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + now * (1 - self.momentum))
        return outputs
