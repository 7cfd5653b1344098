"""Faces keep their identity from frame to frame: SORT, made for faces that look away for a moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cascade.boxes import iou
from live.assignment import assign
from live.motion import Motion

_LEAST_OVERLAP = 0.25
"""Intersection over union of where a face should be and where one is found, from which it is the same."""
_NEAR = 0.75
"""A face that overlaps too little may still be the same when its centre is less than so many sides from where it should
be, or from where it was last found..."""
_LIKE = 1.5
"""... and its side changed by less than this factor: it moved fast, or was away."""
_DOUBT = 0.25


@dataclass(eq=False)
class Track:
    """One face through time.

    Attributes
    ----------
    motion
        Where it is.
    found
        Where it was last found: ``(x, y, width, height)`` in pixels.
    seen
        The time, in seconds, when that was.
    score
        Of the last find.
    hits
        How often it was found.
    number
        1, 2, 3, ... in the order in which faces are believed; 0 while it is not.
    """

    motion: Motion
    found: NDArray[np.float64]
    seen: float
    score: float
    hits: int = 1
    number: int = 0


@dataclass
class Tracker:
    """All faces in sight.

    Parameters
    ----------
    memory
        Seconds after which a face that is not found is forgotten; one that is found later is a new one.
    confirm
        How often a face must be found before it is believed. Until then it is forgotten `_DOUBT` seconds after, but not
        before the next frame.
    """

    memory: float
    confirm: int
    tracks: list[Track] = field(default_factory=list)
    _last: float | None = None
    _count: int = 0

    def predict(self, seconds: float) -> None:
        """Go to the time `seconds`: faces move on, and those that have not been found for long are forgotten."""
        passed = 0.0 if self._last is None else seconds - self._last
        if passed < 0:  # the film was wound back: nothing that was known holds
            self.tracks.clear()
        self.tracks = [track for track in self.tracks if seconds - track.seen <= self._patience(track)]
        for track in self.tracks:
            track.motion.predict(passed)
            if track.seen < (self._last or 0.0):
                track.motion.fade(passed)
        self._last = seconds

    def update(self, boxes: NDArray[np.float64], scores: Sequence[float]) -> list[Track]:
        """Say where faces were found at the time that `predict` was given.

        Parameters
        ----------
        boxes
            ``(x, y, width, height)`` in pixels, shape (N, 4).
        scores
            One a box.

        Returns
        -------
        For each box its face.
        """
        assert self._last is not None, "`predict` comes first"
        pairs = self._pairs(boxes)
        for index, box in enumerate(boxes):
            if index in pairs:
                pairs[index].motion.correct(box)
                pairs[index].hits += 1
            else:
                pairs[index] = Track(Motion(box), box, self._last, 0.0)
                self.tracks.append(pairs[index])
            track = pairs[index]
            track.found, track.seen, track.score = box, self._last, float(scores[index])
            self._believe(track)
        return [pairs[index] for index in range(len(boxes))]

    def _believe(self, track: Track) -> None:
        if track.number == 0 and track.hits >= self.confirm:
            self._count += 1
            track.number = self._count

    def _patience(self, track: Track) -> float:
        """Who is not believed yet is waited for until the next frame, however slowly they come."""
        return self.memory if track.number or track.seen == self._last else min(self.memory, _DOUBT)

    def _pairs(self, boxes: NDArray[np.float64]) -> dict[int, Track]:
        """Boxes with their tracks: first by overlap, then, of those left, by nearness."""
        if not len(boxes) or not self.tracks:
            return {}
        places = np.array([track.motion.box for track in self.tracks])
        pairs = {box: track for track, box in assign(iou(places, boxes), _LEAST_OVERLAP)}
        tracks = [number for number in range(len(places)) if number not in pairs.values()]
        left = [number for number in range(len(boxes)) if number not in pairs]
        if tracks and left:
            found = np.array([self.tracks[number].found for number in tracks])
            worth = np.maximum(_nearness(places[tracks], boxes[left]), _nearness(found, boxes[left]))
            near = assign(worth, 1e-9)
            pairs |= {left[box]: tracks[track] for track, box in near}
        return {box: self.tracks[track] for box, track in pairs.items()}


def _nearness(places: NDArray[np.float64], boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """From 1, the same place, to 0, too far or too different a size: shape (tracks, boxes)."""
    sides = np.sqrt(places[:, 2:].prod(axis=1))[:, None], np.sqrt(boxes[:, 2:].prod(axis=1))[None, :]
    centres = [box[:, :2] + box[:, 2:] / 2 for box in (places, boxes)]
    distance = np.linalg.norm(centres[0][:, None] - centres[1][None, :], axis=2) / np.maximum(*sides)
    like = np.maximum(sides[0] / sides[1], sides[1] / sides[0]) < _LIKE
    return np.where(like, np.maximum(0.0, 1 - distance / _NEAR), 0.0)
