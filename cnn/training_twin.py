"""The same network as it is trained: equal function and weights, fewer passes over memory, bfloat16 where asked.

On a CPU the TensorFlow backend spends a third of a training step in batch normalisation, which Keras writes as some
twenty elementwise operations, forth and back. TensorFlow's fused operation does it in two, and adds in a fixed order.
"""

from __future__ import annotations

from typing import Any

import keras

from cnn.team import Team

_POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}


def training_twin(model: keras.Model, precision: str = "float32", team: Team = Team()) -> keras.Model:
    """Copy `model` for training; the weights may go to and fro with ``get_weights`` and ``set_weights``.

    Parameters
    ----------
    model
        A functional model of Keras's own layers, with a float32 policy.
    precision
        ``"bfloat16"`` computes in bfloat16, with weights, scaling of pixels, statistics and output in float32.
        ``"float32"`` computes as `model`, to rounding.
    team
        Of several workers: each computes on its share of a batch what `model` computes on the whole.

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
        kind = _kind(layer, team.count > 1)
        copied: keras.Layer = kind.from_config(config)
        if isinstance(copied, _SharedDropout):
            copied.team = team
        return copied

    twin = keras.models.clone_model(model, clone_function=copy)
    twin.set_weights(model.get_weights())
    return twin


def _kind(layer: keras.Layer, together: bool) -> type[keras.Layer]:
    if _can_fuse(layer):
        return _SharedBatchNormalization if together else _FusedBatchNormalization
    return _SharedDropout if together and type(layer) is keras.layers.Dropout else type(layer)


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


class _SharedBatchNormalization(keras.layers.BatchNormalization):
    """Batch normalisation with the statistics of all workers' shares, in one exchange; Keras's own needs three."""

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        if not (training and self.trainable):
            return super().call(inputs, training=training, mask=mask)
        import tensorflow as tf

        exact = tf.cast(inputs, tf.float32)
        own = tf.concat([tf.reduce_mean(exact, (0, 1, 2)), tf.reduce_mean(tf.square(exact), (0, 1, 2))], 0)
        mean, squares = tf.split(tf.distribute.get_replica_context().all_reduce("MEAN", own), 2)
        variance = tf.maximum(squares - tf.square(mean), 0.0)
        for moving, now in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + now * (1 - self.momentum))
        outputs = tf.nn.batch_normalization(exact, mean, variance, self.beta, self.gamma, self.epsilon)
        return tf.cast(outputs, inputs.dtype)


class _SharedDropout(keras.layers.Dropout):
    """Dropout that draws for the whole batch, as a single process does, and takes this worker's share."""

    team = Team()

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not (training and self.rate):
            return inputs
        import tensorflow as tf

        shape = tf.shape(inputs)
        whole = tf.concat([shape[:1] * self.team.count, shape[1:]], 0)
        factors = keras.random.dropout(tf.ones(whole, inputs.dtype), self.rate, seed=self.seed_generator)
        return inputs * factors[self.team.index * shape[0] : (self.team.index + 1) * shape[0]]
