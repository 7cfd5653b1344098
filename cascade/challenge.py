"""Is one cascade better than another? Recall at a budget of false alarms, by the paired bootstrap over scenes.

The figure is that of `cascade.compare`: the highest recall of all `min_neighbors` with at most so many false alarms an
image. Each draw of scenes chooses its own `min_neighbors` for each cascade. With points fixed beforehand, many draws
would break the budget, more of them for the cascade that uses it to the full; chosen anew, both keep it in every draw,
and the interval knows that the choice depends on the scenes too. A cascade that cannot keep the budget at any point has
recall 0. Scenes are drawn, not objects, as those of one picture are not independent.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cascade.annotations.records import Annotation
from cascade.errors import InputError
from cascade.score.matching import Matched
from cascade.score.params import EvaluateCascadeParams
from cascade.score.scenes import Scene, read_scenes, require_scenes, search
from runs.paired_bootstrap import Comparison, paired_bootstrap
from runs.progress import Report, silent
from runs.record import digest
from runs.skips import Skip


@dataclass(frozen=True)
class SceneOutcomes:
    """What a cascade did in each scene, at each `min_neighbors` from 1 up.

    `hits` and `false_alarms` are of shape (scenes, points), `objects` (scenes,). `sha256` identifies the pictures and
    the boxes that were measured, wherever they lie.
    """

    hits: NDArray[np.int64]
    false_alarms: NDArray[np.int64]
    objects: NDArray[np.int64]
    sha256: str

    def __str__(self) -> str:
        return f"{int(self.objects.sum())} objects in {len(self.objects)} scenes"


def measure_scenes(
    cascade: Path, scenes: Path, params: EvaluateCascadeParams = EvaluateCascadeParams(), *, report: Report = silent
) -> SceneOutcomes:
    """Run a cascade over scenes with true boxes.

    Parameters
    ----------
    scenes
        Annotations in any format, as for `cascade.evaluate.evaluate_cascade`.

    Raises
    ------
    InputError
        The cascade or the scenes cannot be read, or there is no object in them.
    """
    problems: list[Skip] = []
    annotations = read_scenes(scenes, params, problems)
    searched = search(cascade, scenes, annotations, params, report)
    require_scenes(searched, scenes, problems + searched.problems)
    objects = np.array([len(scene.matched.truth) for scene in searched.scenes])
    if not objects.any():
        raise InputError(f"{scenes}: holds no object, so that no recall can be measured. Name scenes with objects.")
    hits, alarms = zip(*(_by_point(scene.matched, params.curve_points) for scene in searched.scenes), strict=True)
    return SceneOutcomes(np.stack(hits), np.stack(alarms), objects, _identify(searched.scenes, annotations))


def compare_recall(
    champion: SceneOutcomes | None,
    challenger: SceneOutcomes,
    budget: float,
    *,
    draws: int = 2000,
    confidence: float = 0.95,
) -> Comparison:
    """Recall with at most `budget` false alarms an image: the champion's, the challenger's, and the difference.

    Parameters
    ----------
    champion
        None where there is none to measure: then it is a cascade that finds nothing.

    Raises
    ------
    InputError
        They were measured on different scenes.
    """
    first = _blind(challenger) if champion is None else champion
    if first.sha256 != challenger.sha256 or first.hits.shape != challenger.hits.shape:
        raise InputError("The two cascades were measured on different scenes. Measure both on the same.")
    objects = challenger.objects[:, None]
    parts = (first.hits, first.false_alarms, challenger.hits, challenger.false_alarms, objects, np.ones_like(objects))
    points = challenger.hits.shape[1]

    def figures(sums: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        one, one_alarms, other, other_alarms = (sums[:, k * points : (k + 1) * points] for k in range(4))
        total, images = sums[:, -2], sums[:, -1]
        return _recall(one, one_alarms, total, images, budget), _recall(other, other_alarms, total, images, budget)

    return paired_bootstrap(np.hstack(parts), figures, draws=draws, confidence=confidence)


def _recall(
    hits: NDArray[np.float64],
    alarms: NDArray[np.float64],
    objects: NDArray[np.float64],
    images: NDArray[np.float64],
    budget: float,
) -> NDArray[np.float64]:
    best = np.where(alarms / images[:, None] <= budget, hits, 0.0).max(axis=1)
    return np.divide(best, objects, out=np.full_like(best, np.nan), where=objects > 0)


def _by_point(scene: Matched, points: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Hits and false alarms of one scene when more neighbours than 1, 2, ... `points` are asked for: (points,) each."""
    above = scene.scores[:, None] > np.arange(1, points + 1)
    right = (scene.takes >= 0)[:, None]
    return (above & right).sum(axis=0), (above & ~right).sum(axis=0)


def _blind(like: SceneOutcomes) -> SceneOutcomes:
    nothing = np.zeros_like(like.hits)
    return SceneOutcomes(nothing, nothing, like.objects, like.sha256)


def _identify(scenes: Sequence[Scene], annotations: Sequence[Annotation]) -> str:
    searched, total = {scene.picture for scene in scenes}, hashlib.sha256()
    for one in annotations:
        if one.picture in searched:
            boxes = json.dumps([np.asarray(each).tolist() for each in (one.boxes, one.ignored)])
            total.update(f"{digest(one.picture)} {boxes}\n".encode())
    return total.hexdigest()
