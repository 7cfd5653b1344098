"""The record that every reader returns: labelled 48x48 faces, one table row a face, and what was left out."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pandas as pd

from cnn.labels import EXPRESSIONS, class_index
from runs.skips import Skip

IMAGE_SIZE = 48
"""Side of every face in pixels: what FER2013 publishes and the network takes."""

PIXELS = IMAGE_SIZE * IMAGE_SIZE

NOT_FIVE = "class must be one of the five"
NOT_FIVE_REMEDY = "Nothing to do: the network has five classes."
CHECK_ROW = "Compare the row with the dataset's own file."
"""Rules and remedies that every reader's skips share."""

VOTE_COLUMNS: tuple[str, ...] = tuple(f"vote_{name.lower()}" for name in EXPRESSIONS)
"""Votes for the five classes, in the order of `EXPRESSIONS`; NaN where a dataset has no votes."""

NUMBER_COLUMNS: tuple[str, ...] = ("valence", "arousal", "box_x", "box_y", "box_width", "box_height")
"""Figures that only some datasets give; NaN elsewhere."""

COLUMNS: dict[str, str] = {
    "label": "int64",
    "expression": "str",
    "source": "str",
    "official_split": "str",
    "row": "int64",
    "file": "str",
    "own_label": "int64",
    "sha256": "str",
    "original_sha256": "str",
    **dict.fromkeys(VOTE_COLUMNS, "float32"),
    "subject": "str",
    **dict.fromkeys(NUMBER_COLUMNS, "float32"),
    "landmarks": "object",
}
"""The columns of a reader's table and their types.

`row` is the line in the dataset's csv file (its header is line 1); `file` is the picture's path in the dataset, or ''
where the csv holds the pixels; `own_label` is the dataset's own number for the expression; `sha256` is of the 48x48
pixels, `original_sha256` of what they were made from: the picture file's bytes, or again the pixels; `subject` is the
person's name in the dataset, or '' where it names nobody; `valence` and `arousal` are -1 to 1, or NaN; the box and the
`landmarks` are in the picture's pixels: a float32 array of 136 numbers x0, y0, x1, y1, ..., or None.
"""

LANDMARKS = 68
"""Points a face, in the order of the 300-W markup."""

OPTIONAL: dict[str, Any] = {"subject": "", **dict.fromkeys(NUMBER_COLUMNS, float("nan")), "landmarks": None}
"""The columns that a reader may leave out, each with its value for "unknown"; stores of old lack them."""

_PART = 4096
"""Rows kept as Python objects at once."""


@dataclass(frozen=True)
class LabelledFaces:
    """What a reader found: `images` (N, 48, 48) uint8, a `table` of N rows with `COLUMNS`, and every `Skip`."""

    images: np.ndarray
    table: pd.DataFrame
    skips: list[Skip]


class FaceWriter:
    """Collects a dataset's faces: pixels go to a scratch file as they come, so that memory stays bounded.

    Parameters
    ----------
    pixels
        The scratch file, 2304 bytes a face; it must outlive the `LabelledFaces` made from it.
    source
        The dataset's short name, such as ``"ferplus"``.
    """

    def __init__(self, pixels: Path, source: str) -> None:
        self.skips: list[Skip] = []
        self.path = pixels
        self._source = source
        self._rows: list[dict[str, Any]] = []
        self._parts: list[pd.DataFrame] = []

    def __enter__(self) -> FaceWriter:
        self._stream = self.path.open("wb")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._stream.close()

    def add(self, pixels: bytes, expression: str, **values: Any) -> None:
        """Keep one face: `pixels` are its 2304 bytes row by row, `values` the rest of its `COLUMNS`.

        Those left out are unknown: '', NaN or None; `original_sha256` is that of the pixels.
        """
        self._stream.write(pixels)
        sha256 = hashlib.sha256(pixels).hexdigest()
        given = {"expression": expression, "label": class_index(expression), "source": self._source, "sha256": sha256}
        self._rows.append({**OPTIONAL, "file": "", "original_sha256": sha256, **given, **values})
        if len(self._rows) == _PART:
            self._pack()

    def skip(self, file: Path, line: int, rule: str, value: object, remedy: str) -> None:
        """Leave one row out and remember why; see `runs.skips.Skip`."""
        self.skips.append(Skip(str(file), line, rule, str(value), remedy))

    def faces(self) -> LabelledFaces:
        """Everything kept so far; the images are a read-only map of the scratch file."""
        self._stream.flush()
        if self._rows or not self._parts:
            self._pack()
        table = pd.concat(self._parts, ignore_index=True)
        shape = (len(table), IMAGE_SIZE, IMAGE_SIZE)
        if not len(table):  # an empty file cannot be mapped
            return LabelledFaces(np.zeros(shape, np.uint8), table, self.skips)
        return LabelledFaces(np.memmap(self.path, np.uint8, "r", shape=shape), table, self.skips)

    def _pack(self) -> None:
        """Turn the rows into a table, which takes a fraction of their memory."""
        columns = {name: [row.get(name) for row in self._rows] for name in COLUMNS}
        columns["landmarks"] = list(map(_points, columns["landmarks"]))
        self._parts.append(pd.DataFrame({name: pd.Series(columns[name], dtype=COLUMNS[name]) for name in COLUMNS}))
        self._rows = []


def _points(landmarks: Any) -> np.ndarray | None:
    if landmarks is None:
        return None
    points = np.asarray(landmarks, np.float32).reshape(-1)
    if len(points) != 2 * LANDMARKS:
        raise ValueError(f"`landmarks` must be {2 * LANDMARKS} numbers. Got {len(points)}.")
    return points
