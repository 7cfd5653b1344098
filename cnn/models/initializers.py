"""Which initialiser of kernels goes with which activation."""

from __future__ import annotations

_OF_ACTIVATION = {"selu": "lecun_normal", "tanh": "glorot_uniform", "sigmoid": "glorot_uniform"}


def kernel_initializer(activation: str) -> str:
    """Keras's name of the initialiser that keeps the variance through `activation`; He's for ReLU and its kin.

    >>> kernel_initializer("selu"), kernel_initializer("gelu")
    ('lecun_normal', 'he_normal')
    """
    return _OF_ACTIVATION.get(activation, "he_normal")
