"""Where the faces of a frame are: searched everywhere now and then, around the known ones in between."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cascade.boxes import covered
from cascade.detect import Detector, DetectParams

_FINER = 1.25
"""The smallest face is searched so many windows large. At 1 the CMU-MIT faces from 40 pixels on were found as often as
at full scale (42 of 48 against 40, min_neighbors 3, with 53 false alarms against 71), at 1.25 once more, for a sixth
more time; both take about half of what the full scale does."""
_SHARE = 12
"""By default the smallest face is this part of the picture's shorter side: 40 pixels of 480."""
_MARGIN = 0.5
"""Around a known face so much more is searched on every side, in sides of the face."""
_SMALLER, _LARGER = 0.75, 1.35
"""How much a known face may shrink or grow until it is searched everywhere."""
_SAME = 0.5
"""Of two finds one of which covers so much of the other, the better counts."""

Found = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Boxes ``(x, y, width, height)`` in pixels, shape (N, 4), and their scores, shape (N,), the best first."""


class Search:
    """A cascade that searches no finer than it must.

    Parameters
    ----------
    cascade
        A ``cascade.xml``.
    params
        `scale_factor`, `min_neighbors` and `max_size`; the least size is chosen here.
    min_face
        The smallest face that is looked for, in pixels; None: a twelfth of the picture's shorter side.
    """

    def __init__(self, cascade: Path, params: DetectParams, min_face: int | None) -> None:
        self._detector, self._params, self._min_face = Detector(cascade, params), params, min_face
        self._window = max(self._detector.window)

    def least(self, grey: NDArray[np.uint8]) -> int:
        """The side of the smallest face that is looked for in this picture, in pixels."""
        return max(self._window, self._min_face or min(grey.shape) // _SHARE)

    def everywhere(self, grey: NDArray[np.uint8]) -> Found:
        """All faces of a picture, (height, width)."""
        return self._apart(self._search(grey, self.least(grey), self._params.max_size))

    def around(self, grey: NDArray[np.uint8], places: NDArray[np.float64]) -> Found:
        """The faces near the places where they should be, shape (N, 4); each is searched by itself."""
        found = [self._near(grey, place) for place in places]
        return self._apart((np.concatenate([one[0] for one in found]), np.concatenate([one[1] for one in found])))

    def _near(self, grey: NDArray[np.uint8], place: NDArray[np.float64]) -> Found:
        side = float(np.sqrt(place[2] * place[3]))
        first = np.floor(np.maximum(place[:2] - _MARGIN * side, 0)).astype(int)
        last = np.ceil(place[:2] + place[2:] + _MARGIN * side).astype(int)
        part = grey[first[1] : max(0, last[1]), first[0] : max(0, last[0])]
        most = min(_LARGER * side, self._params.max_size or np.inf)
        boxes, scores = self._search(part, max(self._window, _SMALLER * side), most)
        return boxes + [*first, 0, 0], scores

    def _search(self, grey: NDArray[np.uint8], least: float, most: float | None) -> Found:
        """Search at the scale at which the smallest face is little larger than the cascade's window."""
        if least > min(grey.shape):
            return np.zeros((0, 4)), np.zeros(0)
        scale = min(1.0, self._window * _FINER / least)
        width, height = round(grey.shape[1] * scale), round(grey.shape[0] * scale)
        small = cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA) if scale < 1 else grey
        sizes = max(1, round(least * scale)), None if most is None else max(round(most * scale), round(least * scale))
        self._detector.params = replace(self._params, min_size=sizes[0], max_size=sizes[1])
        boxes, scores = self._detector.detect(np.asarray(small))
        return boxes / scale, scores

    def _apart(self, found: Found) -> Found:
        """Without the weaker ones of those that lie on one another."""
        boxes, scores = found
        order = np.argsort(-scores, kind="stable")
        kept: list[int] = []
        for index in order:
            rest, one = boxes[kept], boxes[[index]]
            if not kept or max(covered(one, rest).max(), covered(rest, one).max()) < _SAME:
                kept.append(int(index))
        return boxes[kept], scores[kept]
