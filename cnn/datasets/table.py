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
}
"""The columns of a reader's table and their types.

`row` is the line in the dataset's csv file (its header is line 1); `file` is the picture's path in the dataset, or ''
where the csv holds the pixels; `own_label` is the dataset's own number for the expression; `sha256` is of the 48x48
pixels, `original_sha256` of what they were made from: the picture file's bytes, or again the pixels.
"""


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
        self._path = pixels
        self._source = source
        self._rows: list[dict[str, Any]] = []

    def __enter__(self) -> FaceWriter:
        self._stream = self._path.open("wb")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._stream.close()

    def add(self, pixels: bytes, expression: str, **values: Any) -> None:
        """Keep one face: `pixels` are its 2304 bytes row by row, `values` the rest of its `COLUMNS`."""
        self._stream.write(pixels)
        sha256 = hashlib.sha256(pixels).hexdigest()
        given = {"expression": expression, "label": class_index(expression), "source": self._source, "sha256": sha256}
        self._rows.append({"original_sha256": sha256, "file": "", **given, **values})

    def skip(self, file: Path, line: int, rule: str, value: object, remedy: str) -> None:
        """Leave one row out and remember why; see `runs.skips.Skip`."""
        self.skips.append(Skip(str(file), line, rule, str(value), remedy))

    def faces(self) -> LabelledFaces:
        """Everything kept so far; the images are a read-only map of the scratch file."""
        self._stream.flush()
        table = pd.DataFrame(self._rows, columns=list(COLUMNS)).astype(COLUMNS)
        shape = (len(table), IMAGE_SIZE, IMAGE_SIZE)
        if not len(table):  # an empty file cannot be mapped
            return LabelledFaces(np.zeros(shape, np.uint8), table, self.skips)
        return LabelledFaces(np.memmap(self._path, np.uint8, "r", shape=shape), table, self.skips)
