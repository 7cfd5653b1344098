"""One picture turned in space and laid on a ground: the geometry and the mixing of `cascade.positives.overlay`."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

_MOST_PER_PIXEL = 8


@dataclass(frozen=True)
class Stamp:
    """A picture of shape (height, width), and where it is seen: a mask of the same shape, 0 or 1."""

    image: NDArray[np.float32]
    mask: NDArray[np.float32]


@dataclass(frozen=True)
class Distortion:
    """How one sight is distorted.

    `angles` are the rotation vector about the axes x (to the right), y (down) and z (away from the eye), in radians;
    `distance` is the eye's, in widths of the picture; `light` is added to its greys before `inverse` inverts them.
    """

    angles: tuple[float, float, float]
    distance: float
    light: float = 0.0
    inverse: bool = False


def draw_distortion(
    generator: np.random.Generator, angles: tuple[float, float, float], light: float, inv: bool, randinv: bool
) -> Distortion:
    """Draw a distortion within limits, as opencv_createsamples does.

    All is uniform on minus to plus the limit; about y, what the turn about x has used of the limit is missing, so that
    the picture is never turned too far away; the distance is 2 to 4.
    """
    x, y, z, distance, shift = (2 * generator.random(5) - 1).tolist()
    about_x = angles[0] * x
    about_y = max(0.0, angles[1] - abs(about_x)) * y
    inverse = bool(generator.random() < 0.5) if randinv else inv
    return Distortion((about_x, about_y, angles[2] * z), 3 + distance, light * shift, inverse)


def make_stamp(image: NDArray[np.uint8], bgcolor: int, bgthresh: int) -> Stamp:
    """Separate a picture's object from what is transparent: greys within `bgthresh` of `bgcolor`."""
    mask = np.abs(image.astype(np.int16) - bgcolor) > bgthresh
    return Stamp(image.astype(np.float32), mask.astype(np.float32))


def corners(width: int, height: int, distortion: Distortion) -> NDArray[np.float64]:
    """Where the corners of a picture of `width` x `height` are seen: left top, right top, right bottom, left bottom.

    Returns
    -------
    Array of shape (4, 2), x and y, in pixels; undistorted they are (0, 0), (width, 0), (width, height), (0, height).
    """
    half = np.array([width / 2, height / 2])
    flat = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * half
    rotation = cv2.Rodrigues(np.array(distortion.angles, np.float64))[0]
    points = np.column_stack([flat, np.zeros(4)]) @ rotation.T
    distance = distortion.distance * width
    return np.asarray(points[:, :2] * distance / (distance + points[:, 2:]) + half)


def lay_on(ground: NDArray[np.uint8], stamp: Stamp, distortion: Distortion, *, inscribe: bool) -> NDArray[np.uint8]:
    """Return the ground with the distorted picture on it, as large as fits and in the middle.

    Parameters
    ----------
    ground
        Array of shape (height, width).
    inscribe
        True: all of the distorted picture is on the ground. False: the undistorted one would be, so that the distorted
        one may reach beyond; it keeps its size.

    Returns
    -------
    Array of the ground's shape.
    """
    rows, columns = stamp.image.shape
    seen = corners(columns, rows, distortion)
    low, high = (seen.min(axis=0), seen.max(axis=0)) if inscribe else (np.zeros(2), np.array([columns, rows]))
    size = np.array([ground.shape[1], ground.shape[0]])
    scale = float((size / (high - low)).min())
    placed = (seen - (low + high) / 2) * scale + size / 2
    alpha, colour = _project(stamp, placed, (ground.shape[1], ground.shape[0]), scale)
    colour = np.clip(colour + distortion.light, 0, 255)
    colour = 255 - colour if distortion.inverse else colour
    mixed = alpha * colour + (1 - alpha) * ground
    return np.asarray(np.rint(np.clip(mixed, 0, 255)), np.uint8)


def _project(
    stamp: Stamp, placed: NDArray[np.float64], size: tuple[int, int], scale: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Alpha and colour on the ground: projected at several points a pixel and averaged, colours by their alpha."""
    rows, columns = stamp.image.shape
    points = min(max(math.ceil(1 / scale), 2), _MOST_PER_PIXEL)
    image, mask, shrink = _reduced(stamp, 1 / (scale * points))
    fine = (size[0] * points, size[1] * points)
    # From corners of pixels, where shapes are exact, to their centres, which OpenCV counts from.
    source = np.array([(0, 0), (columns, 0), (columns, rows), (0, rows)], np.float64) * shrink - 0.5
    matrix = cv2.getPerspectiveTransform(source.astype(np.float32), (placed * points - 0.5).astype(np.float32))
    warped = [
        cv2.resize(cv2.warpPerspective(layer, matrix, fine), size, interpolation=cv2.INTER_AREA)
        for layer in (mask, image * mask)
    ]
    alpha, weighted = warped
    return alpha, np.divide(weighted, alpha, out=np.zeros_like(alpha), where=alpha > 1e-4)


def _reduced(stamp: Stamp, step: float) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float64]]:
    """The stamp made smaller by area where the points would be more than a pixel apart."""
    rows, columns = stamp.image.shape
    if step <= 1:
        return stamp.image, stamp.mask, np.ones(2)
    size = (max(1, round(columns / step)), max(1, round(rows / step)))
    mask = cv2.resize(stamp.mask, size, interpolation=cv2.INTER_AREA)
    weighted = cv2.resize(stamp.image * stamp.mask, size, interpolation=cv2.INTER_AREA)
    image = np.divide(weighted, mask, out=np.zeros_like(mask), where=mask > 1e-4)
    return image, mask, np.array([size[0] / columns, size[1] / rows])
