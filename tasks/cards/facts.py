"""What a model card is written from: a version's tags, and the records that its steps wrote."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ENVIRONMENT = "environment.json"
RECORDS = {
    "": (ENVIRONMENT,),
    "training": ("run.json", "training.json"),
    "evaluation": ("metrics.json", "measured.json"),
}
"""The records, by the folder of a run's artifacts that holds them."""

_TAG = "facefoundry."


@dataclass(frozen=True, kw_only=True)
class CardFacts:
    """What a card tells; what is empty is unknown.

    Attributes
    ----------
    kind
        That of the model's `Line`.
    tags
        The version's, with the prefix of the factory's own.
    files
        The SHA-256 of the model's files, by what they are called when pulled.
    records
        The JSON files of `RECORDS` as read, by name.
    version
        None where the model is about to become one.
    """

    name: str
    kind: str
    tags: Mapping[str, str]
    files: Mapping[str, str]
    records: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    run_id: str = ""
    version: int | None = None
    aliases: Sequence[str] = ()
    registered: str = ""

    @property
    def parameters(self) -> Mapping[str, Any]:
        """What the model was trained with."""
        return mapping(self.record("run.json").get("parameters"))

    @property
    def inputs(self) -> Mapping[str, Any]:
        """The SHA-256 of what it was trained on, by name."""
        return mapping(self.record("run.json").get("inputs"))

    def record(self, name: str) -> Mapping[str, Any]:
        """A file of `RECORDS`; empty where there is none."""
        return mapping(self.records.get(name))

    def told(self, name: str) -> Any:
        """One of our own tags that holds JSON; None where there is none."""
        try:
            return json.loads(self.tags.get(_TAG + name, "null"))
        except ValueError:
            return None


def read_records(*folders: Path) -> dict[str, Mapping[str, Any]]:
    """The files of `RECORDS` in some folders, by name; what is absent or no JSON object is left out."""
    found = {}
    for path in (folder / name for folder in folders for names in RECORDS.values() for name in names):
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        found[path.name] = mapping(value)
    return found


def mapping(value: Any) -> Mapping[str, Any]:
    """`value`, where it is a mapping; else an empty one."""
    return value if isinstance(value, Mapping) else {}
