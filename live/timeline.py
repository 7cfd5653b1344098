"""What each face showed, and when: gathered frame by frame, in little memory."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from cnn.labels import EXPRESSIONS
from live.engine import TrackedFace

LONGEST_FRAME = 0.5
"""A frame lasts until the next, but no longer than so many seconds: what follows was not seen."""
_SAMPLE = 0.2
"""Seconds between two samples of a face's probabilities, at least."""
_SIDE = 96


@dataclass
class Span:
    """An expression without a break: from `start` to `end`, in seconds."""

    expression: str
    start: float
    end: float


@dataclass
class FaceStory:
    """One face's time line.

    `seconds` are those for which each expression was shown; `samples` are ``(seconds, probabilities)``; `portrait` is
    the face at its best find, (96, 96, 3) uint8.
    """

    number: int
    spans: list[Span] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(EXPRESSIONS, 0.0))
    samples: list[tuple[float, tuple[float, ...]]] = field(default_factory=list)
    score: float = -1.0
    portrait: NDArray[np.uint8] | None = None

    @property
    def total(self) -> float:
        """Seconds in sight."""
        return sum(self.seconds.values())

    @property
    def changes(self) -> int:
        """How often the label changed while the face was in sight."""
        pairs = zip(self.spans, self.spans[1:], strict=False)
        return sum(a.expression != b.expression and b.start - a.end < 1e-6 for a, b in pairs)


class Timeline:
    """All faces of a film, or of a camera so far."""

    def __init__(self) -> None:
        self.faces: dict[int, FaceStory] = {}
        self.first: float | None = None
        self.last = 0.0
        self._before: list[tuple[int, str]] = []

    def add(self, image: NDArray[np.uint8], faces: list[TrackedFace], seconds: float) -> None:
        """The next frame, and what was found in it."""
        if self.first is None:
            self.first = self.last = seconds
        self._spend(seconds - self.last)
        self.last = seconds
        self._before = [(face.track, face.expression) for face in faces]
        for face in faces:
            story = self.faces.setdefault(face.track, FaceStory(face.track))
            if not story.samples or seconds - story.samples[-1][0] >= _SAMPLE:
                story.samples.append((seconds, face.probabilities))
            if face.seen and face.score > story.score:
                story.score, story.portrait = face.score, _portrait(image, face)

    def finish(self, frame_seconds: float) -> None:
        """The last frame lasts so long."""
        self._spend(frame_seconds)
        self.last += frame_seconds
        self._before = []

    def totals(self) -> dict[str, float]:
        """Seconds by expression, all faces together."""
        sums = defaultdict[str, float](float)
        for story in self.faces.values():
            for expression, seconds in story.seconds.items():
                sums[expression] += seconds
        return {expression: sums[expression] for expression in EXPRESSIONS}

    def _spend(self, passed: float) -> None:
        """The frame before this one lasted so long, and what it showed with it."""
        lasted = min(max(passed, 0.0), LONGEST_FRAME)
        for number, expression in self._before:
            story = self.faces[number]
            story.seconds[expression] += lasted
            end = self.last + lasted
            newest = story.spans[-1] if story.spans else None
            if newest and newest.expression == expression and abs(newest.end - self.last) < 1e-6:
                newest.end = end
            else:
                story.spans.append(Span(expression, self.last, end))


def _portrait(image: NDArray[np.uint8], face: TrackedFace) -> NDArray[np.uint8] | None:
    x, y, width, height = face.box
    wide, tall = width // 4, height // 4
    part = image[max(0, y - tall) : y + height + tall, max(0, x - wide) : x + width + wide]
    if 0 in part.shape:
        return None
    return np.asarray(cv2.resize(part, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA))
