"""Read the few numbers of an annotation's ``.npy`` file, which somebody else wrote, without trusting it."""

from __future__ import annotations

import io
import math
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnn.datasets.annotation_files import LARGEST, AnnotationError, number, read_annotation

_LARGEST = 1 << 16
"""Bytes; 136 numbers as text take some 20,000."""

_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def read_numbers(path: Path, count: int) -> NDArray[np.float64]:
    """The `count` numbers of at most `LARGEST` in a ``.npy`` file, (count,), in any shape, as numbers or as text.

    Nothing is ever unpickled, and no more memory is taken than the file has bytes, whatever its header says.

    Raises
    ------
    MissingAnnotationError
        There is no such file.
    AnnotationError
        The file is damaged, holds Python objects, or not `count` such numbers.
    """
    data = read_annotation(path, _LARGEST)
    start = data.find(b"\n") + 1
    try:
        kind, found = _layout(data[:start])
    except AnnotationError as error:
        raise AnnotationError(error.rule, f"{path.name}: {error.value}") from error
    if found * kind.itemsize != len(data) - start:
        raise AnnotationError("annotation must be a whole .npy file", f"{path.name}: {len(data)} bytes")
    if found != count:
        raise AnnotationError(f"annotation must hold {count} numbers", f"{path.name}: {found}")
    stored = np.frombuffer(data, kind, count, start)
    if kind.kind in "iuf" and (abs(values := stored.astype(np.float64)) <= LARGEST).all():
        return values
    try:
        return np.array([number("each value", value, file=path.name) for value in stored.tolist()])
    except SystemError as error:  # how numpy tells of letters that Unicode does not have
        raise AnnotationError("each value must be a number", f"{path.name}: no text") from error


@lru_cache(maxsize=256)  # a dataset's headers are all alike, and parsing one takes longer than reading the file
def _layout(header: bytes) -> tuple[np.dtype[Any], int]:
    """Type and number of the values."""
    stream = io.BytesIO(header)
    try:
        shape, _, kind = _HEADERS[np.lib.format.read_magic(stream)](stream)
    except Exception as error:  # numpy's parser raises half a dozen kinds for a damaged header
        raise AnnotationError("annotation must be a whole .npy file", "no header of one") from error
    if kind.kind not in "iufUS" or not kind.itemsize:
        raise AnnotationError("annotation must hold numbers, not Python objects", kind)
    return kind, math.prod(shape)
