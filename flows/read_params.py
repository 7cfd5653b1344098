"""`params.yaml`: one section a step, read by the command line, by the flows it starts, and by DVC."""

from __future__ import annotations

from collections.abc import Iterator, Set
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import yaml

from runs.parameters import ParameterError, Parameters

PARAMS_FILE = Path("params.yaml")

Kind = TypeVar("Kind", bound=Parameters)


def params_here(step: str, kind: type[Kind]) -> Kind:
    """What `params.yaml` in this folder tells a step; its defaults where there is no such file or section.

    Raises
    ------
    ParameterError
        See `read_params`.
    """
    return _make(str(PARAMS_FILE), step, kind, _section_here(step))


def check_section(step: str, kind: type[Parameters]) -> None:
    """Refuse a name in a step's section of `params.yaml` in this folder that `kind` has not.

    Raises
    ------
    ParameterError
        The message names the file, the section, the name and those that are known.
    """
    values = _section_here(step)
    with _told_of(str(PARAMS_FILE), step, values):
        kind.check_names(values)


def _section_here(step: str) -> Any:
    return (read_sections(PARAMS_FILE) if PARAMS_FILE.is_file() else {}).get(step) or {}


def read_params(path: Path, kinds: dict[str, type[Parameters]]) -> dict[str, Parameters]:
    """Read the sections named in `kinds`, each into its parameter object; an absent section takes the defaults.

    Raises
    ------
    ParameterError
        The file is not YAML of sections, a section has a name that its step does not know, or a value breaks
        its rule; the message names the file and the section.
    """
    return make_params(str(path), read_sections(path), kinds)


def make_params(where: str, sections: dict[str, Any], kinds: dict[str, type[Parameters]]) -> dict[str, Parameters]:
    """Make the parameter objects of `kinds` from their sections; errors name `where` the sections are from."""
    return {name: _make(where, name, kind, sections.get(name) or {}) for name, kind in kinds.items()}


def require_known_sections(where: str, sections: dict[str, Any], known: Set[str]) -> None:
    """Refuse a section that no step reads: most likely it is misspelt.

    Raises
    ------
    ParameterError
        The message names the section and those that are known.
    """
    unknown = sorted(set(sections) - known)
    if unknown:
        raise ParameterError(
            f"{where}: no step reads the section `{unknown[0]}`. Known are {', '.join(sorted(known))}."
        )


def read_sections(path: Path) -> dict[str, Any]:
    """The file's sections as they are written.

    Raises
    ------
    ParameterError
        It is not YAML of sections.
    """
    try:
        sections = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise ParameterError(f"{path} is not YAML: {error}") from error
    if not isinstance(sections, dict):
        raise ParameterError(f"{path} must hold one section a step. Got {type(sections).__name__}.")
    return sections


def _make(where: str, name: str, kind: type[Kind], values: Any) -> Kind:
    with _told_of(where, name, values):
        return kind.from_plain(values)


@contextmanager
def _told_of(where: str, name: str, values: Any) -> Iterator[None]:
    """Let what is wrong with a section say where it is."""
    if not isinstance(values, dict):
        raise ParameterError(f"{where}: section `{name}` must hold names and values. Got {values!r}.")
    try:
        yield
    except ParameterError as error:
        raise ParameterError(f"{where}: section `{name}`: {error}") from error
