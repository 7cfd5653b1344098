"""A model card: what a registered model is, how good on which data, its limits, and how it is loaded. Short Markdown.

It is written from the record of the model's run alone. What the record does not tell is said to be unknown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import ModuleType

import yaml

from tasks.cards import detector, face_expression, network
from tasks.cards.facts import ENVIRONMENT, CardFacts, mapping
from tasks.cards.text import UNKNOWN, block, number, plain, points, table
from tasks.publish_record import CASCADE, CNN, PAIR

_NO_NAME = re.compile(r"[^\w .-]")  # what could leave the quotes that the name stands in
_KINDS: dict[str, ModuleType] = {CASCADE.kind: detector, CNN.kind: network, PAIR.kind: face_expression}


def model_card(facts: CardFacts) -> str:
    """The card as Markdown.

    Raises
    ------
    KeyError
        The kind of the model is none of ours.
    """
    kind, model = _KINDS[facts.kind], f"{_NO_NAME.sub('_', facts.name)}/{facts.version or 'VERSION'}"
    title = f"# {plain(facts.name)}" + (f", version {facts.version}" if facts.version else "")
    sections = {
        title: [kind.what(facts), *_state(facts)],
        "## Use and limits": [points(kind.LIMITS)],
        "## Figures": kind.figures(facts),
        "## Operating point": _operating_point(facts),
        "## Data": [*kind.data(facts), points(_versions(facts))],
        "## Licences of the data": [points(kind.licences(facts))],
        "## Parameters": _parameters(facts),
        "## Files": [table(("file", "SHA-256"), [[f"`{name}`", sum_] for name, sum_ in facts.files.items()])],
        "## Load it": [block("python", kind.loading(facts, model))],
    }
    return "\n\n".join(part for title, body in sections.items() if body for part in (title, *body)) + "\n"


def _state(facts: CardFacts) -> list[str]:
    if not facts.version:
        return []
    alias = f" It is {' and '.join(map(plain, facts.aliases))}." if facts.aliases else ""
    return [f"Registered {plain(facts.registered)}.{alias}"]


def _operating_point(facts: CardFacts) -> list[str]:
    point = facts.told("operating_point")
    if not isinstance(point, dict):
        return []
    told = ", ".join(f"`{name}` {number(value)}" for name, value in point.items() if name.isidentifier())
    call = detector.in_opencv(facts) if facts.kind == CASCADE.kind else []
    return [f"{told}. Sizes are in pixels, and 0 sets no limit. In MLflow they are the model's defaults.", *call]


def _parameters(facts: CardFacts) -> list[str]:
    told = dict(facts.parameters)
    return [block("yaml", yaml.safe_dump(told, sort_keys=False))] if told else []


def _versions(facts: CardFacts) -> list[str]:
    tags = facts.tags
    sums = [f"SHA-256 of the {plain(name)} that the trainer read: {plain(sum_)}" for name, sum_ in facts.inputs.items()]
    changed = {"True": ", with changes that are in no commit", "False": ""}.get(tags.get("git.dirty", ""), "")
    return [
        f"The data folder in DVC, when it was registered: {_told(tags, 'dvc.md5', 'dvc.reason')}{_size(tags)}",
        *sums,
        f"Code when it was registered, git commit: {_told(tags, 'git.commit', 'git.reason')}{changed}",
        f"Packages where it was registered: {_packages(facts)}",
        f"Run in MLflow: {plain(facts.run_id)}",
    ]


def _packages(facts: CardFacts) -> str:
    known = facts.record(ENVIRONMENT)
    packages = {"python": known.get("python"), **mapping(known.get("packages"))} if known else {}
    return ", ".join(f"{plain(name)} {plain(version)}" for name, version in packages.items()) or UNKNOWN


def _told(tags: Mapping[str, str], name: str, reason: str) -> str:
    value = plain(tags.get(name))
    return f"{UNKNOWN} ({plain(tags[reason])})" if value == UNKNOWN and reason in tags else value


def _size(tags: Mapping[str, str]) -> str:
    return f" ({plain(tags['dvc.files'])} files)" if "dvc.files" in tags else ""
