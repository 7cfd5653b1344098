"""From a cascade's box to the square that the network was taught on.

A cascade's box ends at the brows and the chin; FER2013's 48x48 pictures, and so the networks taught on them, show more
of the head. `crop_face` widens the box, moves it, and resizes as `cnn.preprocess.to_face` does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from cnn.preprocess import to_face
from pair.errors import InputError

_LARGEST = 4
"""A square's side is at most so many times the picture's longer side: a bound on the memory."""


def crop_face(image: np.ndarray, box: Sequence[float] | np.ndarray, scale: float, down: float) -> np.ndarray:
    """The face in `box` as the network takes it: (48, 48) uint8.

    Parameters
    ----------
    image
        Grey, (height, width) uint8.
    box
        ``(x, y, width, height)`` in pixels, edges between pixels allowed; it may reach outside the picture.
    scale, down
        As `square` takes them. Where the square reaches outside, the picture's border is repeated.

    Raises
    ------
    InputError
        The box is not finite, has no area, or does not touch the picture.
    """
    height, width = image.shape
    left, top, side = square(box, scale, down)
    _check(box, side, width, height)
    if left >= 0 and top >= 0 and left + side <= width and top + side <= height:
        return to_face(image[top : top + side, left : left + side])
    rows, columns = (np.clip(np.arange(side) + start, 0, end - 1) for start, end in ((top, height), (left, width)))
    return to_face(image[np.ix_(rows, columns)])


def square(box: Sequence[float] | np.ndarray, scale: float, down: float) -> tuple[int, int, int]:
    """Left, top and side, in whole pixels, of the square round a box.

    Parameters
    ----------
    box
        ``(x, y, width, height)`` in pixels.
    scale
        The square's side in mean sides of the box.
    down
        How far its centre lies below the box's, in the same unit.

    Raises
    ------
    InputError
        The box is not finite or has no area.

    Examples
    --------
    >>> square((100, 100, 40, 40), 1.5, 0.0)
    (90, 90, 60)
    >>> square((100, 100, 40, 40), 1.5, 0.1)
    (90, 94, 60)
    """
    x, y, width, height = (float(value) for value in box)
    if not all(map(math.isfinite, (x, y, width, height))) or width <= 0 or height <= 0:
        raise InputError(f"A box must be finite, width and height above 0. Got {x, y, width, height}.")
    unit = (width + height) / 2
    side = max(round(unit * scale), 1)
    return round(x + (width - side) / 2), round(y + (height - side) / 2 + unit * down), side


def _check(box: Sequence[float] | np.ndarray, side: int, width: int, height: int) -> None:
    x, y, wide, high = (float(value) for value in box)
    if x >= width or y >= height or x + wide <= 0 or y + high <= 0:
        raise InputError(f"A box must touch its picture of {width}x{height} pixels. Got {x, y, wide, high}.")
    if side > _LARGEST * max(width, height):
        raise InputError(f"A box must not be far larger than its picture of {width}x{height} pixels. Got {wide, high}.")
