"""Run a cascade and a network over labelled scenes, and tell for each face whether it was found and rightly named.

A face counts as *right* when a box of the cascade agrees with the true one (by the rules of `cascade.score.matching`)
and the network names its expression. A box that agrees with no face is a false alarm, whatever the network says of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cascade.boxes import iou
from cascade.pictures import PictureError, load_grey
from cascade.score.matching import Matched, match
from cascade.score.scenes import printable
from cnn.labels import EXPRESSIONS
from pair.errors import InputError
from pair.find import FaceExpressions, FoundFace
from pair.labels import LabelledScene, read_labelled_scenes
from pair.params import EvaluatePairParams
from runs.progress import Progress, Report, silent
from runs.skips import Skip


@dataclass(frozen=True)
class SceneOutcome:
    """One scene's answers against the truth.

    `matched` has the cascade's boxes and what each took; `labels` (M,) are the true expressions, positions in
    `cnn.labels.EXPRESSIONS`; `probabilities` (N, 5) the network's of each box. `width` and `height` are the picture's.
    """

    picture: Path
    matched: Matched
    labels: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    width: int
    height: int

    @property
    def faces(self) -> int:
        """How many faces there are."""
        return len(self.labels)

    @property
    def hits(self) -> int:
        """How many of them were found."""
        return self.matched.hits

    @property
    def right(self) -> int:
        """How many of them were found and rightly named."""
        return int(self.is_right.sum())

    @property
    def false_alarms(self) -> int:
        """How many boxes are no face."""
        return self.matched.false_alarms

    @property
    def said(self) -> NDArray[np.int64]:
        """The expression that the network names, for each box: (N,)."""
        return self.probabilities.argmax(axis=1).astype(np.int64)

    @property
    def is_right(self) -> NDArray[np.bool_]:
        """For each box, whether it is a face that is rightly named: (N,)."""
        takes = self.matched.takes
        right = takes >= 0
        right[right] = self.said[right] == self.labels[takes[right]]
        return right

    @property
    def answers(self) -> NDArray[np.int64]:
        """For each face the expression that was named, or -1 where the face was not found: (M,)."""
        named = np.full(len(self.labels), -1, dtype=np.int64)
        found = self.matched.takes >= 0
        named[self.matched.takes[found]] = self.said[found]
        return named


def measure_pair(
    cascade: Path,
    network: Path,
    scenes: Path,
    params: EvaluatePairParams = EvaluatePairParams(),
    *,
    problems: list[Skip] | None = None,
    report: Report = silent,
) -> list[SceneOutcome]:
    """The outcomes, scene by scene, in the order of the annotations.

    Parameters
    ----------
    cascade, network, params
        As for `pair.find.FaceExpressions`.
    scenes
        Labelled annotations: see `pair.labels.read_labelled_scenes`.
    problems
        Scenes that could not be read, and boxes that count for nothing, are appended here.

    Raises
    ------
    InputError
        No box has the label of an expression, no scene can be read, or no face is left in those that can.
    """
    skipped = problems if problems is not None else []
    labelled = read_labelled_scenes(scenes, params.annotation_format, skipped)
    asked = FaceExpressions(cascade, network, params.pair())
    outcomes = []
    for number, scene in enumerate(labelled, start=1):
        outcome = _outcome(asked, scene, scenes, params.iou, skipped)
        outcomes += [outcome] if outcome else []
        told = f"{outcome.right} of {outcome.faces} right" if outcome else "skipped"
        report(Progress(f"{printable(scene.picture.name)}: {told}", number, len(labelled)))
    _require_faces(outcomes, scenes, skipped)
    return outcomes


def confusion(outcomes: Sequence[SceneOutcome]) -> NDArray[np.int64]:
    """Faces by their true expression and by what was said of them, the last column for those not found: (5, 6)."""
    counts = np.zeros((len(EXPRESSIONS), len(EXPRESSIONS) + 1), dtype=np.int64)
    for one in outcomes:
        np.add.at(counts, (one.labels, one.answers), 1)  # -1 is the last column
    return counts


def _outcome(
    asked: FaceExpressions, scene: LabelledScene, scenes: Path, threshold: float, problems: list[Skip]
) -> SceneOutcome | None:
    try:
        image = load_grey(scene.picture)
    except PictureError as error:
        name = printable(scene.picture.name)
        problems.append(Skip(printable(str(scenes)), 0, error.rule, f"{name}: {error.value}", error.remedy))
        return None
    height, width = image.shape
    seen = [n for n, box in enumerate(scene.boxes) if iou([box], [(0, 0, width, height)]).item() > 0]
    if len(seen) < len(scene.boxes):
        value = f"{printable(scene.picture.name)}: {len(scene.boxes) - len(seen)}"
        problems.append(Skip(printable(str(scenes)), 0, "box without area in its picture", value, "Correct the box."))
    found = asked.find(image)
    boxes, scores = [face.box for face in found], [face.score for face in found]
    matched = match(boxes, scores, [scene.boxes[n] for n in seen], threshold, scene.ignored)
    labels = np.array([scene.labels[n] for n in seen], dtype=np.int64)
    return SceneOutcome(scene.picture, matched, labels, _of_matched(matched, boxes, found), width, height)


def _of_matched(matched: Matched, boxes: Sequence[Sequence[int]], found: Sequence[FoundFace]) -> NDArray[np.float32]:
    """The probabilities of the boxes that count, in their order."""
    by_box = {tuple(box): face.probabilities for box, face in zip(boxes, found, strict=True)}
    rows = [by_box[tuple(box)] for box in matched.boxes.tolist()]
    return np.asarray(rows, dtype=np.float32).reshape(-1, len(EXPRESSIONS))


def _require_faces(outcomes: Sequence[SceneOutcome], scenes: Path, problems: Sequence[Skip]) -> None:
    if not any(one.faces for one in outcomes):
        reason = f"; the first: {problems[0]}" if problems else ""
        raise InputError(f"{scenes}: no labelled face is left in the scenes that can be read{reason}")
