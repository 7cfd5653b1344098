"""Where everything of a face is: curves in head units, given depth, turned by a pose, projected to pixels.

All features are curves on a rounded head. Turning the head turns the curves, so that landmarks, drawing and box
come from the same points.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cnn.synthetic.canvas import Points
from cnn.synthetic.expressions import Muscles
from cnn.synthetic.people import Person

SKULL_TOP = -1.38
"""The top of the head without hair."""


@dataclass(frozen=True)
class Pose:
    """How the head is turned and where it stands.

    `yaw`, `pitch` and `roll` are in radians: to the picture's right, up, and clockwise. `unit` is the length of
    one head unit in pixels and `centre` the picture point of the origin.
    """

    yaw: float
    pitch: float
    roll: float
    unit: float
    centre: tuple[float, float]

    def project(self, xy: Points, lift: float | Points = 0.0) -> Points:
        """Put head points (n, 2) on the head's surface, `lift` above it, and project them to pixels (n, 2)."""
        points = np.column_stack([xy, _depth(xy) + lift])
        return self.project_space(points)

    def project_space(self, points: Points) -> Points:
        """Project points (n, 3), z towards the viewer, to pixels (n, 2)."""
        turned = points @ self._rotation.T
        return np.asarray(self.centre) + turned[:, :2] * self.unit

    @cached_property
    def _rotation(self) -> Points:
        cy, sy = np.cos(self.yaw), np.sin(self.yaw)
        cp, sp = np.cos(self.pitch), np.sin(self.pitch)
        cr, sr = np.cos(self.roll), np.sin(self.roll)
        around_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
        around_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
        around_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
        return around_z @ around_x @ around_y


def _depth(xy: Points) -> Points:
    inside = 1.0 - (xy[:, 0] / 1.08) ** 2 - ((xy[:, 1] + 0.05) / 1.5) ** 2
    return 0.9 * np.sqrt(np.maximum(inside, 0.0)) - 0.45


@dataclass(frozen=True)
class FaceCurves:
    """The curves of one person's face under one movement, (n, 2) in head units."""

    person: Person
    muscles: Muscles

    @property
    def chin_y(self) -> float:
        """The chin, which drops with the jaw."""
        return self.person.chin_y + 0.55 * self.muscles.jaw

    @cached_property
    def jaw(self) -> Points:
        """From the ear at the picture's left, round the chin, to the other ear: 65 points, evenly spaced."""
        p = self.person
        knots = np.array(
            [(p.cheek, -0.20), (p.cheek * 0.985, 0.20), (p.jaw, 0.72 * self.chin_y), (p.chin, 0.97 * self.chin_y)]
        )
        right = np.vstack([knots, (0.0, self.chin_y)])
        around = np.vstack([right[:-1] * (-1, 1), right[::-1]])
        return _evenly(_smooth(around), 65)

    @cached_property
    def skull(self) -> Points:
        """From the ear at the picture's right over the top of the head to the other ear."""
        angle = np.linspace(0.0, np.pi, 33)
        height = -0.20 - SKULL_TOP
        return np.column_stack([self.person.cheek * np.cos(angle), -0.20 - height * np.sin(angle) ** 0.9])

    def brow(self, side: int) -> Points:
        """A brow from its inner to its outer end, 17 points; side -1 is the picture's left."""
        p, m = self.person, self.muscles
        t = np.linspace(0.0, 1.0, 17)
        x = (0.19 - m.brow_pinch) + t * (0.49 + m.brow_pinch)
        rest = p.eye_y - p.brow_gap - p.brow_arch * np.sin(np.pi * t**1.2) + 0.05 * t
        lifted = rest - m.brow_inner * (1 - t) ** 1.4 - m.brow_outer * t**0.9
        return np.column_stack([side * x, lifted])

    def lids(self, side: int) -> tuple[Points, Points]:
        """Upper and lower lid from the inner to the outer corner of the eye, 17 points each."""
        p, m = self.person, self.muscles
        t = np.linspace(-1.0, 1.0, 17)
        x = side * (p.eye_x + t * p.eye_width)
        base = p.eye_y + (p.eye_slant + m.lid_slant) * t
        up = p.eye_height * max(0.15, 1.0 + m.lid_upper) * (1 - np.abs(t) ** 2.2) ** 0.75
        low = p.eye_height * 0.75 * (1.0 - m.lid_lower) * (1 - t**2) ** 0.9
        return np.column_stack([x, base - up]), np.column_stack([x, base + low])

    @cached_property
    def nose_bridge(self) -> Points:
        """From between the eyes to the tip, 4 points of (x, y, lift)."""
        y = np.linspace(self.person.eye_y + 0.05, self.person.nose_y - 0.09, 4)
        return np.column_stack([np.zeros(4), y, (0.04, 0.10, 0.19, 0.30)])

    @cached_property
    def nose_base(self) -> Points:
        """Below the nose from left to right, 5 points of (x, y, lift)."""
        p, m = self.person, self.muscles
        x = p.nose_width * (1 + 0.18 * m.nose) * np.array([-1, -0.5, 0, 0.5, 1])
        y = p.nose_y - 0.05 * m.nose + np.array([-0.03, 0.01, 0.03, 0.01, -0.03])
        return np.column_stack([x, y, (0.07, 0.12, 0.17, 0.12, 0.07)])

    @cached_property
    def lips(self) -> tuple[Points, Points, Points, Points]:
        """Outer upper, inner upper, inner lower and outer lower line, left to right, 25 points each."""
        p, m = self.person, self.muscles
        t = np.linspace(-1.0, 1.0, 25)
        x = p.mouth_width * (1 + m.stretch) * t
        middle = p.mouth_y + 0.35 * m.corner - m.corner * np.abs(t) ** 1.7 * 1.35 - m.skew * t - 0.03 * m.nose
        power = 2.0 + 4.0 * m.square
        opening = m.jaw * (1 - np.abs(t) ** power) ** (1 / (1.6 + 0.8 * m.square))
        inner_upper = middle - 0.28 * opening
        inner_lower = middle + 0.72 * opening
        thin = 1.0 - 0.65 * m.press
        bow = (1 - np.abs(t) ** 2.4) * (1 - 0.28 * np.exp(-((t / 0.16) ** 2)))
        outer_upper = inner_upper - p.lip_upper * thin * bow
        outer_lower = inner_lower + p.lip_lower * thin * (1 - t**2) ** 0.8
        return tuple(np.column_stack([x, y]) for y in (outer_upper, inner_upper, inner_lower, outer_lower))  # type: ignore[return-value]


def landmarks(curves: FaceCurves, pose: Pose) -> Points:
    """The 68 landmarks in the order of iBUG 300-W, (68, 2) in pixels."""
    upper_left, lower_left = (pose.project(lid) for lid in curves.lids(-1))
    upper_right, lower_right = (pose.project(lid) for lid in curves.lids(1))
    outer_upper, inner_upper, inner_lower, outer_lower = (pose.project(line, 0.08) for line in curves.lips)
    nose = np.vstack([curves.nose_bridge, curves.nose_base])
    parts = [
        pose.project(curves.jaw[::4]),
        pose.project(curves.brow(-1)[[16, 12, 8, 4, 0]]),
        pose.project(curves.brow(1)[[0, 4, 8, 12, 16]]),
        pose.project(nose[:, :2], nose[:, 2]),
        upper_left[[16, 11, 5, 0]],
        lower_left[[5, 11]],
        upper_right[[0, 5, 11, 16]],
        lower_right[[11, 5]],
        outer_upper[[0, 4, 8, 12, 16, 20, 24]],
        outer_lower[[20, 16, 12, 8, 4]],
        inner_upper[[1, 8, 12, 16, 23]],
        inner_lower[[16, 12, 8]],
    ]
    return np.vstack(parts)


def face_box(curves: FaceCurves, pose: Pose) -> tuple[int, int, int, int]:
    """The square from above the brows to the chin as a detector gives it: (x, y, width, height) in pixels."""
    top = curves.person.eye_y - 0.52
    bottom = curves.person.chin_y + 0.2 * curves.muscles.jaw
    side = round((bottom - top) * pose.unit)
    centre = pose.project(np.array([[0.0, (top + bottom) / 2]]))[0]
    return round(float(centre[0]) - side / 2), round(float(centre[1]) - side / 2), side, side


def _smooth(knots: Points, per_span: int = 16) -> Points:
    """A Catmull-Rom curve through the knots."""
    padded = np.vstack([2 * knots[0] - knots[1], knots, 2 * knots[-1] - knots[-2]])
    t = np.linspace(0, 1, per_span, endpoint=False)[:, None]
    spans = []
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        spans.append(0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3))
    return np.vstack([*spans, knots[-1:]])


def _evenly(curve: Points, count: int) -> Points:
    """`count` points at equal distances along a curve."""
    steps = np.linalg.norm(np.diff(curve, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    wanted = np.linspace(0.0, along[-1], count)
    return np.column_stack([np.interp(wanted, along, curve[:, axis]) for axis in (0, 1)])
