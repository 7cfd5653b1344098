"""Draw one face: the person, the pose, the paint, the light and the camera together."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from cnn.errors import InputError
from cnn.synthetic.belongings import paint_body, paint_glasses
from cnn.synthetic.canvas import Canvas
from cnn.synthetic.expressions import draw_intensity, move
from cnn.synthetic.features import (
    paint_brows,
    paint_eyes,
    paint_head,
    paint_lines,
    paint_mouth,
    paint_nose,
    paint_relief,
)
from cnn.synthetic.geometry import FaceCurves, Pose, face_box, landmarks
from cnn.synthetic.hair import paint_beard, paint_hair, paint_hair_behind
from cnn.synthetic.people import Person, draw_person
from cnn.synthetic.portrait import Portrait

_UNITS_ACROSS = 4.4
_MIN_SIZE = 48
_FINEST = 128
"""Smaller pictures are painted at this size and reduced: thin lines stay lines."""


@dataclass(frozen=True)
class DrawnFace:
    """A drawn face and everything that is known about it.

    Attributes
    ----------
    image
        (size, size, 3) uint8, blue, green, red; black where `alpha` is 0.
    alpha
        (size, size) uint8, 255 where the person is.
    box
        (x, y, width, height) of the face in pixels, square, from above the brows to the chin, inside the picture.
    landmarks
        (68, 2) float32, x and y in pixels, in the order of iBUG 300-W.
    expression
        One of `expressions.NAMES`.
    intensity
        How strong the expression is, 0 to 1.
    """

    image: NDArray[np.uint8]
    alpha: NDArray[np.uint8]
    box: tuple[int, int, int, int]
    landmarks: NDArray[np.float32]
    expression: str
    intensity: float


def draw_face(
    rng: np.random.Generator,
    expression: str,
    size: int,
    *,
    intensity: float | None = None,
    person: Person | None = None,
) -> DrawnFace:
    """Draw the head and shoulders of an invented person with an expression.

    Parameters
    ----------
    rng
        The source of every choice: the same state draws the same picture.
    expression
        One of `expressions.NAMES`.
    size
        Side of the picture in pixels, at least 48; the face takes about two fifths of it.
    intensity
        Strength of the expression, 0 to 1; chosen when not given.
    person
        Who; invented when not given.

    Raises
    ------
    InputError
        `size` is too small, or `expression` is none that can be drawn.
    """
    if size < _MIN_SIZE:
        raise InputError(f"`size` must be at least {_MIN_SIZE}. Got {size}.")
    intensity = draw_intensity(rng) if intensity is None else intensity
    curves = FaceCurves(draw_person(rng) if person is None else person, move(rng, expression, intensity))
    painted = max(size, _FINEST)
    pose = _pose(rng, painted)
    canvas = Canvas(painted)
    _paint(Portrait(canvas, curves, pose, rng))
    _light(rng, canvas, pose)
    image, alpha = _finish(canvas, size)
    share = size / painted
    x, y, side, _ = face_box(curves, pose)
    points = landmarks(curves, pose) * share
    box = (round(x * share), round(y * share), round(side * share), round(side * share))
    return DrawnFace(image, alpha, box, points.astype(np.float32), expression, intensity)


def _pose(rng: np.random.Generator, size: int) -> Pose:
    yaw, pitch, roll = np.radians(np.clip(rng.normal(0, (9, 5, 5)), (-24, -12, -14), (24, 12, 14)))
    unit = size / _UNITS_ACROSS
    return Pose(float(yaw), float(pitch), float(roll), unit, (size * 0.5, size * 0.46))


def _paint(portrait: Portrait) -> None:
    paint_hair_behind(portrait)
    paint_body(portrait)
    paint_head(portrait)
    paint_relief(portrait)
    paint_lines(portrait)
    paint_beard(portrait)
    paint_nose(portrait)
    paint_mouth(portrait)
    paint_eyes(portrait)
    paint_brows(portrait)
    paint_glasses(portrait)
    paint_hair(portrait)


def _light(rng: np.random.Generator, canvas: Canvas, pose: Pose) -> None:
    """A lamp and the sky on a round head; the lamp's side and strength are chosen."""
    coarse = np.linspace(0, canvas.size, 40, dtype=np.float32)
    nx = (coarse[None, :] - pose.centre[0]) / (1.25 * pose.unit)
    ny = (coarse[:, None] - pose.centre[1]) / (1.6 * pose.unit)
    reach = np.maximum(np.hypot(nx, ny), 1e-6)
    shrink = np.minimum(1.0, 0.97 / reach)
    nx, ny = nx * shrink, ny * shrink
    nz = np.sqrt(np.maximum(1.0 - nx**2 - ny**2, 0.0))
    lamp = np.array([rng.normal(0, 0.55), rng.uniform(-0.7, 0.05), 1.0])
    lamp /= np.linalg.norm(lamp)
    strength = rng.uniform(0.35, 0.75)
    lit = np.maximum(nx * lamp[0] + ny * lamp[1] + nz * lamp[2], 0.0)
    brightness = (1.0 - strength) + strength * 1.12 * lit
    warmth = rng.normal(0, 0.04)
    colour = brightness[..., None] * np.array([1 - warmth, 1.0, 1 + warmth])
    canvas.image *= cv2.resize(colour.astype(np.float32), (canvas.size, canvas.size), interpolation=cv2.INTER_LINEAR)


def _finish(canvas: Canvas, size: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Fade the bust out at the bottom, and reduce to the wanted size."""
    rows = np.linspace(0, 1, canvas.size, dtype=np.float32)
    fade = np.clip((1.0 - rows) / 0.08, 0, 1)[:, None]
    alpha = np.clip(canvas.alpha * fade, 0, 1)
    image = np.clip(canvas.image, 0, 255)
    if size != canvas.size:
        image = cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA)
        alpha = cv2.resize(alpha, (size, size), interpolation=cv2.INTER_AREA)
    return np.round(image).astype(np.uint8), np.round(alpha * 255).astype(np.uint8)
