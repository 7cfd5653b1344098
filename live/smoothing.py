"""Probabilities over time: averaged, so that they do not jump, with a label that does not flicker."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp

import numpy as np
from numpy.typing import NDArray


class Smoothed:
    """One face's probabilities, averaged over the last moments, and its label.

    The average is exponential in time, not in frames: what was said `constant` seconds ago still counts 37 %, whatever
    the frame rate. While fewer seconds have passed, all that was said counts: the first answers are not believed more
    than later ones. The label changes only when another class leads by `margin`.

    Parameters
    ----------
    constant
        Seconds; 0 believes the newest answer alone.
    margin
        How much likelier than the label's own class another must be to take its place.

    Examples
    --------
    >>> face = Smoothed(constant=0.5, margin=0.1)
    >>> face.add([0.9, 0.1], 0.0).round(2), face.add([0.4, 0.6], 0.04).round(2), face.label
    (array([0.9, 0.1]), array([0.64, 0.36]), 0)
    """

    def __init__(self, constant: float, margin: float) -> None:
        self._constant, self._margin = constant, margin
        self._sum: NDArray[np.float64] | None = None
        self._weight, self._seconds = 0.0, 0.0
        self.label = -1

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """Shape (classes,); they sum to 1.

        Raises
        ------
        ValueError
            Nothing was added yet.
        """
        if self._sum is None:
            raise ValueError("`probabilities` are known after the first `add`.")
        return self._sum / self._weight

    def add(self, probabilities: Sequence[float] | NDArray[np.floating], seconds: float) -> NDArray[np.float64]:
        """Take the network's answer of the time `seconds`, shape (classes,); returns the average."""
        new = np.asarray(probabilities, np.float64)
        kept = 0.0 if self._constant == 0 or self._sum is None else self._kept(seconds)
        self._sum = new if self._sum is None else new + kept * self._sum
        self._weight = 1 + kept * self._weight
        self._seconds = seconds
        average = self.probabilities
        best = int(average.argmax())
        if self.label < 0 or average[best] > average[self.label] + self._margin:
            self.label = best
        return average

    def _kept(self, seconds: float) -> float:
        return exp(-max(0.0, seconds - self._seconds) / self._constant)
