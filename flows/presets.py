"""Presets: named sets of parameters that were measured, from `cascade/params.yaml` and `cnn/params.yaml`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from runs.parameters import ParameterError

_ROOMS = ("cascade", "cnn")


@dataclass(frozen=True)
class Preset:
    """A preset's name, what it is for and what it gave, and its values by section as `params.yaml` has them."""

    name: str
    description: str
    sections: dict[str, dict[str, Any]]


@cache
def all_presets() -> dict[str, Preset]:
    """The presets by name, in the files' order."""
    presets = {}
    for room in _ROOMS:
        written = yaml.safe_load(files(room).joinpath("params.yaml").read_text(encoding="utf-8"))
        for name, values in written.items():
            presets[name] = Preset(name, " ".join(values.pop("description").split()), values)
    return presets


def find_preset(name: str) -> Preset:
    """The preset of that name.

    Raises
    ------
    ParameterError
        There is none; the message names those there are.
    """
    if name not in all_presets():
        raise ParameterError(f"`preset` must be one of {', '.join(all_presets())}. Got {name!r}.")
    return all_presets()[name]


def as_params_file(presets: Sequence[Preset]) -> str:
    """The text of a `params.yaml` with these presets' values.

    Raises
    ------
    ParameterError
        Two of them have values for the same step.
    """
    sections = combine(presets)
    about = "".join(f"# {preset.name}: {preset.description}\n" for preset in presets)
    return about + yaml.safe_dump(sections, sort_keys=False, allow_unicode=True)


def combine(presets: Sequence[Preset]) -> dict[str, dict[str, Any]]:
    """The sections of several presets together; see `as_params_file`."""
    sections: dict[str, dict[str, Any]] = {}
    for preset in presets:
        twice = sorted(sections.keys() & preset.sections.keys())
        if twice:
            raise ParameterError(
                f"`preset` {preset.name}: another one has values for `{twice[0]}` too. Take one of them."
            )
        sections |= preset.sections
    return sections
