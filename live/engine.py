"""A picture in, the faces in it out, each known from frame to frame, its probabilities smoothed over time.

This is all that a window or a web page needs: frames go in by `Engine.step`, with the time when each was taken.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
from annotated_types import Ge, Le
from numpy.typing import NDArray

from cascade.boxes import Box
from cnn.labels import EXPRESSIONS
from live.search import Found, Search
from live.smoothing import Smoothed
from live.tracker import Track, Tracker
from pair.find import FaceExpressions, as_grey
from runs.parameters import Parameters

_DARK, _FLAT = 16, 4
"""A frame whose brightest pixels are below the one, or whose levels spread by less than the other, shows nothing."""

_BETWEEN = 2
"""Frames between two searches of the whole picture, at least."""


@dataclass(frozen=True, kw_only=True)
class LiveParams(Parameters):
    """How faces are found, followed and read from frame to frame."""

    min_face: Annotated[int, Ge(8)] | None = None
    """Smaller faces are not looked for: the side in pixels; empty: a twelfth of the picture's shorter side. Half of it
    takes about four times as long."""
    min_neighbors: Annotated[int, Ge(0), Le(10_000)] | None = None
    """More windows than this must agree on a face; empty: as the cascade was registered, or 3."""
    search_every: Annotated[float, Ge(0)] = 0.2
    """Seconds between two searches of the whole picture, and two frames at least; between them faces are searched
    where they should be. 0 searches everything in every frame."""
    confirm: Annotated[int, Ge(1)] = 2
    """A face is believed when it was found so often."""
    carry: Annotated[float, Ge(0)] = 0.5
    """A face that is not found is still shown for so many seconds, where it should be, as it last looked."""
    memory: Annotated[float, Ge(0)] = 2.0
    """A face that comes back at about the same place within so many seconds is the same."""
    smoothing: Annotated[float, Ge(0)] = 0.4
    """Seconds over which a face's probabilities are averaged; 0 shows every frame's own."""
    margin: Annotated[float, Ge(0), Le(1)] = 0.1
    """A face's label changes only when another class is so much likelier."""


@dataclass(frozen=True)
class TrackedFace:
    """A face in a frame.

    Attributes
    ----------
    track
        Its number: the same in every frame. In a still: its place by score.
    box
        ``(x, y, width, height)`` in pixels; it may reach outside the frame.
    score
        How many windows of the cascade agreed when it was last found.
    expression
        Its label, one of `cnn.labels.EXPRESSIONS`, which does not flicker.
    probabilities
        Smoothed over time, in the order of `cnn.labels.EXPRESSIONS`.
    raw
        What the network says about this frame alone; None where the face was not found in it.
    """

    track: int
    box: Box
    score: float
    expression: str
    probabilities: tuple[float, ...]
    raw: tuple[float, ...] | None

    @property
    def seen(self) -> bool:
        """Whether the face was found in this very frame."""
        return self.raw is not None


class Engine:
    """Finds, follows and reads faces. One for each film or camera: it remembers what it saw.

    Parameters
    ----------
    cascade
        A ``cascade.xml``; it is loaded anew, since every engine searches by itself.
    faces
        What reads them, and how their cascade searches. Several engines may share one.
    params
        See `LiveParams`.

    Attributes
    ----------
    dark
        The last frame showed nothing: it was black, or of one colour.
    spent
        Seconds so far by what they went for: ``detect``, ``classify``, ``track``.
    """

    def __init__(self, cascade: Path, faces: FaceExpressions, params: LiveParams = LiveParams()) -> None:
        found = faces.params
        if params.min_neighbors is not None:
            found = replace(found, min_neighbors=params.min_neighbors)
        self.params, self._faces, self._search = params, faces, Search(cascade, found, params.min_face)
        self.dark, self.spent = False, defaultdict[str, float](float)
        self.reset()

    def reset(self) -> None:
        """Forget all faces: another film begins."""
        self._tracker = Tracker(max(self.params.carry, self.params.memory), self.params.confirm)
        self._answers: dict[Track, Smoothed] = {}
        self._searched, self._since = -np.inf, 0

    def step(self, image: NDArray[np.uint8], seconds: float | None) -> list[TrackedFace]:
        """The faces of the next frame.

        Parameters
        ----------
        image
            uint8, (height, width) grey or (height, width, 3) in OpenCV's order blue, green, red.
        seconds
            When it was taken, from any beginning, on a clock that does not depend on how fast this machine is. None:
            a still, which has nothing to do with other pictures.

        Raises
        ------
        pair.errors.InputError
            The image has another type or shape.
        """
        with self._timed("detect"):
            grey = as_grey(image)
            self.dark = _shows_nothing(grey)
        return self._still(grey) if seconds is None else self._moment(grey, seconds)

    def _still(self, grey: NDArray[np.uint8]) -> list[TrackedFace]:
        with self._timed("detect"):
            boxes, scores = _NOTHING if self.dark else self._search.everywhere(grey)
        answers = self._classify(grey, boxes)
        faces = []
        for number, (box, score, answer) in enumerate(zip(boxes, scores, answers, strict=True), start=1):
            likely = tuple(map(float, answer))
            label = EXPRESSIONS[int(answer.argmax())]
            faces.append(TrackedFace(number, _whole(box), float(score), label, likely, likely))
        return faces

    def _moment(self, grey: NDArray[np.uint8], seconds: float) -> list[TrackedFace]:
        with self._timed("track"):
            self._tracker.predict(seconds)
        with self._timed("detect"):
            boxes, scores = _NOTHING if self.dark else self._find(grey, seconds)
        with self._timed("track"):
            tracks = self._tracker.update(boxes, scores.tolist())
            places = np.array([track.motion.box for track in tracks]).reshape(-1, 4)
        answers = self._classify(grey, places)
        with self._timed("track"):
            for track, answer in zip(tracks, answers, strict=True):
                new = Smoothed(self.params.smoothing, self.params.margin)
                self._answers.setdefault(track, new).add(answer, seconds)
            self._answers = {track: self._answers[track] for track in self._tracker.tracks}
            raw = {track: tuple(map(float, answer)) for track, answer in zip(tracks, answers, strict=True)}
            shown = [one for one in self._tracker.tracks if one.number and seconds - one.seen <= self.params.carry]
            return [self._face(track, raw.get(track)) for track in shown]

    def _find(self, grey: NDArray[np.uint8], seconds: float) -> Found:
        """Around the known faces, where that is enough; else everywhere.

        Not in every frame, however far apart they are: where a whole search takes longer than `search_every`, each
        would make the next frame late, and that one be searched as a whole again.
        """
        known = [track for track in self._tracker.tracks if seconds - track.seen <= self.params.carry]
        newest = max((track.seen for track in known), default=-np.inf)
        fresh = [track for track in known if track.seen == newest]
        every = self.params.search_every
        self._since += 1
        if fresh and every and (self._since <= _BETWEEN or seconds - self._searched < every):
            found = self._search.around(grey, np.array([track.motion.box for track in known]))
            if len(found[0]) >= len(fresh):
                return found
        self._searched, self._since = seconds, 0
        return self._search.everywhere(grey)

    def _classify(self, grey: NDArray[np.uint8], boxes: NDArray[np.float64]) -> NDArray[np.float32]:
        with self._timed("classify"):
            return self._faces.classify(grey, boxes)

    def _face(self, track: Track, raw: tuple[float, ...] | None) -> TrackedFace:
        smoothed = self._answers[track]
        likely = tuple(map(float, smoothed.probabilities))
        label = EXPRESSIONS[smoothed.label]
        return TrackedFace(track.number, _whole(track.motion.box), track.score, label, likely, raw)

    @contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.spent[what] += time.perf_counter() - began


_NOTHING: Found = (np.zeros((0, 4)), np.zeros(0))


def _shows_nothing(grey: NDArray[np.uint8]) -> bool:
    sample = cv2.resize(grey, (32, 24), interpolation=cv2.INTER_AREA)
    return bool(sample.max() < _DARK or sample.std() < _FLAT)


def _whole(box: NDArray[np.float64]) -> Box:
    x, y, width, height = (round(float(value)) for value in box)
    return x, y, max(1, width), max(1, height)
