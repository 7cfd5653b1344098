"""The parameters of `cnn.train.train_cnn`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, Lt

from runs.parameters import Parameters


@dataclass(frozen=True, kw_only=True)
class CnnTrainParams(Parameters):
    """How to train the expression network."""

    model: Literal["reference"] = "reference"
    """The architecture, one of `cnn.models.names()`."""
    activation: Literal["relu", "leaky_relu", "elu", "selu", "gelu", "silu", "tanh"] = "relu"
    """The hidden layers' activation, in Keras's names."""
    epochs: Annotated[int, Ge(1)] = 40
    """Times that every training face is seen. The learning rate's schedule ends with the last one."""
    batch_size: Annotated[int, Ge(2)] = 64
    """Faces in one update. 64 is the fastest on a CPU."""
    learning_rate: Annotated[float, Gt(0)] = 1e-3
    """Highest learning rate; it rises to it in a warm-up and falls to zero along a cosine."""
    warm_up_epochs: Annotated[float, Ge(0)] = 0.5
    """Epochs until the learning rate stands at its highest."""
    optimizer: Literal["adamw", "adam"] = "adamw"
    """Adam with or without decoupled weight decay."""
    weight_decay: Annotated[float, Ge(0)] = 0.05
    """Of AdamW, on kernels only, not on biases and batch normalisation."""
    label_smoothing: Annotated[float, Ge(0), Lt(1)] = 0.05
    """Share of each target that is spread evenly over all classes."""
    soft_targets: bool = True
    """Learn FER+'s votes instead of the majority's label, for the faces that have votes."""
    vote_share: Annotated[float, Ge(0), Le(1)] = 0.7
    """With soft targets: this share of a target comes from the votes, the rest from the label."""
    class_weighting: Literal["none", "sqrt", "balanced"] = "none"
    """Whether rare classes count more: not at all, by the root of their rarity, or until all count alike."""
    dropout: Annotated[float, Ge(0), Lt(1)] = 0.3
    """Share of the first dense layer's outputs dropped while learning."""
    conv_dropout: Annotated[float, Ge(0), Lt(1)] = 0.05
    """Dropout in the second convolution block, before batch normalisation: keep it small."""
    mirror: bool = True
    """Mirror every second face."""
    shift: Annotated[float, Ge(0), Le(0.5)] = 0.06
    """Largest random move, as a share of the side."""
    rotation: Annotated[float, Ge(0), Le(180)] = 12.0
    """Largest random turn, in degrees."""
    scale: Annotated[float, Ge(0), Lt(1)] = 0.1
    """Largest random change of size: 0.1 draws from 0.9 to 1.1."""
    light: Annotated[float, Ge(0), Le(1)] = 0.1
    """Largest random change of brightness, as a share of the full range."""
    contrast: Annotated[float, Ge(0), Le(1)] = 0.25
    """Largest random change of contrast."""
    erasing: Annotated[float, Ge(0), Le(1)] = 0.0
    """Share of the faces in which one rectangle is hidden by noise."""
    weight_averaging: Annotated[float, Ge(0), Lt(1)] = 0.995
    """Momentum of the averaged weights, by batch; they are what is validated and saved. 0 switches it off."""
    select_by: Literal["accuracy", "balanced_accuracy", "loss"] = "accuracy"
    """Which validation figure chooses the saved epoch. Accuracy over all faces is the one that varies least
    by chance; balanced accuracy rests on the few faces of the rarest class."""
    patience: Annotated[int, Ge(1)] | None = None
    """Stop after this many epochs without a better validation figure; never by default."""
    max_seconds: Annotated[float, Gt(0)] | None = None
    """Stop at the end of the epoch in which this much time is spent; the schedule then stays unfinished."""
    seed: Annotated[int, Ge(0), Le(2**32 - 1)] = 1
    """Decides the first weights, the order, the augmentation and dropout."""
