"""Skin, eyes, brows, nose, mouth and lines of a face, painted from its curves."""

from __future__ import annotations

import numpy as np

from cnn.synthetic.canvas import Points, ellipse, ribbon
from cnn.synthetic.portrait import Portrait, blend, tint

_SIDES = (-1, 1)


def paint_head(portrait: Portrait) -> Points:
    """Ears, neck side of the jaw and the skin of the face; returns the outline of the head in pixels."""
    canvas, person = portrait.canvas, portrait.person
    for side in _SIDES:
        ear = ellipse(portrait.at(side * person.cheek, 0.05, -0.12), portrait.px(0.13), portrait.px(0.25))
        canvas.fill(ear, tint(person.skin, 0.93), cover=True)
        canvas.shade(ellipse(ear.mean(axis=0), portrait.px(0.06), portrait.px(0.15)), 0.72, blur=portrait.px(0.03))
    outline = np.vstack(
        [portrait.pose.project(portrait.curves.jaw), portrait.pose.project(portrait.curves.skull, -0.2)]
    )
    canvas.fill(outline, person.skin, cover=True)
    return outline


def paint_relief(portrait: Portrait) -> None:
    """The soft light and dark that make a face: sockets, cheeks, the sides of the nose, below lip and brows."""
    canvas, person, curves = portrait.canvas, portrait.person, portrait.curves
    for side in _SIDES:
        socket = ellipse(portrait.at(side * person.eye_x, person.eye_y - 0.05), portrait.px(0.27), portrait.px(0.17))
        canvas.shade(socket, 0.80, blur=portrait.px(0.08))
        side_of_nose = portrait.line(
            (side * 0.10, person.eye_y),
            (side * 0.22, person.nose_y),
            (side * 0.33, person.nose_y),
            (side * 0.18, person.eye_y),
        )
        canvas.shade(side_of_nose, 0.90, blur=portrait.px(0.05))
        cheek = ellipse(
            portrait.at(side * 0.50, 0.30 - 0.3 * portrait.muscles.corner), portrait.px(0.22), portrait.px(0.17)
        )
        canvas.shade(cheek, 1.07, blur=portrait.px(0.1))
        canvas.fill(cheek, (100, 95, 215), opacity=0.10, blur=portrait.px(0.1))
        temple = portrait.pose.project(curves.jaw[:20] if side < 0 else curves.jaw[-20:])
        canvas.shade(ribbon(temple, portrait.px(0.22)), 0.86, blur=portrait.px(0.1))
    chin = ellipse(portrait.at(0.0, curves.chin_y - 0.14), portrait.px(0.16), portrait.px(0.08))
    canvas.shade(chin, 1.06, blur=portrait.px(0.06))
    forehead = ellipse(portrait.at(0.0, -0.62), portrait.px(0.45), portrait.px(0.18))
    canvas.shade(forehead, 1.06, blur=portrait.px(0.12))


def paint_eyes(portrait: Portrait) -> None:
    """Both eyes, looking the same way."""
    gaze = portrait.rng.normal(0.0, (0.03, 0.012))
    for side in _SIDES:
        _paint_eye(portrait, side, gaze)


def _paint_eye(portrait: Portrait, side: int, gaze: Points) -> None:
    canvas, person, pose = portrait.canvas, portrait.person, portrait.pose
    upper, lower = (pose.project(lid) for lid in portrait.curves.lids(side))
    opening = np.vstack([upper, lower[::-1]])
    inside = canvas.mask(opening)
    canvas.fill(opening, (226, 230, 234))
    centre = portrait.at(side * person.eye_x + gaze[0], person.eye_y + gaze[1])
    radius = portrait.px(person.iris_radius)
    canvas.fill(ellipse(centre, radius, radius), tint(person.iris, 0.75), within=inside)
    canvas.fill(ellipse(centre, radius * 0.78, radius * 0.78), person.iris, within=inside)
    canvas.fill(ellipse(centre, radius * 0.45, radius * 0.45), (16, 14, 14), within=inside)
    glint = centre + (-0.3 * radius, -0.35 * radius)
    canvas.fill(ellipse(glint, radius * 0.22, radius * 0.22), (250, 250, 250), within=inside)
    canvas.shade(ribbon(upper, portrait.px(0.06)), 0.6, blur=portrait.px(0.02), within=inside)
    lash = np.sin(np.linspace(0.15, 2.6, len(upper))) * portrait.px(0.032 + 0.02 * person.lipstick) + portrait.px(0.008)
    canvas.fill(ribbon(upper, lash), (26, 24, 30), opacity=0.9)
    canvas.fill(ribbon(lower, portrait.px(0.014)), tint(person.skin, 0.45), opacity=0.7)
    crease = pose.project(portrait.curves.lids(side)[0] - (0, 0.05))
    canvas.fill(ribbon(crease[2:-1], portrait.px(0.016)), tint(person.skin, 0.6), opacity=0.6, blur=portrait.px(0.01))
    _paint_bags(portrait, side)


def _paint_bags(portrait: Portrait, side: int) -> None:
    squint = max(0.0, portrait.muscles.lid_lower)
    below = portrait.pose.project(portrait.curves.lids(side)[1] + (0, 0.075))
    strength = min(1.0, 0.35 * portrait.person.age + 0.8 * squint)
    portrait.canvas.fill(
        ribbon(below[3:-2], portrait.px(0.025)),
        tint(portrait.person.skin, 0.6),
        opacity=0.55 * strength,
        blur=portrait.px(0.015),
    )


def paint_brows(portrait: Portrait) -> None:
    """Brows in the hair's colour, thick within and thin without."""
    person = portrait.person
    colour = blend(tint(person.hair, 0.75), tint(person.skin, 0.4), 0.35)
    for side in _SIDES:
        line = portrait.pose.project(portrait.curves.brow(side), 0.03)
        taper = np.interp(np.linspace(0, 1, len(line)), (0, 0.15, 0.6, 1), (0.75, 1.0, 0.85, 0.2))
        widths = taper * portrait.px(person.brow_thickness)
        portrait.canvas.fill(ribbon(line, widths), colour, opacity=0.85, blur=portrait.px(0.008))


def paint_nose(portrait: Portrait) -> None:
    """Bridge, tip, wings and nostrils."""
    canvas, person, pose = portrait.canvas, portrait.person, portrait.pose
    bridge = pose.project(portrait.curves.nose_bridge[:, :2], portrait.curves.nose_bridge[:, 2])
    base = pose.project(portrait.curves.nose_base[:, :2], portrait.curves.nose_base[:, 2])
    canvas.shade(ribbon(bridge, portrait.px(0.09)), 1.13, blur=portrait.px(0.035))
    canvas.shade(ellipse(bridge[3], portrait.px(0.085), portrait.px(0.07)), 1.10, blur=portrait.px(0.03))
    canvas.shade(ribbon(base + (0, portrait.px(0.035)), portrait.px(0.09)), 0.72, blur=portrait.px(0.035))
    for index, side in ((0, -1), (4, 1)):
        wing = np.array(
            [
                base[index] + (-side * portrait.px(0.02), -portrait.px(0.11)),
                base[index] + (side * portrait.px(0.025), -portrait.px(0.04)),
                base[index],
            ]
        )
        canvas.fill(ribbon(wing, portrait.px(0.022)), tint(person.skin, 0.55), opacity=0.55, blur=portrait.px(0.01))
        inner = base[1] if side < 0 else base[3]
        canvas.fill(
            ellipse(inner, portrait.px(0.052), portrait.px(0.026)),
            tint(person.skin, 0.28),
            opacity=0.85,
            blur=portrait.px(0.008),
        )


def paint_mouth(portrait: Portrait) -> None:
    """Lips, what is between them, and the shadow below."""
    canvas, person, muscles, pose = portrait.canvas, portrait.person, portrait.muscles, portrait.pose
    outer_upper, inner_upper, inner_lower, outer_lower = (pose.project(line, 0.08) for line in portrait.curves.lips)
    below = ellipse(outer_lower[12] + (0, portrait.px(0.07)), portrait.px(0.16), portrait.px(0.04))
    canvas.shade(below, 0.82, blur=portrait.px(0.04))
    canvas.fill(np.vstack([outer_upper, inner_upper[::-1]]), tint(person.lips, 0.86), blur=portrait.px(0.006))
    canvas.fill(np.vstack([inner_lower, outer_lower[::-1]]), person.lips, blur=portrait.px(0.006))
    shine = inner_lower[8:17] + 0.5 * (outer_lower[8:17] - inner_lower[8:17])
    canvas.shade(ribbon(shine, portrait.px(0.03)), 1.18, blur=portrait.px(0.015))
    opening = np.vstack([inner_upper, inner_lower[::-1]])
    if muscles.jaw > 0.03:
        _paint_inside(portrait, opening, inner_upper, inner_lower)
    width = portrait.px(0.022 + 0.02 * muscles.press)
    lip_line = 0.5 * (inner_upper + inner_lower) if muscles.jaw <= 0.03 else inner_upper
    taper = 0.45 + 0.55 * np.sin(np.linspace(0, np.pi, len(lip_line)))
    canvas.fill(ribbon(lip_line, width * taper), tint(person.lips, 0.32), opacity=0.85)
    for corner, sign in ((inner_upper[0], -1), (inner_upper[-1], 1)):
        dimple = ellipse(corner + (sign * portrait.px(0.015), 0), portrait.px(0.03), portrait.px(0.03))
        canvas.shade(dimple, 0.62, blur=portrait.px(0.02))


def _paint_inside(portrait: Portrait, opening: Points, upper: Points, lower: Points) -> None:
    canvas, muscles = portrait.canvas, portrait.muscles
    inside = canvas.mask(opening)
    canvas.fill(opening, (34, 22, 62))
    tongue = ellipse(lower[12] - (0, portrait.px(0.02)), portrait.px(0.17), portrait.px(0.3 * muscles.jaw))
    canvas.fill(tongue, (92, 82, 176), opacity=0.8, blur=portrait.px(0.015), within=inside)
    if muscles.teeth < 0.12:
        return
    height = portrait.px(min(0.14, 0.62 * muscles.jaw) * (0.5 + 0.5 * muscles.teeth))
    row = np.vstack([upper - (0, portrait.px(0.01)), upper[::-1] + (0, height)])
    canvas.fill(row, (218, 230, 236), opacity=0.95, within=inside)
    if muscles.square > 0.45:
        bottom = np.vstack([lower + (0, portrait.px(0.01)), lower[::-1] - (0, 0.6 * height)])
        canvas.fill(bottom, (200, 214, 222), opacity=0.9, within=inside)
    for x in np.linspace(4, 20, 7):
        place = upper[round(x)]
        gap = np.array([place, place + (0, height)])
        canvas.fill(ribbon(gap, portrait.px(0.01)), (150, 160, 168), opacity=0.5, within=inside)


def paint_lines(portrait: Portrait) -> None:
    """The folds and wrinkles that movement and age draw."""
    person, muscles = portrait.person, portrait.muscles
    age = 0.35 * person.age
    mouth = portrait.curves.lips[0]
    for side, corner in ((-1, mouth[0]), (1, mouth[-1])):
        start = (side * (person.nose_width + 0.04), person.nose_y - 0.07)
        bend = (side * (abs(corner[0]) + 0.10 + 0.05 * muscles.fold), 0.5 * (person.nose_y + corner[1]) + 0.02)
        end = (side * (abs(corner[0]) + 0.11), corner[1] + 0.03)
        _paint_line(portrait, (start, bend, end), 0.05, 0.55 * min(1.0, muscles.fold + age))
        frown = (side * (0.075 - 0.2 * muscles.brow_pinch), person.eye_y - 0.36), (side * 0.06, person.eye_y - 0.16)
        _paint_line(portrait, frown, 0.035, 0.6 * min(1.0, muscles.frown + 0.3 * age))
    for step in range(3):
        y = -0.66 - 0.1 * step
        across = tuple((x, y - 0.04 * (1 - (x / 0.5) ** 2)) for x in np.linspace(-0.45, 0.45, 7))
        _paint_line(portrait, across, 0.025, 0.38 * min(1.0, muscles.forehead + 0.8 * age))


def _paint_line(portrait: Portrait, points: tuple[tuple[float, float], ...], width: float, opacity: float) -> None:
    if opacity < 0.04:
        return
    line = portrait.line(*points)
    t = np.linspace(0, 1, 12)
    places = np.linspace(0, 1, len(line))
    fine = np.column_stack([np.interp(t, places, line[:, axis]) for axis in (0, 1)])
    taper = 0.25 + 0.75 * np.sin(np.pi * t)
    colour = tint(portrait.person.skin, 0.5)
    portrait.canvas.fill(ribbon(fine, taper * portrait.px(width)), colour, opacity=opacity, blur=portrait.px(0.018))
