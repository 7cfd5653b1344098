"""Where a face goes: a Kalman filter of constant velocity for each of a box's four coordinates."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

_JITTER = 0.05
"""How far a cascade's box is off, as a share of its side: one standard deviation."""
_ACCELERATION = np.array([4.0, 4.0, 1.0, 1.0])
"""What may push the centre, width and height: one standard deviation, in sides a second squared."""
_FIRST_SPEED = np.array([1.0, 1.0, 0.3, 0.3])
"""What a new face's speed may be, in sides a second."""
_FADING = 0.15
"""Seconds after which a face that is no longer seen has lost most of its speed: it does not fly away."""


class Motion:
    """A box that moves: told where it was seen, it says where it is.

    The state is that of SORT (Bewley and others, "Simple online and realtime tracking", 2016), with two differences:
    time is in seconds, since a camera's frames do not come evenly, and width and height are followed by themselves.
    All noise is in proportion to the box.

    Parameters
    ----------
    box
        ``(x, y, width, height)`` in pixels.
    """

    def __init__(self, box: ArrayLike) -> None:
        self._place, self._speed = _centred(box), np.zeros(4)
        side = self._side()
        # For each coordinate the variances of place and speed, and their covariance.
        self._place_var = np.full(4, (_JITTER * side) ** 2)
        self._speed_var, self._both = (_FIRST_SPEED * side) ** 2, np.zeros(4)

    @property
    def box(self) -> NDArray[np.float64]:
        """``(x, y, width, height)`` in pixels, which may lie between them, shape (4,)."""
        x, y, width, height = self._place
        return np.array([x - width / 2, y - height / 2, width, height])

    def predict(self, seconds: float) -> None:
        """Let so much time pass. Nothing happens where it is not positive."""
        if seconds <= 0:
            return
        push = (_ACCELERATION * self._side()) ** 2
        self._place_var += seconds * (2 * self._both + seconds * self._speed_var) + push * seconds**4 / 4
        self._both += seconds * self._speed_var + push * seconds**3 / 2
        self._speed_var += push * seconds**2
        self._place += seconds * self._speed
        self._place[2:] = np.maximum(self._place[2:], 1.0)

    def fade(self, seconds: float) -> None:
        """Lose speed over so much time: for a face that is not seen."""
        self._speed *= np.exp(-seconds / _FADING)

    def correct(self, box: ArrayLike) -> None:
        """The box was seen here, ``(x, y, width, height)`` in pixels."""
        error = _centred(box) - self._place
        noise = self._place_var + (_JITTER * self._side()) ** 2
        place_gain, speed_gain = self._place_var / noise, self._both / noise
        self._place += place_gain * error
        self._speed += speed_gain * error
        self._speed_var -= speed_gain * self._both
        self._both *= 1 - place_gain
        self._place_var *= 1 - place_gain

    def _side(self) -> float:
        return float(np.sqrt(self._place[2] * self._place[3]))


def _centred(box: ArrayLike) -> NDArray[np.float64]:
    x, y, width, height = np.asarray(box, np.float64)
    return np.array([x + width / 2, y + height / 2, width, height])
