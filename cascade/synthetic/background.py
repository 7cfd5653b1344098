"""Backgrounds that hold no object: invented places full of edges, textures, letters, leaves and decoys.

A cascade learns from what it must reject, so the clutter is rich, and some of it is unkind: round things with two
dark spots and a bar below them.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from cascade.errors import InputError
from cascade.synthetic.clutter import CLUTTER

Image = NDArray[np.uint8]

_MIN_SIDE = 32


def draw_background(rng: np.random.Generator, size: tuple[int, int]) -> Image:
    """Draw a place without the object.

    Parameters
    ----------
    rng
        The source of every choice: the same state draws the same picture.
    size
        (height, width) in pixels, each at least 32.

    Returns
    -------
    image
        (height, width, 3) uint8, blue, green, red.

    Raises
    ------
    InputError
        A side of `size` is too small.
    """
    if min(size) < _MIN_SIDE:
        raise InputError(f"`size` must be at least {_MIN_SIDE} on both sides. Got {size}.")
    base = _BASES[int(rng.integers(len(_BASES)))](rng, size)
    image: Image = np.ascontiguousarray(np.clip(base, 0, 255).astype(np.uint8))
    for _ in range(int(rng.integers(2, 6))):
        CLUTTER[int(rng.integers(len(CLUTTER)))](rng, image)
    return _photograph(rng, image)


def octaves(rng: np.random.Generator, size: tuple[int, int], coarsest: int = 4, count: int = 5) -> NDArray[np.float32]:
    """Cloudy noise: the sum of ever finer and weaker random fields, about -1 to 1, (height, width)."""
    height, width = size
    total = np.zeros(size, np.float32)
    for octave in range(count):
        cells = coarsest * 2**octave
        field = rng.standard_normal((min(cells, height), min(cells, width)), np.float32)
        total += cv2.resize(field, (width, height), interpolation=cv2.INTER_CUBIC) * 0.5 * 0.62**octave
    return total


def _colour(rng: np.random.Generator) -> NDArray[np.float64]:
    grey = rng.uniform(40, 235)
    return np.clip(grey + rng.normal(0, 18, 3), 5, 250)


def _gradient(rng: np.random.Generator, size: tuple[int, int]) -> NDArray[np.float64]:
    height, width = size
    rows, columns = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    angle = rng.uniform(0, 2 * np.pi)
    along = np.clip(0.5 + 0.45 * (columns * np.cos(angle) + rows * np.sin(angle)), 0, 1)[..., None]
    return _colour(rng) * (1 - along) + _colour(rng) * along


def _clouds(rng: np.random.Generator, size: tuple[int, int]) -> NDArray[np.float64]:
    amount = np.clip(0.5 + 0.5 * octaves(rng, size, int(rng.integers(2, 9))), 0, 1)[..., None]
    return _colour(rng) * (1 - amount) + _colour(rng) * amount


def _stripes(rng: np.random.Generator, size: tuple[int, int]) -> NDArray[np.float64]:
    height, width = size
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    angle, period = rng.uniform(0, np.pi), rng.uniform(8, 60)
    bend = rng.uniform(0, 0.4) * period * octaves(rng, size, 2, 3)
    wave = np.sin((columns * np.cos(angle) + rows * np.sin(angle) + bend) * 2 * np.pi / period)
    amount = np.clip(0.5 + rng.uniform(0.6, 4) * wave, 0, 1)[..., None]
    return _colour(rng) * (1 - amount) + _colour(rng) * amount


def _checkers(rng: np.random.Generator, size: tuple[int, int]) -> NDArray[np.float64]:
    height, width = size
    rows, columns = np.mgrid[0:height, 0:width]
    angle, side = rng.uniform(0, 0.8), rng.uniform(10, 48)
    across = (columns * np.cos(angle) + rows * np.sin(angle)) // side
    down = (rows * np.cos(angle) - columns * np.sin(angle)) // side
    amount = ((across + down) % 2)[..., None]
    return _colour(rng) * (1 - amount) + _colour(rng) * amount + 6 * octaves(rng, size)[..., None]


def _bricks(rng: np.random.Generator, size: tuple[int, int]) -> NDArray[np.float64]:
    height, width = size
    wall = np.broadcast_to(_colour(rng), (height, width, 3)).copy()
    tall, wide, stone = int(rng.integers(9, 26)), int(rng.integers(20, 60)), _colour(rng)
    for row, top in enumerate(range(0, height, tall)):
        for left in range(-(row % 2) * wide // 2, width, wide):
            part = wall[top + 1 : top + tall - 1, max(left + 1, 0) : max(left + wide - 1, 0)]
            part[...] = stone * rng.uniform(0.75, 1.2)
    return wall + 9 * octaves(rng, size, 16, 4)[..., None]


def _landscape(rng: np.random.Generator, size: tuple[int, int]) -> NDArray[np.float64]:
    height, width = size
    place = _gradient(rng, size) + 22 * octaves(rng, size, 3, 4)[..., None]
    rows = np.arange(height)[:, None]
    for depth in range(int(rng.integers(1, 4))):
        ridge = height * rng.uniform(0.4, 0.85) + 0.12 * height * octaves(rng, (1, width), 5, 4)[0]
        ground = _colour(rng) * (0.9 - 0.2 * depth) + 18 * octaves(rng, size, 12, 4)[..., None]
        place = np.where((rows > ridge[None, :])[..., None], ground, place)
    return place


_BASES: tuple[Callable[[np.random.Generator, tuple[int, int]], NDArray[np.float64]], ...] = (
    _gradient,
    _clouds,
    _clouds,
    _stripes,
    _checkers,
    _bricks,
    _landscape,
    _landscape,
)


def _photograph(rng: np.random.Generator, image: Image) -> Image:
    """Uneven light, some blur and some noise, as of a camera."""
    height, width = image.shape[:2]
    light = 1.0 + 0.22 * cv2.resize(
        rng.standard_normal((3, 3), np.float32), (width, height), interpolation=cv2.INTER_CUBIC
    )
    taken = image * np.clip(light, 0.45, 1.5)[..., None]
    if rng.random() < 0.5:
        taken = cv2.GaussianBlur(taken, (0, 0), rng.uniform(0.4, 1.4))
    noise = rng.standard_normal((height, width, 1), np.float32) * rng.uniform(0.5, 5)
    return np.clip(taken + noise, 0, 255).astype(np.uint8)
