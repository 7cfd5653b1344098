"""The five classes, and how each dataset's own labels map to them."""

from __future__ import annotations

EXPRESSIONS: tuple[str, ...] = ("Happy", "Sad", "Surprise", "Angry", "Neutral")
"""The classes in the order of the network's outputs, 0 to 4."""

FER2013: dict[int, str | None] = {
    0: "Angry",
    1: None,  # Disgust
    2: None,  # Fear
    3: "Happy",
    4: "Sad",
    5: "Surprise",
    6: "Neutral",
}
"""FER2013's `emotion` column; None where the class is none of the five."""

FERPLUS_COLUMNS: tuple[str, ...] = (
    "neutral",
    "happiness",
    "surprise",
    "sadness",
    "anger",
    "disgust",
    "fear",
    "contempt",
    "unknown",
    "NF",
)
"""FER+'s vote columns in the file's order."""

FERPLUS: dict[str, str | None] = {
    "neutral": "Neutral",
    "happiness": "Happy",
    "surprise": "Surprise",
    "sadness": "Sad",
    "anger": "Angry",
    "disgust": None,
    "fear": None,
    "contempt": None,
    "unknown": None,
    "NF": None,
}
"""FER+'s vote columns; None where the class is none of the five."""

AFFECTNET: dict[int, str | None] = {
    0: "Neutral",
    1: "Happy",
    2: "Sad",
    3: "Surprise",
    4: None,  # Fear
    5: None,  # Disgust
    6: "Angry",
    7: None,  # Contempt
    8: None,  # None
    9: None,  # Uncertain
    10: None,  # No-Face
}
"""AffectNet's `expression` column; None where the class is none of the five."""


def class_index(expression: str) -> int:
    """The position of a class among the network's outputs.

    >>> class_index("Surprise")
    2
    """
    return EXPRESSIONS.index(expression)
