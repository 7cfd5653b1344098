"""The parameters of `cnn.train.train_cnn`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, Lt

from cnn.views import Views
from runs.parameters import Parameters


@dataclass(frozen=True, kw_only=True)
class CnnTrainParams(Parameters):
    """How to train the expression network."""

    model: Literal["compact_resnet", "mini_xception", "reference", "vgg13"] = "reference"
    """The architecture, one of `cnn.models.names()`."""
    activation: Literal["relu", "leaky_relu", "elu", "selu", "gelu", "silu", "tanh"] = "relu"
    """The hidden layers' activation, in Keras's names."""
    epochs: Annotated[int, Ge(1)] = 40
    """Times that every training face is seen. The learning rate's schedule ends with the last one."""
    batch_size: Annotated[int, Ge(2)] = 64
    """Faces in one update. 64 is the fastest on a CPU."""
    learning_rate: Annotated[float, Gt(0)] | None = None
    """Highest learning rate; it rises to it in a warm-up and falls to zero along a cosine. Unless given, the network's
    own: `facefoundry cnn models` lists it."""
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
    sampling: Literal["shuffled", "sqrt", "balanced"] = "shuffled"
    """How often a face is met in an epoch: once, or rare classes more often, by the root of their rarity or until
    all classes come equally often. The epoch keeps its length."""
    logit_adjustment: Annotated[float, Ge(0)] = 0.0
    """Tau of the logit-adjusted loss, for rare classes; 1 makes the answers suit classes of equal size, 0 is plain
    cross-entropy."""
    focal_gamma: Annotated[float, Ge(0)] = 0.0
    """Gamma of the focal loss: how much less a face counts that is answered well; 0 is plain cross-entropy."""
    mixup: Annotated[float, Ge(0)] = 0.0
    """Blend two faces, with a share drawn from Beta(mixup, mixup); 0 switches it off."""
    cutmix: Annotated[float, Ge(0)] = 0.0
    """Put a rectangle of another face into a face, with a share of the area drawn from Beta(cutmix, cutmix); 0
    switches it off. With `mixup`, each face draws which."""
    mixing_share: Annotated[float, Ge(0), Le(1)] = 1.0
    """Share of the faces that `mixup` and `cutmix` change."""
    dropout: Annotated[float, Ge(0), Lt(1)] | None = None
    """Share of the outputs of dense layers dropped while learning. Unless given, the network's own."""
    conv_dropout: Annotated[float, Ge(0), Lt(1)] | None = None
    """Dropout among the convolutions; in the reference network before batch normalisation: keep it small. Unless given,
    the network's own."""
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
    views: Views = 1
    """Views of each face whose answers the saved model averages: 2 adds the mirror image, 6 also larger and smaller
    ones. More right answers, for as many times the work; `facefoundry cnn calibrate --views` changes it later."""
    select_by: Literal["accuracy", "balanced_accuracy", "loss"] = "accuracy"
    """Which validation figure chooses the saved epoch. Accuracy over all faces is the one that varies least
    by chance; balanced accuracy rests on the few faces of the rarest class."""
    patience: Annotated[int, Ge(1)] | None = None
    """Stop after this many epochs without a better validation figure; never by default."""
    max_seconds: Annotated[float, Gt(0)] | None = None
    """Stop at the end of the epoch in which this much time is spent; the schedule then stays unfinished."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """What the network computes in while learning; it is validated and saved in float32. bfloat16 is nearly twice as
    fast on a processor with AVX512_BF16 or AMX (`lscpu` says) and slow on others."""
    seed: Annotated[int, Ge(0), Le(2**32 - 1)] = 1
    """Decides the first weights, the order, the augmentation and dropout."""
