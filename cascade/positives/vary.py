"""Cut samples out of pictures, many of one box: each a little moved, turned, scaled, mirrored, and toned.

Every sample is taken from the original picture, so that a moved box shows what really lies there; only beyond the
picture its edge pixels are repeated. An unvaried box gives what opencv_createsamples gives, to the grey level.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from cascade.boxes import Box
from cascade.positives.tone import UNTONED, Tone, apply

_MOST_PER_PIXEL = 32
"""At most so many source points across one pixel of a sample: bounds the memory for boxes of thousands of pixels."""


@dataclass(frozen=True, kw_only=True)
class Spread:
    """How far samples may vary, each way: `SampleParams` says what each means and in which unit."""

    mirror: float = 0.0
    shift: float = 0.0
    scale: float = 0.0
    rotation: float = 0.0
    light: float = 0.0
    contrast: float = 0.0
    blur: float = 0.0
    gamma: float = 0.0
    shade: float = 0.0
    grain: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Variation:
    """How one sample differs from its box.

    `shift_x`, `shift_y` are fractions of the box's width and height, along the picture; `scale` is a factor on the
    cut-out; `rotation` is in degrees, clockwise as the object is seen; `light` is added, in grey levels; `contrast` is
    a factor about the sample's mean; `blur` is a sigma in pixels of the sample.
    """

    mirror: bool = False
    shift_x: float = 0.0
    shift_y: float = 0.0
    scale: float = 1.0
    rotation: float = 0.0
    tone: Tone = UNTONED


NONE = Variation()


def draw(spread: Spread, seed: int, box: int, copy: int) -> Variation:
    """Draw the variation of copy `copy` of box number `box`: the same, whatever else is cut and in which order.

    Each kind has its own random numbers, so that switching one on leaves the others as they were. Lengths are uniform
    on ``-spread..spread``; scale, contrast and gamma are ``(1 + spread) ** u`` with u uniform on -1..1; blur, shade and
    grain on ``0..spread``.
    """
    generator = np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, box, copy])))
    chance, shift_x, shift_y, scale, rotation, *tone = generator.random(13).tolist()
    return Variation(
        mirror=bool(chance < spread.mirror),
        shift_x=spread.shift * (2 * shift_x - 1),
        shift_y=spread.shift * (2 * shift_y - 1),
        scale=(1 + spread.scale) ** (2 * scale - 1),
        rotation=spread.rotation * (2 * rotation - 1),
        tone=_draw_tone(spread, *tone),
    )


def _draw_tone(
    spread: Spread,
    light: float,
    contrast: float,
    blur: float,
    gamma: float,
    shade: float,
    direction: float,
    grain: float,
    seed: float,
) -> Tone:
    return Tone(
        light=255 * spread.light * (2 * light - 1),
        contrast=(1 + spread.contrast) ** (2 * contrast - 1),
        blur=spread.blur * blur,
        gamma=(1 + spread.gamma) ** (2 * gamma - 1),
        shade=spread.shade * shade,
        shade_direction=360 * direction if spread.shade else 0.0,
        grain=spread.grain * grain,
        grain_seed=int(seed * 2**32) if spread.grain else 0,
    )


def cut(
    image: NDArray[np.uint8], box: Box, width: int, height: int, variation: Variation = NONE, margin: float = 0.0
) -> NDArray[np.uint8]:
    """Cut one sample of `width` x `height` pixels out of a grey picture.

    Parameters
    ----------
    image
        Array of shape (rows, columns).
    box
        Must lie in the picture and have an area; what the variation and the margin make of it need not.
    margin
        The box is made larger by this fraction of its width and height before all else, about its middle.

    Returns
    -------
    Array of shape (height, width).
    """
    if (variation.shift_x, variation.shift_y, variation.scale, variation.rotation, margin) == (0, 0, 1, 0, 0):
        x, y, box_width, box_height = box
        sample = resize_as_opencv(image[y : y + box_height, x : x + box_width], width, height)
        sample = sample[:, ::-1] if variation.mirror else sample
    else:
        sample = _warp(image, box, width, height, variation, margin)
    return apply(variation.tone, sample)


def resize_as_opencv(image: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Resize as opencv_createsamples does (measured): by area unless the picture is smaller than the window."""
    smaller = image.shape[1] < width or image.shape[0] < height
    method = cv2.INTER_LINEAR_EXACT if smaller else cv2.INTER_AREA
    return np.asarray(cv2.resize(image, (width, height), interpolation=method), np.uint8)


def _warp(
    image: NDArray[np.uint8], box: Box, width: int, height: int, variation: Variation, margin: float
) -> NDArray[np.uint8]:
    """Take about one point of every source pixel on a turned grid, and average them over each pixel of the sample."""
    x, y, box_width, box_height = box
    cut_width, cut_height = (side * (1 + margin) * variation.scale for side in (box_width, box_height))
    across, down = (
        min(max(math.ceil(ratio), 2), _MOST_PER_PIXEL) for ratio in (cut_width / width, cut_height / height)
    )
    grid = (width * across, height * down)
    step_x, step_y = cut_width / grid[0] * (-1 if variation.mirror else 1), cut_height / grid[1]
    cosine, sine = math.cos(math.radians(variation.rotation)), math.sin(math.radians(variation.rotation))
    # A clockwise turn of the object is a turn of the grid the other way.
    matrix = np.array([[cosine * step_x, sine * step_y, 0.0], [-sine * step_x, cosine * step_y, 0.0]])
    middle = (x + box_width * (0.5 + variation.shift_x) - 0.5, y + box_height * (0.5 + variation.shift_y) - 0.5)
    matrix[:, 2] = np.array(middle) - matrix[:, :2] @ ((np.array(grid) - 1) / 2)
    points = _warp_region(image, matrix, grid)
    return np.asarray(cv2.resize(points, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _warp_region(image: NDArray[np.uint8], matrix: NDArray[np.float64], grid: tuple[int, int]) -> NDArray[np.uint8]:
    """Warp from the part of the picture that is needed, as OpenCV cannot address more than 32767 pixels."""
    corners = np.array([(x, y, 1) for x in (0, grid[0] - 1) for y in (0, grid[1] - 1)]) @ matrix.T
    rows, columns = image.shape
    left, top = (int(np.clip(v - 2, 0, side - 1)) for v, side in zip(corners.min(axis=0), (columns, rows), strict=True))
    right, bottom = (int(np.clip(v + 3, 1, side)) for v, side in zip(corners.max(axis=0), (columns, rows), strict=True))
    moved = matrix - np.array([[0, 0, left], [0, 0, top]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    region = image[top : max(bottom, top + 1), left : max(right, left + 1)]
    return np.asarray(cv2.warpAffine(region, moved, grid, flags=flags, borderMode=cv2.BORDER_REPLICATE), np.uint8)
