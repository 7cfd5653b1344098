"""Neck, clothes and glasses."""

from __future__ import annotations

import numpy as np

from cnn.synthetic.canvas import Points, ellipse, ribbon
from cnn.synthetic.portrait import Portrait, strands, tint


def paint_body(portrait: Portrait) -> None:
    """Neck and shoulders, upright whatever the head does."""
    canvas, person = portrait.canvas, portrait.person
    x, y = portrait.at(0.0, 0.75, -0.5)
    unit = portrait.pose.unit
    width = float(portrait.rng.uniform(1.75, 2.15))
    t = np.linspace(-1, 1, 41)
    rise = 1.75 - 0.42 * np.clip(1 - np.abs(t) ** 2.2, 0, 1) - 0.28 * np.exp(-((t / 0.3) ** 2)) - 0.75
    top = np.column_stack([x + t * width * unit, y + rise * unit])
    shoulders = np.vstack([top, (x + width * 1.1 * unit, y + 6 * unit), (x - width * 1.1 * unit, y + 6 * unit)])
    neck = np.array([(-0.5, -0.4), (0.5, -0.4), (0.55, 0.62), (0.0, 0.95), (-0.55, 0.62)]) * unit + (x, y)
    canvas.fill(shoulders, person.clothes, cover=True, texture=strands(portrait.rng, canvas.size, 0.04))
    canvas.fill(neck, tint(person.skin, 0.85), cover=True)
    canvas.fill(ribbon(neck[2:5], portrait.px(0.12)), tint(person.clothes, 0.75), cover=True)
    under_chin = ellipse(np.array([x, y + 0.28 * unit]), portrait.px(0.62), portrait.px(0.26))
    canvas.shade(under_chin, 0.62, blur=portrait.px(0.1))


def paint_glasses(portrait: Portrait) -> None:
    """A frame round each eye, a bridge and two temples; the lenses are clear."""
    person, canvas = portrait.person, portrait.canvas
    if person.glasses == "none":
        return
    colour = (40, 36, 38) if portrait.rng.random() < 0.7 else (70, 90, 140)
    width = portrait.px(0.038)
    for side in (-1, 1):
        rim = portrait.pose.project(_rim(side * (person.eye_x + 0.01), person.eye_y + 0.04, person.glasses), 0.12)
        canvas.fill(rim, (245, 240, 236), opacity=0.07)
        canvas.fill(ribbon(np.vstack([rim, rim[:2]]), width), colour)
        temple = np.vstack(
            [
                portrait.line((side * 0.70, person.eye_y - 0.02), lift=0.12),
                portrait.line((side * person.cheek, person.eye_y), lift=-0.1),
            ]
        )
        canvas.fill(ribbon(temple, width), colour)
    t = np.linspace(-1, 1, 7)
    bridge = portrait.pose.project(np.column_stack([t * 0.13, person.eye_y - 0.02 + 0.03 * (t**2 - 1)]), 0.2)
    canvas.fill(ribbon(bridge, width), colour)


def _rim(x: float, y: float, kind: str) -> Points:
    angle = np.linspace(0, 2 * np.pi, 36, endpoint=False)
    power = 1.0 if kind == "round" else 0.5
    across = np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** power
    down = np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** power
    return np.column_stack([x + 0.29 * across, y + (0.27 if kind == "round" else 0.22) * down])
