"""What the card of a cascade says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cascade.evaluate import SIZES
from tasks.cards.facts import CardFacts, mapping
from tasks.cards.text import INTERVALS, NO_FIGURES, UNKNOWN, block, figure_rows, number, plain, table

FIGURES = {
    "recommended_recall": "recall",
    "recommended_precision": "precision",
    "recommended_false_alarms_per_image": "false alarms a picture",
    "average_precision": "average precision",
}
LIMITS = (
    "For finding such objects in pictures, and in video one frame at a time. It tells no two of them apart.",
    "What is smaller than its window is not found. Turned, tilted and half-hidden objects were not measured apart.",
    "The score counts the windows that agree; it is no probability.",
    "Other cameras, light and people than those of the scenes were not measured, nor differences by age, sex or skin "
    "colour: the record does not tell them.",
)
LICENCES = ("The record does not name the sources of the pictures: ask who gave them.",)
_USUAL = {"scale_factor": 1.1, "min_neighbors": 3, "min_size": 0, "max_size": 0}
_LOADING = """
import mlflow  # in the environment: MLFLOW_TRACKING_URI=sqlite:///work/mlflow/mlflow.db, or your server
detector = mlflow.pyfunc.load_model("models:/{model}")
boxes = detector.predict(grey)  # uint8 (height, width) -> rows of x, y, width, height, score

import cv2  # with the pulled file; OpenCV 4, or opencv-contrib-python of OpenCV 5
detector = cv2.CascadeClassifier("cascade.xml")
boxes = {call}
"""


def what(facts: CardFacts) -> str:
    """The model in two sentences."""
    wanted, trained = facts.parameters, facts.record("training.json")
    return (
        f"An OpenCV cascade ({plain(wanted.get('feature_type'))}, {number(trained.get('stages'))} stages, a window of "
        f"{number(wanted.get('width'))} x {number(wanted.get('height'))} pixels) that finds in pictures what its "
        "positives show. A grey picture goes in; boxes with scores come out."
    )


def figures(facts: CardFacts) -> list[str]:
    """The registered operating point, and the recall by size."""
    found, measured = facts.record("metrics.json"), facts.record("measured.json")
    if not found:
        return [NO_FIGURES]
    settings = mapping(measured.get("parameters"))
    on = (
        f"Measured on {number(found.get('scenes'))} scenes (folder or file: {plain(measured.get('scenes'))}) with "
        f"{number(found.get('faces'))} objects, at the operating point below: {_choice(found, settings)}. It was "
        "chosen on these same scenes, which flatters it a little. A find is right from an overlap (IoU) of "
        f"{number(settings.get('iou'), 2)} on. {INTERVALS}"
    )
    rows = [
        [_sides(*sides), number(found.get(f"faces_{name}")), number(found.get(f"recall_{name}"))]
        for name, sides in SIZES.items()
    ]
    usual, best = (number(found.get(name)) for name in ("min_neighbors", "recommended_min_neighbors"))
    sizes = f"By size, at `min_neighbors` {usual}{'' if usual == best else f' (the operating point has {best})'}:"
    return [on, figure_rows(found, FIGURES), sizes, table(("side of the box", "objects", "recall"), rows)]


def data(facts: CardFacts) -> list[str]:
    """How many pictures taught it."""
    trained = facts.record("training.json")
    return [f"{number(trained.get('num_pos'))} positives, and {number(trained.get('num_neg'))} negatives a stage."]


def licences(_: CardFacts) -> tuple[str, ...]:
    """On what terms the pictures were had."""
    return LICENCES


def loading(facts: CardFacts, model: str) -> str:
    """Python that loads it; `model` is NAME/VERSION."""
    return _LOADING.format(model=model, call=_call(facts))


def in_opencv(facts: CardFacts) -> list[str]:
    """How OpenCV is to search, as a line of Python; empty where no setting was registered."""
    return ["In OpenCV:", block("python", f"boxes = {_call(facts)}")] if _point(facts) else []


def _call(facts: CardFacts) -> str:
    """OpenCV's own words for the operating point; sizes that set no limit are left out."""
    point = _USUAL | _point(facts)
    words = [f"scaleFactor={point['scale_factor']}", f"minNeighbors={point['min_neighbors']}"]
    for name, word in (("min_size", "minSize"), ("max_size", "maxSize")):
        if point[name]:
            words.append(f"{word}=({point[name]}, {point[name]})")
    return f"detector.detectMultiScale(grey, {', '.join(words)})"


def _point(facts: CardFacts) -> dict[str, Any]:
    point = mapping(facts.told("operating_point"))
    return {name: point[name] for name in _USUAL if number(point.get(name)) != UNKNOWN}


def _choice(found: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    budget = f"{number(settings.get('false_alarm_budget'), 2)} false alarms a picture"
    if found.get("recommended_within_budget") is False:
        return f"the fewest false alarms, as no setting keeps within {budget}"
    return f"the highest recall within {budget}"


def _sides(least: float, most: float) -> str:
    return f"{least:g} pixels and more" if most == float("inf") else f"{least:g} to {most:g} pixels"
