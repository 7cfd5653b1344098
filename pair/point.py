"""How pictures are searched for a pair: as its cascade does best by its own figures, where those are given."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pair.errors import InputError
from pair.params import EvaluatePairParams
from runs.parameters import ParameterError

_SEARCH = ("scale_factor", "min_neighbors", "min_size", "max_size")
_RECOMMENDED = "recommended_min_neighbors"


def recommended_point(score: Path, sha256: str) -> tuple[dict[str, Any], Path]:
    """The settings that a cascade's evaluation recommends, and that it is registered with; and the file they are from.

    Parameters
    ----------
    score
        What `cascade.evaluate.evaluate_cascade` wrote.
    sha256
        The cascade's: the figures must be its own.

    Raises
    ------
    InputError
        There is no such evaluation, or it is of another cascade.
    """
    place = score / "metrics.json"
    try:
        told = json.loads(place.read_text(encoding="utf-8"))
        point = {**{name: told[name] for name in _SEARCH if name in told}, "min_neighbors": told[_RECOMMENDED]}
        measured = told["model_sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{place} is no evaluation of a cascade ({error!r}). The step `evaluate_cascade` writes it."
        ) from error
    if measured != sha256:
        raise InputError(
            f"{place} has the figures of another cascade (SHA-256 {str(measured)[:12]}) than this ({sha256[:12]}). "
            "Run the step `evaluate_cascade` on this one."
        )
    return point, place


def at_point(params: EvaluatePairParams, point: Mapping[str, Any], place: Path) -> EvaluatePairParams:
    """`params` with the search of a cascade's operating point.

    Parameters
    ----------
    point
        What is not in it stays as it is; a `max_size` of 0 is the whole picture.
    place
        The file that it is from, for the message.

    Raises
    ------
    InputError
        The point breaks a rule of `EvaluatePairParams`.
    """
    known = {name: point[name] for name in _SEARCH if name in point}
    if "max_size" in known:
        known["max_size"] = known["max_size"] or None
    try:
        return EvaluatePairParams.from_plain({**params.as_dict(), **known})
    except ParameterError as error:
        raise InputError(f"{place}: the operating point breaks a rule: {error}") from error
