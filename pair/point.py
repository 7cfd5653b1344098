"""How pictures are searched for a pair: as its cascade does best by its own figures, where those are given."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pair.errors import InputError
from pair.find import PairParams
from pair.params import EvaluatePairParams
from runs.parameters import ParameterError
from runs.record import digest

_SEARCH = ("scale_factor", "min_neighbors", "min_size", "max_size")
_CROP = ("crop_scale", "crop_down")
_RECOMMENDED = "recommended_min_neighbors"
_PULLED = "MODEL.json"
"""What `facefoundry pull` writes beside a model's files, and tells of it."""


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


def cascade_file(given: Path) -> Path:
    """A cascade's file: `given`, or the ``cascade.xml`` in it where that is a folder, such as a pulled one."""
    return given / "cascade.xml" if given.is_dir() else given


def pulled_point(cascade: Path) -> dict[str, Any]:
    """How a pulled cascade, or pair, is to be searched: as it was registered, by the ``MODEL.json`` beside it.

    Parameters
    ----------
    cascade
        The folder, or the ``cascade.xml`` in it.

    Returns
    -------
    Settings by their names in `pair.find.PairParams`; empty where no such file is beside it.

    Raises
    ------
    InputError
        The file is damaged, tells of another cascade, or its operating point breaks a rule.
    """
    cascade = cascade_file(cascade)
    place = cascade.with_name(_PULLED)
    if not (place.is_file() and cascade.is_file()):
        return {}
    try:
        told = json.loads(place.read_text(encoding="utf-8"))
        point, registered = told.get("operating_point") or {}, told["files"]["cascade.xml"]["sha256"]
        known = {name: point[name] for name in (*_SEARCH, *_CROP) if name in point}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{place} tells of no pulled cascade ({error!r}). Pull the model again.") from error
    if registered != digest(cascade):
        raise InputError(
            f"{place} tells of another cascade than the {cascade.name} beside it. Pull the model again, or move that "
            "cascade to a folder of its own."
        )
    if known.get("max_size") == 0:  # the whole picture
        del known["max_size"]
    try:
        PairParams.from_plain({**PairParams().as_dict(), **known})
    except ParameterError as error:
        raise InputError(f"{place}: the operating point breaks a rule: {error}") from error
    return known


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
