"""What is minimised: cross-entropy, and its variants made for classes of unequal size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from cnn.train_params import CnnTrainParams

_SMALLEST = 1e-30
_SURE = 1e-7
"""Below it, a root's slope would be infinite."""


def loss_of(params: CnnTrainParams, priors: np.ndarray) -> str | Callable[[Any, Any], Any]:
    """The loss that `params` ask for, as ``keras.Model.compile`` takes it: by face, between targets and probabilities.

    Parameters
    ----------
    params
        `logit_adjustment` and `focal_gamma`; both 0 is plain cross-entropy.
    priors
        (classes,), how often each class is met while learning; positive, any scale.
    """
    if not params.logit_adjustment and not params.focal_gamma:
        return "categorical_crossentropy"
    shift = params.logit_adjustment * np.log(priors / priors.sum())
    return adjusted_focal_loss(shift.astype(np.float32), params.focal_gamma)


def adjusted_focal_loss(shift: np.ndarray, gamma: float) -> Callable[[Any, Any], Any]:
    """The loss ``-sum(t * (1 - q)**gamma * log(q))`` with ``q = softmax(log(p) + shift)``.

    `p` (batch, classes) are the network's probabilities and `t` the targets, which may be soft.

    Parameters
    ----------
    shift
        (classes,): with tau times the logarithm of the priors, a rare class must win by a margin while learning,
        so that the unshifted answers suit classes of equal size.
    gamma
        How much less a face counts that is answered well; 0 counts all alike.

    References
    ----------
    Menon et al., Long-tail learning via logit adjustment, ICLR 2021; Lin et al., Focal loss for dense object
    detection, ICCV 2017.
    """
    from keras import ops

    def loss(targets: Any, answers: Any) -> Any:
        logits = ops.add(ops.log(ops.maximum(answers, _SMALLEST)), shift)
        shifted = ops.log_softmax(logits, axis=-1)
        hardness = ops.maximum(1 - ops.exp(shifted), _SURE) ** gamma if gamma else 1.0
        return -ops.sum(targets * hardness * shifted, axis=-1)

    return loss
