"""Is one pair of cascade and network better than another? Scene in, faces found and rightly named out.

The figure is the share of all faces that are found and rightly named, with at most so many false alarms an image: as in
`cascade.challenge`, whose bootstrap over scenes it is. Each pair cuts faces out as it was registered to, and how many
windows must agree is chosen anew in each draw, for a pair that fires everywhere would find everything.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from cascade.challenge import SceneOutcomes
from cascade.score.params import EvaluateCascadeParams
from pair.measure import SceneOutcome, measure_pair
from pair.params import EvaluatePairParams
from runs.progress import Report, silent
from runs.record import digest


def measure_labelled_scenes(
    cascade: Path,
    network: Path,
    scenes: Path,
    params: EvaluatePairParams = EvaluatePairParams(),
    *,
    report: Report = silent,
) -> SceneOutcomes:
    """Run a pair over scenes whose faces are labelled; a hit is a face that is found and rightly named.

    Parameters
    ----------
    cascade, network, scenes
        As for `pair.evaluate.evaluate_pair`.
    params
        `min_neighbors` is not looked at: all are measured.

    Raises
    ------
    InputError
        As for `pair.evaluate.evaluate_pair`.
    """
    outcomes = measure_pair(cascade, network, scenes, replace(params, min_neighbors=1), report=report)
    points = np.arange(1, EvaluateCascadeParams().curve_points + 1)
    right = [_above(one, one.is_right, points) for one in outcomes]
    alarms = [_above(one, one.matched.takes < 0, points) for one in outcomes]
    faces = np.array([one.faces for one in outcomes])
    return SceneOutcomes(np.stack(right), np.stack(alarms), faces, _identify(outcomes))


def _above(one: SceneOutcome, counted: np.ndarray, points: np.ndarray) -> np.ndarray:
    """How many of the `counted` boxes more windows than each of `points` agree on."""
    above: np.ndarray = one.matched.scores[counted][:, None] > points
    return above.sum(axis=0)


def _identify(outcomes: Sequence[SceneOutcome]) -> str:
    total = hashlib.sha256()
    for one in outcomes:
        total.update(f"{digest(one.picture)} {one.matched.truth.tolist()} {one.labels.tolist()}\n".encode())
    return total.hexdigest()
