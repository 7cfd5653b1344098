"""What a search for a split gives, and by what it compares splits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cascade.model import Node

SQUARED_ERROR, MISCLASSIFICATION, GINI = 0, 1, 2
"""What a split minimises: gentle and logit boosting, discrete and real AdaBoost.

With responses of +1 and -1 the squared error and the Gini index have the same best splits.
"""
RESPONSES = 3
"""The squared error where the responses are any numbers: what Haar splits are compared by then."""


@dataclass(frozen=True)
class Split:
    """A Haar split (values up to `threshold` go left) or an LBP one (the codes whose bits `subset` has go left)."""

    feature: int
    gain: float
    threshold: float | None
    subset: tuple[int, ...] = ()

    def node(self, left: int, right: int) -> Node:
        """The split as a tree's node."""
        return Node(left, right, self.feature, self.threshold, self.subset)


class Search(Protocol):
    """The samples of a stage, ready to be searched again and again."""

    def best(
        self,
        chosen: NDArray[np.int64],
        weights: NDArray[np.float64],
        responses: NDArray[np.float32],
        criterion: int,
    ) -> Split | None:
        """The best split of the `chosen` samples (ascending numbers); `weights` and `responses` are of all."""

    def goes_left(self, split: Split) -> NDArray[np.bool_]:
        """For every sample of the stage, whether it goes left."""
