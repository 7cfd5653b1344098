"""What the card of an expression network says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cnn.datasets.registry import READERS
from cnn.labels import EXPRESSIONS
from tasks.cards.facts import CardFacts, mapping
from tasks.cards.text import INTERVALS, NO_FIGURES, figure_rows, interval, number, plain, table

FIGURES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro F1",
    "log_loss": "log loss",
    "calibration_error": "calibration error",
}
LIMITS = (
    "For naming the expression of a face that a detector found.",
    f"It always answers with one of {', '.join(EXPRESSIONS)}: for other expressions, and where there is no face, too.",
    "It learned what people called a still picture, which is not what the person in it felt. It is not meant for "
    "decisions about people.",
    "It takes upright, frontal faces, cut as those of its datasets. What it answers for others was not measured.",
    "Differences by age, sex or skin colour were not measured: the record does not tell them.",
)
_LOADING = """
import mlflow  # in the environment: MLFLOW_TRACKING_URI=sqlite:///work/mlflow/mlflow.db, or your server
network = mlflow.pyfunc.load_model("models:/{model}")
answers = network.predict(faces)  # float32 (N, 48, 48, 1) of 0 to 255 -> probabilities (N, 5)

import keras  # with the pulled file
network = keras.models.load_model("model.keras")
answers = network.predict(faces)
"""
_ONNX = """
import cv2  # OpenCV 5, with the pulled ONNX file and without TensorFlow
network = cv2.dnn.readNetFromONNX("model.onnx", engine=cv2.dnn.ENGINE_NEW)
network.setInput(faces)
answers = network.forward()
"""
_NO_ONNX = """
# There is no ONNX file of this version: facefoundry cnn export model.keras exported --format onnx
"""


def what(facts: CardFacts) -> str:
    """The model in two sentences."""
    wanted, trained, classes = facts.parameters, facts.record("training.json"), facts.told("classes")
    return (
        f"A network (`{plain(wanted.get('model'))}`, {number(trained.get('parameters'))} weights) for the expression "
        "of one face. A grey face of 48 x 48 pixels, 0 to 255, goes in; the probabilities of "
        f"{', '.join(map(plain, classes)) if isinstance(classes, list) else plain(None)} come out. "
        f"{_calibration(trained)}{_views(facts.record('measured.json'))}"
    )


def figures(facts: CardFacts) -> list[str]:
    """The whole, the classes, and the datasets."""
    found, measured = facts.record("metrics.json"), facts.record("measured.json")
    if not found:
        return [NO_FIGURES]
    split = plain(mapping(measured.get("parameters")).get("split"))
    on = f"Measured on {number(found.get('faces'))} faces of the split {split}. {INTERVALS}"
    heads = ("class", "faces", "recall", "95 % interval", "precision", "F1")
    sources = [
        [one, *(number(found.get(f"{name}_{one}")) for name in ("faces", "accuracy", "balanced_accuracy"))]
        for one in _sources(facts)
    ]
    classes = table(heads, [_class(facts, name) for name in EXPRESSIONS])
    by_source = table(("dataset", "faces", "accuracy", "balanced accuracy"), sources)
    return [on, figure_rows(found, FIGURES), classes, *([by_source] if sources else [])]


def data(facts: CardFacts) -> list[str]:
    """How many faces taught it, of which datasets and classes."""
    trained, store = facts.record("training.json"), mapping(facts.record("measured.json").get("faces"))
    counts = f"{number(trained.get('train_faces'))} faces, and {number(trained.get('validation_faces'))} to validate."
    if not store or store.get("table_sha256") != facts.inputs.get("table"):
        return [counts, "How many of them are of which dataset and class, the record does not tell."]
    rows = [
        [plain(source), plain(split), *(number(mapping(classes).get(name, 0)) for name in EXPRESSIONS)]
        for source, splits in mapping(store.get("counts")).items()
        for split, classes in mapping(splits).items()
    ]
    return [counts, table(("dataset", "split", *EXPRESSIONS), rows)]


def licences(facts: CardFacts) -> tuple[str, ...]:
    """On what terms the datasets were had, as their readers know it."""
    told = tuple(f"{name}: {READERS[name].licence}" for name in _sources(facts))
    return told or ("The record does not name the datasets: ask who gave them.",)


def loading(facts: CardFacts, model: str) -> str:
    """Python that loads it; `model` is NAME/VERSION."""
    return _LOADING.format(model=model) + (_ONNX if "model.onnx" in facts.files else _NO_ONNX)


def _calibration(trained: Mapping[str, Any]) -> str:
    temperature = trained.get("temperature")
    if temperature is None:
        return "The record does not tell whether they are calibrated."
    if temperature == 1:
        return "They are not calibrated: the temperature is 1."
    return f"They are calibrated on the validation faces, by the temperature {number(temperature)}."


def _views(measured: Mapping[str, Any]) -> str:
    views = measured.get("views", 1)
    return "" if views == 1 else f" The model makes {number(views)} views of the face and averages their answers."


def _sources(facts: CardFacts) -> list[str]:
    counts = mapping(mapping(facts.record("measured.json").get("faces")).get("counts"))
    return [name for name in READERS if name in counts or f"faces_{name}" in facts.record("metrics.json")]


def _class(facts: CardFacts, name: str) -> list[str]:
    found = facts.record("metrics.json")
    of = {figure: f"{figure}_{name.lower()}" for figure in ("faces", "recall", "precision", "f1")}
    faces, recall, precision, f1 = (number(found.get(figure)) for figure in of.values())
    return [name, faces, recall, interval(found, of["recall"]), precision, f1]
