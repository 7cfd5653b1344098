"""The network architectures: a registry and one file an architecture. Keras is imported when one is built."""

# Importing a module registers its architecture.
from cnn.models import compact_resnet, mini_xception, reference, vgg13  # noqa: F401
from cnn.models.flops import count_flops
from cnn.models.measured import Measured
from cnn.models.registry import Architecture, architecture, build, names, register, with_preprocessing

__all__ = [
    "Architecture",
    "Measured",
    "architecture",
    "build",
    "count_flops",
    "names",
    "register",
    "with_preprocessing",
]
