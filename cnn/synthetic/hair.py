"""Hair, beards and headwear."""

from __future__ import annotations

import numpy as np

from cnn.synthetic.canvas import Points, ellipse, ribbon
from cnn.synthetic.geometry import SKULL_TOP
from cnn.synthetic.portrait import Portrait, strands, tint

_LENGTHS = {"long": 1.75, "bob": 1.0}
_VOLUMES = {
    "short": 0.10,
    "side": 0.15,
    "fringe": 0.14,
    "long": 0.15,
    "bob": 0.18,
    "curly": 0.22,
    "bun": 0.07,
    "buzz": 0.02,
}


def paint_hair_behind(portrait: Portrait) -> None:
    """What hangs or stands behind the head: painted before it."""
    style, canvas = portrait.person.hair_style, portrait.canvas
    texture = strands(portrait.rng, canvas.size, 0.10)
    colour = tint(portrait.person.hair, 0.72)
    if style in _LENGTHS:
        canvas.fill(_curtain(portrait, _LENGTHS[style]), colour, cover=True, texture=texture)
    if style == "bun":
        bun = ellipse(portrait.at(0.0, SKULL_TOP - 0.14, -0.3), portrait.px(0.34), portrait.px(0.3))
        canvas.fill(bun, portrait.person.hair, cover=True, texture=texture)
    if style == "curly":
        for x, y, radius in _curls(portrait):
            canvas.fill(
                ellipse(portrait.at(x, y, -0.25), portrait.px(radius), portrait.px(radius)),
                colour,
                cover=True,
                texture=texture,
            )


def paint_hair(portrait: Portrait) -> None:
    """What lies on the head, over forehead and temples: painted after the face."""
    style = portrait.person.hair_style
    if style == "bald":
        return
    if style == "beanie":
        _paint_beanie(portrait)
        return
    if style == "headscarf":
        _paint_headscarf(portrait)
        return
    canvas = portrait.canvas
    texture = strands(portrait.rng, canvas.size, 0.13)
    cap = np.vstack([_outer(portrait, _VOLUMES[style]), _hairline(portrait)[::-1]])
    under = cap + (0, portrait.px(0.05))
    canvas.shade(under, 0.82, blur=portrait.px(0.05), within=(canvas.alpha > 0).astype(np.float32))
    opacity = 0.75 if style == "buzz" else 1.0
    canvas.fill(cap, portrait.person.hair, opacity=opacity, cover=True, texture=texture, blur=portrait.px(0.012))
    _paint_sheen(portrait)
    if style in _LENGTHS:
        _paint_locks(portrait)


def _outer(portrait: Portrait, volume: float) -> Points:
    """From the temple at the picture's right over the top to the other temple, `volume` above the skull."""
    skull = portrait.curves.skull
    centre = np.array([0.0, -0.35])
    grown = centre + (skull - centre) * (1.0 + volume * np.clip((-0.1 - skull[:, 1]) / 0.8, 0.25, 1.0))[:, None]
    return portrait.pose.project(grown, -0.2)


def _hairline(portrait: Portrait) -> Points:
    """From the temple at the picture's right along the forehead to the other temple."""
    person = portrait.person
    t = np.linspace(1.0, -1.0, 33)
    height = person.hairline + 0.10 * t**2
    if person.hair_style == "fringe":
        height = np.full_like(t, -0.50) + 0.03 * np.sin(23 * t + 7 * person.parting)
    if person.hair_style in ("side", "long", "bob"):
        height = (
            person.hairline
            - 0.14 * np.exp(-(((t - person.parting) / 0.22) ** 2))
            + 0.16 * np.abs(t - person.parting) ** 1.5
        )
    sides = np.clip((np.abs(t) - 0.78) / 0.22, 0, 1) ** 1.6
    height = height * (1 - sides) + (-0.12) * sides
    if person.hair_style == "curly":
        height = height + 0.03 * np.sin(31 * t)
    return portrait.pose.project(np.column_stack([t * person.cheek, height]), 0.04)


def _curtain(portrait: Portrait, length: float) -> Points:
    cheek = portrait.person.cheek
    right = np.array(
        [
            (cheek * 0.9, -1.0),
            (cheek * 1.18, -0.4),
            (cheek * 1.2, 0.3),
            (cheek * 1.16, length * 0.8),
            (cheek * 0.8, length),
        ]
    )
    around = np.vstack([right, right[::-1] * (-1, 1)])
    return portrait.pose.project_space(np.column_stack([around, np.full(len(around), -0.35)]))


def _curls(portrait: Portrait) -> list[tuple[float, float, float]]:
    rng, cheek = portrait.rng, portrait.person.cheek
    angles = np.linspace(-0.25, np.pi + 0.25, 26)
    reach = 1.06 + rng.uniform(-0.04, 0.14, 26)
    return [
        (cheek * r * np.cos(a), -0.3 + r * (SKULL_TOP + 0.3) * np.sin(a), float(rng.uniform(0.16, 0.26)))
        for a, r in zip(angles, reach, strict=True)
    ]


def _paint_sheen(portrait: Portrait) -> None:
    x = np.linspace(-0.55, 0.55, 13) + 0.2 * portrait.person.parting
    arc = portrait.pose.project(np.column_stack([x, -1.12 + 0.25 * x**2]), 0.0)
    portrait.canvas.shade(ribbon(arc, portrait.px(0.13)), 1.22, blur=portrait.px(0.06))


def _paint_locks(portrait: Portrait) -> None:
    """Hair that falls beside the cheeks, before the ears."""
    cheek = portrait.person.cheek
    length = _LENGTHS[portrait.person.hair_style]
    texture = strands(portrait.rng, portrait.canvas.size, 0.13, 15)
    for side in (-1, 1):
        points = [(0.86, -0.62), (1.02, -0.5), (1.16, 0.1), (1.14, length * 0.75), (0.97, length * 0.85), (0.985, 0.2)]
        shape = np.array([(side * cheek * x, y) for x, y in points])
        lock = portrait.pose.project_space(np.column_stack([shape, np.full(len(shape), 0.02)]))
        portrait.canvas.fill(
            lock, tint(portrait.person.hair, 0.92), cover=True, texture=texture, blur=portrait.px(0.015)
        )


def _paint_beanie(portrait: Portrait) -> None:
    canvas, colour = portrait.canvas, tint(portrait.person.clothes, 0.9)
    x = np.linspace(1.0, -1.0, 33) * portrait.person.cheek * 1.03
    edge = np.column_stack([x, -0.56 - 0.08 * (1 - x**2)])
    cap = np.vstack([_outer(portrait, 0.16), portrait.pose.project(edge, 0.06)[::-1]])
    canvas.shade(
        cap + (0, portrait.px(0.07)), 0.8, blur=portrait.px(0.05), within=(canvas.alpha > 0).astype(np.float32)
    )
    canvas.fill(cap, colour, cover=True, texture=strands(portrait.rng, canvas.size, 0.07))
    cuff = np.vstack([portrait.pose.project(edge - (0, 0.24), 0.08), portrait.pose.project(edge, 0.08)[::-1]])
    canvas.fill(cuff, tint(colour, 0.78), cover=True)


def _paint_headscarf(portrait: Portrait) -> None:
    canvas, curves = portrait.canvas, portrait.curves
    colour = tint(portrait.person.clothes, 1.1)
    outer = np.vstack([_outer(portrait, 0.12), portrait.pose.project(curves.jaw * (1.16, 1.14), -0.05)])
    x = np.linspace(1.0, -1.0, 33)
    opening = np.vstack([np.column_stack([x * 0.92, -0.74 + 0.5 * x**4]), curves.jaw * (0.93, 1.0)])
    inner = portrait.pose.project(opening, 0.03)
    band = np.vstack([outer, outer[:1], inner[:1], inner[::-1], inner[-1:], outer[-1:]])
    canvas.fill(band, colour, cover=True, texture=strands(portrait.rng, canvas.size, 0.04))
    canvas.fill(ribbon(inner, portrait.px(0.04)), tint(colour, 0.6), opacity=0.7, blur=portrait.px(0.02))


def paint_beard(portrait: Portrait) -> None:
    """Stubble, moustache, goatee or a full beard: painted before the lips."""
    kind, person, canvas = portrait.person.beard, portrait.person, portrait.canvas
    if kind == "none":
        return
    colour = tint(person.hair, 0.85)
    texture = strands(portrait.rng, canvas.size, 0.16, 5)
    soft = portrait.px(0.03)
    if kind in ("stubble", "full"):
        opacity = 0.30 if kind == "stubble" else 0.9
        canvas.fill(_beard_area(portrait), colour, opacity=opacity, blur=soft, texture=texture)
    if kind == "goatee":
        chin = ellipse(
            portrait.at(0.0, 0.5 * (portrait.curves.lips[3][12, 1] + portrait.curves.chin_y) + 0.06),
            portrait.px(0.24),
            portrait.px(0.2),
        )
        canvas.fill(chin, colour, opacity=0.85, blur=soft, texture=texture)
    if kind in ("moustache", "full", "goatee"):
        upper = portrait.curves.lips[0][1:-1]
        arch = 0.5 + 0.5 * np.sin(np.linspace(0, np.pi, len(upper)))
        line = portrait.pose.project(upper - (0, 0.055), 0.1)
        canvas.fill(
            ribbon(line, portrait.px(0.12) * arch), colour, opacity=0.88, blur=portrait.px(0.02), texture=texture
        )


def _beard_area(portrait: Portrait) -> Points:
    jaw = portrait.curves.jaw[10:55]
    t = np.linspace(1.0, -1.0, 25)
    cheeks = np.column_stack([t * 0.80, 0.42 + 0.18 * (1 - np.abs(t) ** 1.5)])
    return portrait.pose.project(np.vstack([jaw * (1.0, 1.03), cheeks]))
