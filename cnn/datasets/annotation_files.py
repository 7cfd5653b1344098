"""Read small annotation files that somebody else wrote, without trusting them."""

from __future__ import annotations

import math
import stat
from pathlib import Path
from typing import Any

import numpy as np

LARGEST = float(np.finfo(np.float32).max)
"""No number may lie further from 0: the table's columns could not hold it."""

_LONGEST_VALUE = 200
"""Characters; a whole dataset of endless values must not fill the memory."""

UNKNOWN = -2.0
"""What AffectNet writes where valence and arousal are not known."""


class AnnotationError(ValueError):
    """An annotation cannot be used; `rule` is the rule it breaks, `value` what broke it, or how that begins."""

    def __init__(self, rule: str, value: object) -> None:
        self.rule = rule
        self.value = str(value)[:_LONGEST_VALUE]
        super().__init__(f"{rule} (got {self.value})")


class MissingAnnotationError(AnnotationError):
    """There is no such file."""


def read_annotation(path: Path, most: int) -> bytes:
    """The bytes of a file that may have at most `most`.

    Raises
    ------
    MissingAnnotationError
        It is not there.
    AnnotationError
        It is no file, unreadable or larger.
    """
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):  # a pipe would be waited for
            raise AnnotationError("annotation must be a file", path.name)
        if found.st_size > most:
            raise AnnotationError(f"annotation must have at most {most} bytes", f"{path.name}: {found.st_size} bytes")
        with path.open("rb", buffering=0) as stream:
            return stream.read(found.st_size)
    except FileNotFoundError as error:
        raise MissingAnnotationError("annotation must exist", path.name) from error
    except OSError as error:
        raise AnnotationError("annotation must be readable", f"{path.name}: {error.strerror}") from error


def number(name: str, value: Any, least: float = -LARGEST, most: float = LARGEST, *, file: str = "") -> float:
    """A number from `least` to `most`, given as one or as text; NaN is in no range.

    Raises
    ------
    AnnotationError
        It is none, or outside; the rule names it `name`, the value the `file`.
    """
    try:
        found = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        found = math.nan
    if not least <= found <= most:
        bounds = "" if least == -LARGEST else f" from {least:g} to {most:g}"
        raise AnnotationError(f"{name} must be a number{bounds}", f"{file}: {value!r}" if file else repr(value))
    return found


def feeling(name: str, value: Any, *, file: str = "") -> float:
    """Valence or arousal, -1 to 1; NaN where it is not known, for which AffectNet writes -2.

    Raises
    ------
    AnnotationError
        It is neither.
    """
    known = number(name, value, file=file)
    return math.nan if known == UNKNOWN else number(name, known, -1, 1, file=file)
