"""What the card of a cascade and a network together says."""

from __future__ import annotations

from cnn.labels import EXPRESSIONS
from tasks.cards import detector, network
from tasks.cards.facts import CardFacts, mapping
from tasks.cards.text import INTERVALS, NO_FIGURES, UNKNOWN, figure_rows, number, plain, table

FIGURES = {
    "right_share": "faces found and rightly named, of all faces",
    "balanced_right_share": "the same, mean over the expressions",
    "found_share": "faces found, of all faces",
    "right_of_found": "rightly named, of those found",
    "precision": "rightly named faces, of all boxes",
    "false_alarms_per_image": "false alarms a picture",
}
LIMITS = (
    "For finding upright, frontal faces in pictures and naming their expressions, in video one frame at a time.",
    *network.LIMITS[1:3],
    *detector.LIMITS[1:],
)
_LOADING = """
import mlflow  # in the environment: MLFLOW_TRACKING_URI=sqlite:///work/mlflow/mlflow.db, or your server
pair = mlflow.pyfunc.load_model("models:/{model}")
faces = pair.predict([picture])  # uint8, grey or BGR -> a table: image, box, score, expression, probabilities

from pathlib import Path  # with the pulled files, in a checkout of Facefoundry
from pair.find import FaceExpressions, PairParams
pair = FaceExpressions(Path("cascade.xml"), Path("model.onnx"), PairParams({settings}))
faces = pair.find(picture)
"""
_POINT = ("scale_factor", "min_neighbors", "min_size", "max_size", "crop_scale", "crop_down")


def what(facts: CardFacts) -> str:
    """The model in two sentences."""
    return (
        f"A cascade ({_part(facts, 'cascade')}) that finds faces and a network ({_part(facts, 'network')}) that names "
        f"their expressions, as one model. Pictures go in; faces come out, each with its box, the likeliest of "
        f"{', '.join(EXPRESSIONS)}, and the probability of each."
    )


def figures(facts: CardFacts) -> list[str]:
    """The whole, and the expressions."""
    found, settings = facts.record("metrics.json"), mapping(facts.record("measured.json").get("parameters"))
    if not found:
        return [NO_FIGURES]
    on = (
        f"Measured on {number(found.get('scenes'))} scenes (folder or file: "
        f"{plain(facts.record('measured.json').get('scenes'))}) with {number(found.get('faces'))} faces, at the "
        f"operating point below. A face is found from an overlap (IoU) of {number(settings.get('iou'), 2)} on. "
        f"{INTERVALS}"
    )
    rows = [
        [
            name,
            *(number(found.get(f"{figure}_{name.lower()}")) for figure in ("faces", "found", "right", "right_share")),
        ]
        for name in EXPRESSIONS
    ]
    return [on, figure_rows(found, FIGURES), table(("expression", "faces", "found", "right", "share"), rows)]


def data(facts: CardFacts) -> list[str]:
    """Where the parts' own data are told."""
    return [f"The parts were trained apart: {_cards(facts)}."]


def licences(facts: CardFacts) -> tuple[str, ...]:
    """Where the terms are told."""
    return (f"Those of the parts: {_cards(facts)}.",)


def loading(facts: CardFacts, model: str) -> str:
    """Python that loads it; `model` is NAME/VERSION."""
    point = mapping(facts.told("operating_point"))
    known = {name: point[name] for name in _POINT if number(point.get(name)) != UNKNOWN}
    chosen = {name: value for name, value in known.items() if name != "max_size" or value}  # 0 is no limit
    return _LOADING.format(model=model, settings=", ".join(f"{name}={value}" for name, value in chosen.items()))


def _cards(facts: CardFacts) -> str:
    parts = " and ".join(_part(facts, name) for name in ("cascade", "network"))
    return f"see the cards of {parts}, which `facefoundry pull` writes"


def _part(facts: CardFacts, name: str) -> str:
    told = mapping(facts.told("parts")).get(name)
    return plain(told) if told else f"{name}: {UNKNOWN}"
