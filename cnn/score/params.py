"""The parameters of `cnn.evaluate.evaluate_cnn`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge

from runs.parameters import Parameters


@dataclass(frozen=True, kw_only=True)
class EvaluateCnnParams(Parameters):
    """How to measure the expression network."""

    split: Literal["train", "validation", "test"] = "test"
    """The faces to measure on. Choose between models on `validation`; look at `test` at the end."""
    batch_size: Annotated[int, Ge(1)] = 256
    """Faces in one call of the network; bounds the memory, does not change the figures."""
    explained_faces: Annotated[int, Ge(0)] = 32
    """Faces of each class whose class-activation maps the page averages; 0 leaves the maps out."""
