"""How models of each kind are measured against one another, on data that neither was trained on."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cascade.challenge import SceneOutcomes, compare_recall, measure_scenes
from cascade.detect import Detector
from cascade.errors import CascadeError
from cascade.evaluate import EvaluateCascadeParams
from cnn.challenge import FaceOutcomes, compare_balanced_accuracy, measure_faces
from cnn.errors import CnnError
from cnn.predict import load_model
from pair.challenge import measure_labelled_scenes
from pair.errors import PairError
from pair.find import FaceExpressions
from pair.params import EvaluatePairParams
from runs.paired_bootstrap import Comparison
from runs.progress import Report
from tasks.promotion_params import HeldOut, PromotionParams
from tasks.publish_pull import ABOUT
from tasks.publish_record import PublishError


@dataclass(frozen=True)
class Contest:
    """One kind of models: what is compared, on what, and how.

    `load` raises where a pulled folder's model cannot be loaded; `measure` takes the folder, the data, the parameters
    and a report, and gives outcomes; `compare` takes those of the champion (None: a model that knows nothing) and of
    the challenger.
    """

    figure: str
    data: str
    """The field of `HeldOut`."""
    load: Callable[[Path], Any]
    measure: Callable[[Path, Path, PromotionParams, Report], Any]
    compare: Callable[[Any, Any, PromotionParams], Comparison]
    drawn: str = "scenes"
    budgeted: bool = True
    """Whether the figure is that with at most so many false alarms as `PromotionParams` allows."""

    def data_of(self, held_out: HeldOut, model: str) -> Path:
        """The data that this kind needs.

        Raises
        ------
        PublishError
            They were not given.
        """
        path: Path | None = getattr(held_out, self.data)
        if path is None:
            raise PublishError(f"{model} is measured on `{self.data}`, and none were given. Name them.")
        return path

    def drawn_from(self, outcomes: Any, units: int) -> str:
        """What the comparison of these outcomes drew, in words: people where faces of one person went together."""
        return "people" if self.drawn == "faces" and units < len(outcomes.labels) else self.drawn

    def condition(self, params: PromotionParams) -> str:
        """Under what the figure holds, as the beginning of a sentence; empty where it always does."""
        return f"With at most {params.false_alarm_budget:g} false alarms an image, " if self.budgeted else ""


def loads(contest: Contest, folder: Path) -> str:
    """Why the model in a pulled folder cannot be loaded; empty where it can."""
    try:
        contest.load(folder)
    except (CascadeError, CnnError, PairError) as error:
        return str(error)
    return ""


def _measure_cascade(folder: Path, scenes: Path, params: PromotionParams, report: Report) -> SceneOutcomes:
    chosen = {name: getattr(params, name) for name in ("scale_factor", "min_size", "iou", "label")}
    return measure_scenes(folder / "cascade.xml", scenes, EvaluateCascadeParams(**chosen), report=report)


def _compare_cascades(champion: SceneOutcomes | None, challenger: SceneOutcomes, params: PromotionParams) -> Comparison:
    budget = params.false_alarm_budget
    return compare_recall(champion, challenger, budget, draws=params.draws, confidence=params.confidence)


def _measure_network(folder: Path, faces: Path, _params: PromotionParams, report: Report) -> FaceOutcomes:
    return measure_faces(folder / "model.keras", faces, report=report)


def _compare_networks(champion: FaceOutcomes | None, challenger: FaceOutcomes, params: PromotionParams) -> Comparison:
    return compare_balanced_accuracy(champion, challenger, draws=params.draws, confidence=params.confidence)


def _load_pair(folder: Path) -> FaceExpressions:
    return FaceExpressions(folder / "cascade.xml", _network_of(folder))


def _measure_pair(folder: Path, scenes: Path, params: PromotionParams, report: Report) -> SceneOutcomes:
    point = json.loads((folder / ABOUT).read_text(encoding="utf-8")).get("operating_point") or {}
    chosen = EvaluatePairParams(
        scale_factor=params.scale_factor,
        min_size=params.min_size,
        iou=params.iou,
        crop_scale=float(point.get("crop_scale", EvaluatePairParams.crop_scale)),
        crop_down=float(point.get("crop_down", EvaluatePairParams.crop_down)),
    )
    return measure_labelled_scenes(folder / "cascade.xml", _network_of(folder), scenes, chosen, report=report)


def _network_of(folder: Path) -> Path:
    """The ONNX file where there is one: it is the same network, and needs no TensorFlow."""
    onnx = folder / "model.onnx"
    return onnx if onnx.is_file() else folder / "model.keras"


CONTESTS: dict[str, Contest] = {
    "cascade": Contest(
        "recall", "scenes", lambda folder: Detector(folder / "cascade.xml"), _measure_cascade, _compare_cascades
    ),
    "pair": Contest("faces found and rightly named", "labelled_scenes", _load_pair, _measure_pair, _compare_cascades),
    "cnn": Contest(
        "balanced accuracy",
        "faces",
        lambda folder: load_model(folder / "model.keras"),
        _measure_network,
        _compare_networks,
        drawn="faces",
        budgeted=False,
    ),
}
"""By the kind that a version is tagged with."""
