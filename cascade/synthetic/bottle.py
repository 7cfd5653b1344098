"""Drawn bottles: an object that is not a face, in a window that is not square, to try a cascade on.

Colour, shape, light, label, fill, lean and what hides a part of it change from one to the next.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from cascade.errors import InputError
from cascade.synthetic.faces import ObjectPatch

Image = NDArray[np.uint8]
Colour = NDArray[np.float64]

ASPECT = 0.4
"""Width of a bottle's box divided by its height: that of a window of 16 x 40."""

_GLASS = ((40, 90, 30), (25, 60, 95), (200, 205, 200), (150, 95, 40), (60, 60, 170), (225, 225, 225), (45, 45, 45))
"""Green, brown, clear, blue, red, white and black, as (blue, green, red)."""


def draw_bottle(rng: np.random.Generator, height: int) -> ObjectPatch:
    """Draw one bottle that stands, leaning by up to seven degrees.

    Parameters
    ----------
    height
        Of the patch, in pixels, at least 60; it is 0.6 times as wide. The box is 0.8 of the height.

    Raises
    ------
    InputError
        `height` is too small.
    """
    if height < 60:
        raise InputError(f"`height` must be at least 60. Got {height}.")
    width, tall = round(0.6 * height), round(0.8 * height)
    box = (round((width - ASPECT * tall) / 2), (height - tall) // 2, round(ASPECT * tall), tall)
    radius = _profile(rng, height, box)
    shape = np.abs(np.arange(width)[None, :] - (width - 1) / 2) <= radius[:, None]
    image = _glass(rng, radius, (height, width), box)
    alpha = np.where(shape, rng.uniform(0.82, 1.0), 0.0)
    _label(rng, image, alpha, radius, box)
    _cap(rng, image, alpha, radius, box)
    return _finish(rng, image, alpha, box)


def paint_decoys(rng: np.random.Generator, image: Image) -> None:
    """Paint upright things that are no bottles: jars, poles, cones and glasses."""
    tall, wide = image.shape[:2]
    for _ in range(int(rng.integers(1, 5))):
        x, y = int(rng.integers(wide)), int(rng.integers(tall))
        height = int(rng.integers(30, 120))
        top = bottom = height * rng.uniform(0.08, 0.3)
        if rng.random() < 0.6:
            top, bottom = (bottom * rng.uniform(0.2, 0.8), bottom) if rng.random() < 0.5 else (bottom, 0.4 * bottom)
        colour = _colour(rng)
        for share in np.linspace(1, -1, 9):  # from the outside in, light on one side
            corners = [(x - top * share, y), (x + top * abs(share), y), (x + bottom * abs(share), y + height)]
            corners.append((x - bottom * share, y + height))
            light = colour * (0.6 + 0.25 * (1 - share))
            cv2.fillPoly(image, [np.int32(np.round(corners))], np.clip(light, 0, 255).tolist(), cv2.LINE_AA)
        if rng.random() < 0.4:
            lid = (int(x - 1.15 * top), int(y - 0.1 * height)), (int(x + 1.15 * top), y)
            cv2.rectangle(image, *lid, _colour(rng).tolist(), -1)


def _colour(rng: np.random.Generator) -> Colour:
    return np.clip(rng.uniform(15, 240) + rng.normal(0, 30, 3), 0, 255)


def _profile(rng: np.random.Generator, height: int, box: tuple[int, int, int, int]) -> NDArray[np.float64]:
    """Half the bottle's width at every row of the patch; -1 above and below it."""
    _, top, wide, tall = box
    at = (np.arange(height) - top - 0.03 * tall) / (0.94 * tall)
    body = wide / 2 * rng.uniform(0.74, 0.94)
    neck = body * rng.uniform(0.3, 0.44)
    neck_end, shoulder_end = rng.uniform(0.2, 0.34), rng.uniform(0.38, 0.52)
    bend = np.clip((at - neck_end) / (shoulder_end - neck_end), 0, 1)
    power = rng.uniform(0.6, 1.6)
    radius = neck + (body - neck) * np.sin(bend * np.pi / 2) ** (2 * power)
    waist = 1 - rng.uniform(0, 0.09) * np.exp(-(((at - 0.72) / 0.12) ** 2))
    foot = 1 - 0.25 * np.clip((at - 0.96) / 0.04, 0, 1) ** 2
    return np.where((at >= 0) & (at <= 1), radius * waist * foot, -1.0)


def _glass(
    rng: np.random.Generator, radius: NDArray[np.float64], size: tuple[int, int], box: tuple[int, int, int, int]
) -> NDArray[np.float64]:
    """The bottle's colour, round under a light from one side, with a highlight, darker where it is filled."""
    height, width = size
    colour = np.clip(np.array(_GLASS[int(rng.integers(len(_GLASS)))]) * rng.uniform(0.7, 1.3), 5, 250)
    across = (np.arange(width)[None, :] - (width - 1) / 2) / np.maximum(radius, 1)[:, None]
    light = rng.uniform(-0.7, 0.7)
    shade = 0.45 + 0.6 * np.cos(np.clip((across - light) * rng.uniform(0.8, 1.3), -1.55, 1.55))
    level = box[1] + box[3] * rng.uniform(0.15, 0.8)
    filled = (np.arange(height) > level)[:, None] * rng.uniform(0, 0.35)
    image = colour[None, None, :] * (shade * (1 - filled))[..., None]
    highlight = np.exp(-(((across - light * 0.8) / rng.uniform(0.08, 0.16)) ** 2)) * rng.uniform(0, 130)
    return image + highlight[..., None]


def _label(
    rng: np.random.Generator,
    image: NDArray[np.float64],
    alpha: NDArray[np.float64],
    radius: NDArray[np.float64],
    box: tuple[int, int, int, int],
) -> None:
    """Paper around the body, in most cases, with a stripe and lines of writing."""
    if rng.random() < 0.2:
        return
    _, top, _, tall = box
    first, last = (round(top + tall * share) for share in (rng.uniform(0.52, 0.62), rng.uniform(0.74, 0.92)))
    paper, ink = _colour(rng), _colour(rng)
    width = image.shape[1]
    across = (np.arange(width)[None, :] - (width - 1) / 2) / np.maximum(radius, 1)[:, None]
    shade = 0.6 + 0.45 * np.cos(np.clip(across - rng.uniform(-0.5, 0.5), -1.5, 1.5))
    label = np.broadcast_to(paper, image.shape).copy()
    if rng.random() < 0.6:
        middle = round(first + (last - first) * rng.uniform(0.1, 0.7))
        label[middle : middle + max(1, (last - first) // 5)] = ink
    for line in range(first + 3, last - 3, max(4, tall // 22)):
        if rng.random() < 0.5:
            half = round(radius[line] * rng.uniform(0.2, 0.7))
            label[line : line + 2, width // 2 - half : width // 2 + half] = ink
    rows = np.zeros(alpha.shape, bool)
    rows[first:last] = True
    inside = rows & (alpha > 0)
    image[inside] = (label * shade[..., None])[inside]
    alpha[inside] = 1.0


def _cap(
    rng: np.random.Generator,
    image: NDArray[np.float64],
    alpha: NDArray[np.float64],
    radius: NDArray[np.float64],
    box: tuple[int, int, int, int],
) -> None:
    """A cap or a cork, in most cases."""
    if rng.random() < 0.15:
        return
    first = int(np.argmax(radius > 0))
    last = first + round(box[3] * rng.uniform(0.05, 0.13))
    half = round(radius[last] * rng.uniform(1.0, 1.25))
    middle = image.shape[1] // 2
    image[first:last, middle - half : middle + half] = _colour(rng)
    alpha[first:last, middle - half : middle + half] = 1.0


def _finish(
    rng: np.random.Generator, image: NDArray[np.float64], alpha: NDArray[np.float64], box: tuple[int, int, int, int]
) -> ObjectPatch:
    """Lean it, hide a part of it in one of four, and soften its edge."""
    height, width = alpha.shape
    if rng.random() < 0.25:
        x = width / 2 + rng.choice((-1, 1)) * box[2] * rng.uniform(0.4, 0.6)
        centre = (round(x), round(box[1] + box[3] * rng.uniform(0.45, 1.0)))
        axes = (round(box[2] * rng.uniform(0.15, 0.4)), round(box[3] * rng.uniform(0.06, 0.16)))
        cv2.ellipse(alpha, centre, axes, float(rng.uniform(0, 180)), 0, 360, 0.0, -1)
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), float(rng.uniform(-7, 7)), 1.0)
    seen = np.clip(image, 0, 255).astype(np.uint8)
    seen = cv2.warpAffine(seen, turn, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    soft = cv2.warpAffine(alpha.astype(np.float32), turn, (width, height), flags=cv2.INTER_LINEAR)
    soft = cv2.GaussianBlur(soft, (0, 0), 0.7)
    return ObjectPatch(seen, np.clip(255 * soft, 0, 255).astype(np.uint8), box)
