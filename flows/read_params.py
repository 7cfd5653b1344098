"""`params.yaml`: one section a step, read by the command line, by the flows it starts, and by DVC."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from runs.parameters import ParameterError, Parameters

PARAMS_FILE = Path("params.yaml")


def read_params(path: Path, kinds: dict[str, type[Parameters]]) -> dict[str, Parameters]:
    """Read the sections named in `kinds`, each into its parameter object; an absent section takes the defaults.

    Raises
    ------
    ParameterError
        The file is not YAML of sections, a section has a name that its step does not know, or a value breaks
        its rule; the message names the file and the section.
    """
    sections = _sections(path)
    return {name: _make(path, name, kind, sections.get(name) or {}) for name, kind in kinds.items()}


def require_known_sections(path: Path, known: set[str]) -> None:
    """Refuse a file with a section that no step reads: most likely it is misspelt.

    Raises
    ------
    ParameterError
        The message names the section and those that are known.
    """
    unknown = sorted(set(_sections(path)) - known)
    if unknown:
        raise ParameterError(f"{path}: no step reads the section `{unknown[0]}`. Known are {', '.join(sorted(known))}.")


def _sections(path: Path) -> dict[str, Any]:
    try:
        sections = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise ParameterError(f"{path} is not YAML: {error}") from error
    if not isinstance(sections, dict):
        raise ParameterError(f"{path} must hold one section a step. Got {type(sections).__name__}.")
    return sections


def _make(path: Path, name: str, kind: type[Parameters], values: Any) -> Parameters:
    if not isinstance(values, dict):
        raise ParameterError(f"{path}: section `{name}` must hold names and values. Got {values!r}.")
    try:
        return kind.from_plain(values)
    except ParameterError as error:
        raise ParameterError(f"{path}: section `{name}`: {error}") from error
