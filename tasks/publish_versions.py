"""Registered versions: found, named, described. All of it asks a client that `publish_models` has opened."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from tasks.publish_figures import is_number
from tasks.publish_params import MODEL_NAME
from tasks.publish_record import PublishError

CHAMPION, CHALLENGER, PREVIOUS = "champion", "challenger", "previous"
TAG = "facefoundry."
"""What our own tags begin with, in the run and on the version."""
ROLLED_BACK = TAG + "rolled_back"
"""The tag of a version that was champion until a rollback; it says when."""

_Client = Any  # mlflow.MlflowClient
_Version = Any  # mlflow.entities.model_registry.ModelVersion


def model_names(client: _Client) -> list[str]:
    """All registered models, of which a store that others use too may have more than one page."""
    found, token = [], None
    while True:
        page = client.search_registered_models(page_token=token)
        found += [model.name for model in page]
        token = page.token
        if not token:
            return found


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
    push the newest aside. Nor does one that a rollback set aside. Returns the version's aliases, joined by commas.
    """
    given = aliases(client, name)
    if version not in given.values():
        newest = whole_versions(client, name)[0]
        if CHAMPION not in given:
            client.set_registered_model_alias(name, CHAMPION, str(version))
        elif version == int(newest.version) and ROLLED_BACK not in newest.tags:
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
    given, versions = {}, []
    if MODEL_NAME.fullmatch(name):  # MLflow's filters cannot ask for others
        given, versions = aliases(client, name), whole_versions(client, name)
    wanted = int(number) if number.isdecimal() else None if slash else given.get(alias or CHAMPION)
    for version in versions:
        if int(version.version) == wanted and not (slash and alias):
            return version
    there = [f"{name}/{v.version}" for v in versions] + [f"{name}@{alias}" for alias in given]
    raise PublishError(
        f"No whole version is registered as {model!r}. There are: "
        f"{', '.join(there or model_names(client)) or 'no models at all'}."
    )


def about(client: _Client, version: _Version) -> dict[str, Any]:
    """What is told of a version to other programs."""
    ours = {name[len(TAG) :]: value for name, value in version.tags.items() if name.startswith(TAG)}
    told = {name: _json(ours[name]) for name in ("operating_point", "classes", "parts") if name in ours}
    figures = _json(ours.get("figures", "{}"))
    return {
        "name": version.name,
        "version": int(version.version),
        "aliases": sorted(a for a, number in aliases(client, version.name).items() if number == int(version.version)),
        "kind": ours.get("kind", ""),
        "registered": _time(version),
        "run_id": version.run_id,
        "content_sha256": ours["sha256"],
        "figures": {name: one for name, one in figures.items() if is_number(one)} if isinstance(figures, dict) else {},
        **told,
        "made_from": {name: value for name, value in version.tags.items() if name.startswith(("dvc.", "git."))},
    }


def _json(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse)
    except ValueError:  # a tag may be anybody's writing
        return None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _time(version: _Version) -> str:
    return datetime.fromtimestamp(version.creation_timestamp / 1000, UTC).isoformat(timespec="seconds")
