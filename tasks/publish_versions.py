"""Registered versions: found, named, described. All of it asks a client that `publish_models` has opened."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from tasks.publish_record import PublishError

CHAMPION, CHALLENGER = "champion", "challenger"
TAG = "facefoundry."
"""What our own tags begin with, in the run and on the version."""

_Client = Any  # mlflow.MlflowClient
_Version = Any  # mlflow.entities.model_registry.ModelVersion


def whole_versions(client: _Client, name: str) -> list[_Version]:
    """A model's versions that are ready and that we registered; the newest first."""
    found = [
        v for v in client.search_model_versions(f"name='{name}'") if v.status == "READY" and TAG + "sha256" in v.tags
    ]
    return sorted(found, key=lambda version: -int(version.version))


def version_of_content(client: _Client, name: str, sha256: str) -> _Version | None:
    """The newest whole version with this content; None where there is none."""
    return next((v for v in whole_versions(client, name) if v.tags[TAG + "sha256"] == sha256), None)


def aliases(client: _Client, name: str) -> dict[str, int]:
    """A model's aliases and the versions they stand for; empty where there is no such model."""
    return {
        alias: int(version)
        for model in client.search_registered_models(f"name='{name}'")
        for alias, version in model.aliases.items()
    }


def give_alias(client: _Client, name: str, version: int) -> str:
    """Name a version `champion` when the model has none, else `challenger` when it is the newest.

    A version that has an alias keeps it, and an older one gets none: registering an old model again must not
    push the newest aside. Returns the version's aliases, joined by commas.
    """
    given = aliases(client, name)
    if version not in given.values():
        if CHAMPION not in given:
            client.set_registered_model_alias(name, CHAMPION, str(version))
        elif version == int(whole_versions(client, name)[0].version):
            client.set_registered_model_alias(name, CHALLENGER, str(version))
    return ", ".join(sorted(alias for alias, number in aliases(client, name).items() if number == version))


def find(client: _Client, model: str) -> _Version:
    """The version that ``NAME`` (its champion), ``NAME@ALIAS`` or ``NAME/VERSION`` stands for.

    Raises
    ------
    PublishError
        There is none; the message says what there is.
    """
    name, slash, number = model.partition("/")
    name, _, alias = name.partition("@")
    wanted = number if slash else str(aliases(client, name).get(alias or CHAMPION, ""))
    versions = whole_versions(client, name)
    for version in versions:
        if version.version in (wanted, int(wanted) if wanted.isdecimal() else None):
            return version
    there = [f"{name}/{v.version}" for v in versions] + [f"{name}@{alias}" for alias in aliases(client, name)]
    names = [registered.name for registered in client.search_registered_models()]
    raise PublishError(
        f"No whole version is registered as {model!r}. There are: {', '.join(there or names) or 'no models at all'}."
    )


def row(client: _Client, version: _Version) -> dict[str, str]:
    """One line of the list of models."""
    given = [alias for alias, number in aliases(client, version.name).items() if number == int(version.version)]
    figures = json.loads(version.tags.get(TAG + "figures", "{}"))
    return {
        "model": version.name,
        "version": str(version.version),
        "alias": ", ".join(sorted(given)),
        "figures": ", ".join(f"{name} {value:.4g}" for name, value in figures.items()),
        "registered": _time(version),
        "commit": version.tags.get("git.commit", "unknown")[:12],
    }


def card(client: _Client, version: _Version, file: str) -> dict[str, Any]:
    """What is told of a model that leaves the registry: `MODEL.json`."""
    ours = {name[len(TAG) :]: value for name, value in version.tags.items() if name.startswith(TAG)}
    told = {name: json.loads(ours[name]) for name in ("figures", "operating_point", "classes") if name in ours}
    return {
        "name": version.name,
        "version": int(version.version),
        "aliases": sorted(a for a, number in aliases(client, version.name).items() if number == int(version.version)),
        "kind": ours["kind"],
        "registered": _time(version),
        "run_id": version.run_id,
        "content_sha256": ours["sha256"],
        "files": {file: {"sha256": ours["file_sha256"]}},
        **told,
        "made_from": {name: value for name, value in version.tags.items() if name.startswith(("dvc.", "git."))},
    }


def _time(version: _Version) -> str:
    return datetime.fromtimestamp(version.creation_timestamp / 1000, UTC).isoformat(timespec="seconds")
