"""Things to fill a background with: shapes, letters, leaves, houses, branches, and decoys for a face detector.

Every painter takes a generator and a (height, width, 3) uint8 picture, and paints into it.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Painter = Callable[[np.random.Generator, Image], None]


def _colour(rng: np.random.Generator) -> tuple[int, int, int]:
    grey = rng.uniform(15, 240)
    blue, green, red = np.clip(grey + rng.normal(0, 26, 3), 0, 255)
    return int(blue), int(green), int(red)


def _place(rng: np.random.Generator, image: Image) -> tuple[int, int]:
    return int(rng.integers(image.shape[1])), int(rng.integers(image.shape[0]))


def _darker(colour: tuple[int, int, int], factor: float) -> tuple[int, int, int]:
    return int(min(255, colour[0] * factor)), int(min(255, colour[1] * factor)), int(min(255, colour[2] * factor))


def paint_shapes(rng: np.random.Generator, image: Image) -> None:
    """Ellipses and polygons, each with a shadow side."""
    for _ in range(int(rng.integers(4, 16))):
        colour, (x, y) = _colour(rng), _place(rng, image)
        reach = int(rng.integers(6, 60))
        if rng.random() < 0.5:
            axes = (reach, int(reach * rng.uniform(0.4, 1.0)) + 1)
            angle = float(rng.uniform(0, 180))
            cv2.ellipse(image, (x + 2, y + 3), axes, angle, 0, 360, _darker(colour, 0.5), -1, cv2.LINE_AA)
            cv2.ellipse(image, (x, y), axes, angle, 0, 360, colour, -1, cv2.LINE_AA)
        else:
            corners = rng.normal((x, y), reach, (int(rng.integers(3, 7)), 2)).astype(np.int32)
            cv2.fillPoly(image, [corners + 3], _darker(colour, 0.5), cv2.LINE_AA)
            cv2.fillPoly(image, [corners], colour, cv2.LINE_AA)


def paint_balls(rng: np.random.Generator, image: Image) -> None:
    """Round things lit from one side, as heads are."""
    for _ in range(int(rng.integers(2, 9))):
        (x, y), radius, colour = _place(rng, image), int(rng.integers(8, 45)), _colour(rng)
        lean = rng.uniform(-0.3, 0.3, 2)
        for step in range(8):
            share = step / 8
            centre = (int(x + lean[0] * radius * share), int(y + lean[1] * radius * share))
            cv2.circle(
                image, centre, int(radius * (1 - share)) + 1, _darker(colour, 0.6 + 0.6 * share), -1, cv2.LINE_AA
            )


def paint_letters(rng: np.random.Generator, image: Image) -> None:
    """A sign with rows of letters."""
    (x, y), ink, paper = _place(rng, image), _colour(rng), _colour(rng)
    scale, lines = rng.uniform(0.3, 1.3), int(rng.integers(1, 6))
    step = int(30 * scale) + 2
    width = int(rng.integers(60, 220))
    x, y = x - width // 2, y - lines * step // 2
    if rng.random() < 0.7:
        cv2.rectangle(image, (x - 5, y - step), (x + width + 5, y + (lines - 1) * step + 8), paper, -1)
    for line in range(lines):
        letters = "".join(chr(int(code)) for code in rng.integers(48, 91, 24))
        count = max(1, int(width / (19 * scale)))
        font = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX)[int(rng.integers(3))]
        cv2.putText(image, letters[:count], (x, y + line * step), font, scale, ink, 1 + int(scale > 0.8), cv2.LINE_AA)


def paint_leaves(rng: np.random.Generator, image: Image) -> None:
    """A bush: many small leaves in tones of one colour."""
    (x, y), spread, green = _place(rng, image), rng.uniform(20, 70), np.array((50, 110, 60)) + rng.normal(0, 25, 3)
    for _ in range(int(rng.integers(60, 220))):
        centre = tuple(int(value) for value in rng.normal((x, y), (spread * 1.3, spread)))
        tone = np.clip(green * rng.uniform(0.35, 1.5), 0, 255)
        axes = (int(rng.integers(3, 10)), int(rng.integers(2, 5)))
        leaf = (int(tone[0]), int(tone[1]), int(tone[2]))
        cv2.ellipse(image, centre, axes, float(rng.uniform(0, 180)), 0, 360, leaf, -1, cv2.LINE_AA)


def paint_branches(rng: np.random.Generator, image: Image) -> None:
    """Long crooked lines, thick to thin."""
    for _ in range(int(rng.integers(3, 12))):
        point, heading, colour = np.array(_place(rng, image), float), rng.uniform(0, 2 * np.pi), _colour(rng)
        for step in range(int(rng.integers(4, 14))):
            heading += rng.normal(0, 0.35)
            onward = point + 18 * np.array([np.cos(heading), np.sin(heading)])
            start, end = (int(point[0]), int(point[1])), (int(onward[0]), int(onward[1]))
            cv2.line(image, start, end, colour, max(1, 6 - step), cv2.LINE_AA)
            point = onward


def paint_house(rng: np.random.Generator, image: Image) -> None:
    """A front with rows of windows, bright or dark: pairs of dark spots everywhere."""
    x, y = _place(rng, image)
    wall, glass = _colour(rng), _colour(rng)
    wide, tall = int(rng.integers(9, 26)), int(rng.integers(10, 32))
    columns, floors, gap = int(rng.integers(2, 7)), int(rng.integers(2, 6)), int(rng.integers(4, 14))
    x, y = x - columns * (wide + gap) // 2, y - floors * (tall + gap) // 2
    cv2.rectangle(image, (x - gap, y - gap), (x + columns * (wide + gap), y + floors * (tall + gap) + 12), wall, -1)
    for row in range(floors):
        for column in range(columns):
            left, top = x + column * (wide + gap), y + row * (tall + gap)
            cv2.rectangle(image, (left, top), (left + wide, top + tall), _darker(glass, rng.uniform(0.5, 1.4)), -1)
            if rng.random() < 0.6:
                cv2.line(image, (left + wide // 2, top), (left + wide // 2, top + tall), wall, 1)


def paint_shelf(rng: np.random.Generator, image: Image) -> None:
    """A row of upright books or bottles."""
    x, y = _place(rng, image)
    tall = int(rng.integers(28, 80))
    x -= 90
    cv2.rectangle(image, (x - 4, y), (x + 190, y + 6), _colour(rng), -1)
    while x < image.shape[1] and rng.random() < 0.96:
        wide, high, colour = int(rng.integers(5, 17)), int(tall * rng.uniform(0.65, 1.0)), _colour(rng)
        cv2.rectangle(image, (x, y - high), (x + wide, y), colour, -1)
        cv2.line(image, (x + 1, y - high), (x + 1, y), _darker(colour, 1.4), 1)
        cv2.rectangle(image, (x, y - int(0.7 * high)), (x + wide, y - int(0.6 * high)), _darker(colour, 0.5), -1)
        x += wide + 1


def paint_decoys(rng: np.random.Generator, image: Image) -> None:
    """Sockets, buttons, lamps and fronts of cars: a plate with two dark spots and, below or above, a bar."""
    for _ in range(int(rng.integers(2, 8))):
        (x, y), reach, plate = _place(rng, image), int(rng.integers(9, 42)), _colour(rng)
        if rng.random() < 0.6:
            cv2.ellipse(image, (x, y), (reach, int(reach * rng.uniform(0.7, 1.3))), 0, 0, 360, plate, -1, cv2.LINE_AA)
        else:
            tall = int(reach * rng.uniform(0.6, 1.1))
            cv2.rectangle(image, (x - reach, y - tall), (x + reach, y + tall), plate, -1)
        ink = _darker(plate, rng.uniform(0.2, 0.6))
        apart, height = reach * rng.uniform(0.25, 0.6), int(y + reach * rng.uniform(-0.4, 0.3))
        spot = max(1, int(reach * rng.uniform(0.08, 0.22)))
        for centre in (int(x - apart), int(x + apart)):
            cv2.circle(image, (centre, height), spot, ink, -1, cv2.LINE_AA)
        if rng.random() < 0.5:
            level = int(y + reach * rng.choice((-0.65, 0.6)))
            cv2.line(image, (int(x - apart), level), (int(x + apart), level), ink, max(1, reach // 9), cv2.LINE_AA)


def paint_fence(rng: np.random.Generator, image: Image) -> None:
    """Bars or a grid across a part of the picture."""
    (x, y), colour = _place(rng, image), _colour(rng)
    step, bar = int(rng.integers(7, 28)), int(rng.integers(1, 6))
    wide, tall = int(rng.integers(60, 240)), int(rng.integers(30, 120))
    for left in range(x - wide // 2, x + wide // 2, step):
        cv2.line(image, (left, y - tall // 2), (left, y + tall // 2), colour, bar)
    if rng.random() < 0.6:
        for top in range(y - tall // 2, y + tall // 2, step * int(rng.integers(1, 4))):
            cv2.line(image, (x - wide // 2, top), (x + wide // 2, top), colour, bar)


CLUTTER: tuple[Painter, ...] = (
    paint_shapes,
    paint_balls,
    paint_letters,
    paint_leaves,
    paint_branches,
    paint_house,
    paint_shelf,
    paint_decoys,
    paint_fence,
)
"""Every painter of clutter."""
