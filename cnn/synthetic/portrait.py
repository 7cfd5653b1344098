"""One face while it is being painted: the canvas, the person, the movement and the pose together."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from cnn.synthetic.canvas import Canvas, Colour, Field, Points
from cnn.synthetic.expressions import Muscles
from cnn.synthetic.geometry import FaceCurves, Pose
from cnn.synthetic.people import Person


@dataclass(frozen=True)
class Portrait:
    """What every painting function is given."""

    canvas: Canvas
    curves: FaceCurves
    pose: Pose
    rng: np.random.Generator

    @property
    def person(self) -> Person:
        """Whose face it is."""
        return self.curves.person

    @property
    def muscles(self) -> Muscles:
        """What the face does."""
        return self.curves.muscles

    def px(self, length: float) -> float:
        """A length in head units, in pixels."""
        return length * self.pose.unit

    def at(self, x: float, y: float, lift: float = 0.0) -> Points:
        """One point of the head in pixels, (2,)."""
        return self.pose.project(np.array([[x, y]]), lift)[0]

    def line(self, *points: tuple[float, float], lift: float = 0.0) -> Points:
        """A few points of the head in pixels, (n, 2)."""
        return self.pose.project(np.array(points), lift)


def tint(colour: Colour, factor: float) -> Colour:
    """A colour made darker (below 1) or lighter (above 1)."""
    return (min(255.0, colour[0] * factor), min(255.0, colour[1] * factor), min(255.0, colour[2] * factor))


def blend(a: Colour, b: Colour, share: float) -> Colour:
    """`share` of `b` in `a`."""
    return (a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share)


def strands(rng: np.random.Generator, size: int, strength: float, length: int = 9) -> Field:
    """A field around 1 with short upright streaks, (size, size): hair, seen from some steps away."""
    side = size // 2 + 1
    noise = rng.standard_normal((side + length, side), np.float32)
    streaks = cv2.blur(noise, (1, length))[:side] * (strength * length**0.5)
    return np.clip(1.0 + cv2.resize(streaks, (size, size), interpolation=cv2.INTER_LINEAR), 0.3, 1.9)
