"""Paint what was found on a frame: boxes, labels, bars of probability, and a line at the foot."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from cascade.boxes import Box
from cnn.labels import EXPRESSIONS
from live.engine import TrackedFace

Colour = tuple[int, int, int]
"""Blue, green, red."""

COLOURS: dict[str, Colour] = {
    "Happy": (64, 192, 227),
    "Sad": (255, 171, 108),
    "Surprise": (255, 155, 185),
    "Angry": (136, 123, 255),
    "Neutral": (181, 190, 178),
}
"""One for each expression, as bright as the others; the names stand beside them, for those who see them alike."""

LEAST_HEIGHT = 480
"""Smaller pictures are enlarged before they are painted on: words need room."""

_MOST_WIDTH = 2560
"""... unless they are so wide."""

_INK, _PAPER = (255, 255, 255), (24, 20, 16)
_VEIL = 0.6
_ROW, _BARS, _PAD, _FOOT = 13, 110, 4, 20
_LABEL = (125, 21)
"""About the width, and the height, of a label."""


class Painter:
    """Paints frames. Sizes are in pixels of a picture of 480 lines; larger pictures get larger words."""

    def __init__(self) -> None:
        self._font = cv2.FontFace("sans")

    def paint(self, image: NDArray[np.uint8], faces: Sequence[TrackedFace], foot: str = "") -> NDArray[np.uint8]:
        """A new picture with everything on it.

        Parameters
        ----------
        image
            (height, width, 3) uint8, blue, green, red; it stays as it is.
        faces
            What `Engine.step` found in it. A face that was not found in this very frame gets a thin box.
        foot
            One line of words for the picture's foot.
        """
        larger = max(1, min(-(-LEAST_HEIGHT // image.shape[0]), _MOST_WIDTH // image.shape[1]))
        height, width = image.shape[0] * larger, image.shape[1] * larger
        canvas = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR) if larger > 1 else image.copy()
        unit = max(1.0, min(height, width) / LEAST_HEIGHT)
        boxes = [_scaled(face.box, larger) for face in faces]
        wide, tall = (round(side * unit) for side in _LABEL)
        taken = [*boxes, *((box[0], box[1] - tall, wide, tall) for box in boxes)]
        for face, box in zip(faces, boxes, strict=True):
            taken.append(self._paint_bars(canvas, face, box, taken, unit))
        for face, box in zip(faces, boxes, strict=True):
            self._paint_box(canvas, face, box, unit)
        if foot:
            self._paint_foot(canvas, foot, unit)
        return np.asarray(canvas)

    def _paint_box(self, canvas: NDArray[np.uint8], face: TrackedFace, box: Box, unit: float) -> None:
        x, y, width, height = box
        thick = round((2 if face.seen else 1) * unit)
        cv2.rectangle(canvas, (x, y), (x + width, y + height), COLOURS[face.expression], thick, cv2.LINE_AA)
        words = f"{face.track}  {face.expression} {max(face.probabilities):.0%}"
        if face.probabilities[EXPRESSIONS.index(face.expression)] < max(face.probabilities):
            words = f"{face.track}  {face.expression}"
        size = round(15 * unit)
        wide, tall = self._width(words, size) + round(10 * unit), round(_LABEL[1] * unit)
        left = min(max(0, x), max(0, canvas.shape[1] - wide))
        top = y - tall if y >= tall else min(y + height, canvas.shape[0] - tall)
        cv2.rectangle(canvas, (left, top), (left + wide, top + tall), COLOURS[face.expression], cv2.FILLED)
        self._write(canvas, words, (left + round(5 * unit), top + round(16 * unit)), size, _PAPER, bold=True)

    def _paint_bars(
        self, canvas: NDArray[np.uint8], face: TrackedFace, box: Box, taken: Sequence[Box], unit: float
    ) -> Box:
        row, wide, pad = (round(length * unit) for length in (_ROW, _BARS, _PAD))
        size = (wide + 2 * pad, len(EXPRESSIONS) * row + 2 * pad)
        left, top = _place(box, size, (canvas.shape[1], canvas.shape[0] - round(_FOOT * unit)), taken)
        part = canvas[top : top + size[1], left : left + size[0]]
        part[:] = (part * (1 - _VEIL) + np.array(_PAPER) * _VEIL).astype(np.uint8)
        for number, (name, share) in enumerate(zip(EXPRESSIONS, face.probabilities, strict=True)):
            foot = top + pad + (number + 1) * row
            start = left + pad + round(50 * unit)
            self._write(canvas, name, (left + pad, foot - round(3 * unit)), round(10 * unit), _INK)
            whole = wide - round(50 * unit)
            length = round(whole * share)
            corners = (start, foot - row + round(4 * unit)), (start + length, foot - round(2 * unit))
            cv2.rectangle(canvas, *corners, COLOURS[name], cv2.FILLED)
        return left, top, *size

    def _paint_foot(self, canvas: NDArray[np.uint8], words: str, unit: float) -> None:
        tall, size = round(_FOOT * unit), round(12 * unit)
        part = canvas[canvas.shape[0] - tall :]
        part[:] = (part * (1 - _VEIL) + np.array(_PAPER) * _VEIL).astype(np.uint8)
        self._write(canvas, words, (round(6 * unit), canvas.shape[0] - round(6 * unit)), size, _INK)

    def _write(
        self,
        canvas: NDArray[np.uint8],
        words: str,
        place: tuple[int, int],
        size: int,
        colour: Colour,
        *,
        bold: bool = False,
    ) -> None:
        cv2.putText(canvas, words, place, colour, self._font, size, weight=600 if bold else 400)

    def _width(self, words: str, size: int) -> int:
        return int(cv2.getTextSize((10_000, 10_000), words, (0, 0), self._font, size, 600)[2])


def _scaled(box: Box, larger: int) -> Box:
    x, y, width, height = box
    return x * larger, y * larger, width * larger, height * larger


def _place(box: Box, size: tuple[int, int], picture: tuple[int, int], taken: Sequence[Box]) -> tuple[int, int]:
    """Left and top for a panel beside its face: right, left, below or above, wherever it hides least."""
    x, y, width, height = box
    gap = 3
    wanted = [
        (x + width + gap, y),
        (x - size[0] - gap, y),
        (x, y + height + gap),
        (x, y - size[1] - gap - size[1] // 3),
    ]
    most = max(0, picture[0] - size[0]), max(0, picture[1] - size[1])
    inside = [(min(max(0, left), most[0]), min(max(0, top), most[1])) for left, top in wanted]
    return min(inside, key=lambda place: sum(_common((*place, *size), other) for other in taken))


def _common(a: Box, b: Box) -> int:
    wide = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    tall = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    return max(0, wide) * max(0, tall)
