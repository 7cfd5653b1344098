"""The network architectures: a registry and one file an architecture. Importing it imports Keras."""

from cnn.models import reference  # noqa: F401  (importing a module registers its architecture)
from cnn.models.registry import build, names, register, with_preprocessing

__all__ = ["build", "names", "register", "with_preprocessing"]
