"""A small painter: anti-aliased shapes, soft edges and soft shadows on one picture with its own transparency.

Points are (x, y) in pixels, colours are (blue, green, red) from 0 to 255.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Field = NDArray[np.float32]
Colour = tuple[float, float, float]

_FRACTION_BITS = 4
_FRACTIONS = 1 << _FRACTION_BITS
_FROM_BYTE = np.float32(1 / 255)


class Canvas:
    """A square picture under work.

    Attributes
    ----------
    image
        (size, size, 3) float32, 0 to 255.
    alpha
        (size, size) float32, 0 to 1: where something that covers was painted.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.image: Field = np.zeros((size, size, 3), np.float32)
        self.alpha: Field = np.zeros((size, size), np.float32)

    def mask(self, points: Points) -> Field:
        """The polygon's coverage of every pixel of the canvas, 0 to 1."""
        whole: Field = np.zeros((self.size, self.size), np.float32)
        rows, columns = self._window(points, 0.0)
        if rows.start < rows.stop and columns.start < columns.stop:
            whole[rows, columns] = self._part_mask(points, 0.0, rows, columns)
        return whole

    def fill(
        self,
        points: Points,
        colour: Colour,
        *,
        opacity: float = 1.0,
        blur: float = 0.0,
        cover: bool = False,
        within: Field | None = None,
        texture: Field | None = None,
    ) -> None:
        """Paint a polygon.

        Parameters
        ----------
        points
            (n, 2) corners.
        opacity
            0 paints nothing, 1 hides what is below.
        blur
            Softness of the edge in pixels (the standard deviation of a Gaussian).
        cover
            Whether the shape makes the picture opaque; shapes inside the face need not.
        within
            A mask of the whole canvas that the shape is cut by.
        texture
            A field of the whole canvas that multiplies the colour.
        """
        rows, columns = self._window(points, blur)
        if rows.start >= rows.stop or columns.start >= columns.stop:
            return
        weight = self._part_mask(points, blur, rows, columns) * opacity
        if within is not None:
            weight = weight * within[rows, columns]
        paint = np.asarray(colour, np.float32)[None, None, :]
        if texture is not None:
            paint = paint * texture[rows, columns, None]
        part = self.image[rows, columns]
        part += (paint - part) * weight[..., None]
        if cover:
            np.maximum(self.alpha[rows, columns], weight, out=self.alpha[rows, columns])

    def shade(self, points: Points, factor: float, *, blur: float, within: Field | None = None) -> None:
        """Darken (factor below 1) or lighten (above 1) a polygon with soft edges."""
        rows, columns = self._window(points, blur)
        if rows.start >= rows.stop or columns.start >= columns.stop:
            return
        weight = self._part_mask(points, blur, rows, columns)
        if within is not None:
            weight = weight * within[rows, columns]
        self.image[rows, columns] *= (1.0 + (factor - 1.0) * weight)[..., None]

    def _window(self, points: Points, blur: float) -> tuple[slice, slice]:
        margin = int(3 * blur) + 3
        left, top = points.min(axis=0)
        right, bottom = points.max(axis=0)
        return (
            slice(max(int(top) - margin, 0), min(int(bottom) + margin + 1, self.size)),
            slice(max(int(left) - margin, 0), min(int(right) + margin + 1, self.size)),
        )

    def _part_mask(self, points: Points, blur: float, rows: slice, columns: slice) -> Field:
        drawn = np.zeros((rows.stop - rows.start, columns.stop - columns.start), np.uint8)
        fixed = np.rint((points - (columns.start, rows.start)) * _FRACTIONS).astype(np.int32)
        cv2.fillPoly(drawn, [fixed], 255, cv2.LINE_AA, _FRACTION_BITS)
        if blur > 0.3:
            drawn = cv2.GaussianBlur(drawn, (0, 0), blur)
        return np.multiply(drawn, _FROM_BYTE, dtype=np.float32)


def ribbon(line: Points, widths: NDArray[np.float64] | float) -> Points:
    """The outline of a stroke along `line`, (n, 2), whose full width is `widths` at each point."""
    steps = np.diff(line, axis=0)
    tangents = np.concatenate([steps[:1], steps[1:] + steps[:-1], steps[-1:]])
    lengths = np.maximum(np.hypot(tangents[:, 0], tangents[:, 1]), 1e-6)
    across = tangents[:, ::-1] * (-0.5, 0.5) * (widths / lengths)[:, None]
    return np.concatenate([line + across, (line - across)[::-1]])


def ellipse(centre: Points, radius_x: float, radius_y: float) -> Points:
    """The outline of an upright ellipse, (28, 2)."""
    return centre + _CIRCLE * (radius_x, radius_y)


_CIRCLE: Points = np.column_stack([fn(np.linspace(0.0, 2.0 * np.pi, 28, endpoint=False)) for fn in (np.cos, np.sin)])
