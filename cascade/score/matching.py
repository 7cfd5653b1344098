"""Which detections are right: matching with the truth, and the figures that follow from it.

Definitions
-----------
Detections are taken in the order of their scores, the best first. Each takes, of the true boxes that no better
detection has taken, the one it agrees with most, if their intersection over union is at least the threshold: a *hit*.
A detection that takes none is a *false alarm*, a second one on the same object too. A true box that nobody takes is a
*miss*. These are the rules by which the CMU-MIT set has been reported since Rowley (1998) and the PASCAL VOC
challenge (Everingham and others, 2010) works, with one difference from VOC: there a detection whose best true box is
taken is a false alarm, here it may take the next best (as in COCO), so that two objects close together can both be
found. Boxes that are marked to be ignored (difficult, crowd) count for nothing: a detection that takes no true box and
lies in an ignored one, with at least the threshold's share of its own area, is left out, and an ignored box that
nothing finds is no miss. That is COCO's rule for crowds, whose one box holds many objects.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cascade.boxes import covered, iou


@dataclass(frozen=True)
class Matched:
    """One scene's detections, the best score first, and what each took.

    `takes` is of shape (N,): the number of the true box, or -1 for a false alarm; `boxes` (N, 4) and `truth` (M, 4) are
    ``(x, y, width, height)``; `scores` (N,) says how many windows agreed.
    """

    boxes: NDArray[np.int64]
    scores: NDArray[np.float64]
    truth: NDArray[np.int64]
    takes: NDArray[np.int64]

    def above(self, min_neighbors: int) -> Matched:
        """The same scene at a stricter operating point: only detections with more neighbours than that.

        Taking them in the order of scores makes the stricter matching a part of this one.
        """
        kept = self.scores > min_neighbors
        return Matched(self.boxes[kept], self.scores[kept], self.truth, self.takes[kept])

    @property
    def hits(self) -> int:
        """How many true boxes are found."""
        return int((self.takes >= 0).sum())

    @property
    def false_alarms(self) -> int:
        """How many detections took no true box."""
        return int((self.takes < 0).sum())

    @property
    def found(self) -> NDArray[np.bool_]:
        """For each true box, whether it is found: shape (M,)."""
        found = np.zeros(len(self.truth), dtype=bool)
        found[self.takes[self.takes >= 0]] = True
        return found


@dataclass(frozen=True)
class OperatingPoint:
    """What a cascade does on a set of scenes at one `min_neighbors`.

    `recall` is None in a set without objects, `precision` None without a detection, `f1` None without both.
    """

    min_neighbors: int
    recall: float | None
    precision: float | None
    f1: float | None
    hits: int
    misses: int
    false_alarms: int
    false_alarms_per_image: float


def match(boxes: ArrayLike, scores: ArrayLike, truth: ArrayLike, threshold: float, ignored: ArrayLike = ()) -> Matched:
    """Match one scene's detections with its true boxes, by the definitions above.

    Parameters
    ----------
    boxes, scores
        Detections, shapes (N, 4) and (N,), in any order; of equal scores the first goes first.
    truth
        True boxes, shape (M, 4); they may reach outside the picture.
    threshold
        Least intersection over union of a hit, in (0, 1].
    ignored
        Boxes that count for nothing, shape (K, 4).
    """
    wanted = np.asarray(truth, dtype=np.int64).reshape(-1, 4)
    order = np.argsort(-np.asarray(scores, dtype=np.float64).reshape(-1), kind="stable")
    given = np.asarray(boxes, dtype=np.int64).reshape(-1, 4)[order]
    agreement = iou(given, wanted)
    takes = np.full(len(given), -1, dtype=np.int64)
    for number in range(len(given) if len(wanted) else 0):
        best = int(agreement[number].argmax())
        if agreement[number, best] >= threshold:
            takes[number] = best
            agreement[:, best] = -1.0
    counts = (takes >= 0) | ~(covered(given, np.asarray(ignored).reshape(-1, 4)) >= threshold).any(axis=1)
    ordered = np.asarray(scores, dtype=np.float64).reshape(-1)[order]
    return Matched(given[counts], ordered[counts], wanted, takes[counts])


def operating_point(scenes: Sequence[Matched], min_neighbors: int) -> OperatingPoint:
    """The figures of a set of scenes, at least one, when only detections with more neighbours count."""
    at = [scene.above(min_neighbors) for scene in scenes]
    hits, false_alarms = sum(scene.hits for scene in at), sum(scene.false_alarms for scene in at)
    faces = sum(len(scene.truth) for scene in at)
    return OperatingPoint(
        min_neighbors=min_neighbors,
        recall=hits / faces if faces else None,
        precision=hits / (hits + false_alarms) if hits + false_alarms else None,
        f1=2 * hits / (hits + false_alarms + faces) if hits + false_alarms + faces else None,
        hits=hits,
        misses=faces - hits,
        false_alarms=false_alarms,
        false_alarms_per_image=false_alarms / len(at),
    )


def average_precision(scenes: Sequence[Matched]) -> float | None:
    """The area under precision over recall, all scores swept; None in a set without objects.

    Precision at a recall is the best that is reached there or beyond, as in PASCAL VOC since 2010. Detections of equal
    score come in together, as no threshold can part them.
    """
    faces = sum(len(scene.truth) for scene in scenes)
    if not faces:
        return None
    scores = np.concatenate([scene.scores for scene in scenes])
    order = np.argsort(-scores, kind="stable")
    right = np.concatenate([scene.takes >= 0 for scene in scenes])[order]
    last_of_score = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True)[: len(order)])
    hits = np.cumsum(right)[last_of_score]
    precision = np.maximum.accumulate((hits / (last_of_score + 1))[::-1])[::-1]
    return float((np.diff(hits, prepend=0) * precision).sum() / faces)


def recommend(points: Sequence[OperatingPoint], budget: float) -> tuple[OperatingPoint, bool]:
    """The point of the highest recall with at most `budget` false alarms an image, and whether there is one.

    Of equal recall the fewest false alarms win, then the smallest `min_neighbors`. Where no point keeps the budget, it
    is the one with the fewest false alarms. Chosen on the scenes it is measured on, the point flatters a little.
    """
    within = [point for point in points if point.false_alarms_per_image <= budget]
    if within:
        return max(within, key=lambda point: (point.hits, -point.false_alarms, -point.min_neighbors)), True
    return min(points, key=lambda point: (point.false_alarms, -point.hits, point.min_neighbors)), False
