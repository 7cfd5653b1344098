"""Is there a pair of the champions of now? Asked after either part may have a new champion."""

from __future__ import annotations

import json
from typing import Any, Literal

from tasks import publish_mlflow
from tasks.changes import Answer, Compared
from tasks.publish_params import RegisterParams, database
from tasks.publish_record import CASCADE, CNN, PAIR
from tasks.publish_versions import CHALLENGER, CHAMPION, TAG, aliases, whole_versions

_PARTS = (("cascade", CASCADE), ("network", CNN))


def has_pair(store: RegisterParams) -> Answer | None:
    """Whether any version of `face-expression` is made of both champions; None where one of the two has none.

    Raises
    ------
    PublishError
        The store refused. A store in a file that does not exist holds no model, and is not made.
    """
    path = database(store.tracking_uri)
    if path is not None and not path.exists():
        return None
    with publish_mlflow.open_store(store.tracking_uri) as client:
        champions = {part: aliases(client, line.model_name).get(CHAMPION) for part, line in _PARTS}
        if None in champions.values():
            return None
        wanted = {part: f"{line.model_name}/{champions[part]}" for part, line in _PARTS}
        versions = {int(version.version): _parts(version) for version in whole_versions(client, PAIR.model_name)}
        return _answer(wanted, versions, aliases(client, PAIR.model_name))


def _answer(wanted: dict[str, str], versions: dict[int, dict[str, str]], named: dict[str, int]) -> Answer:
    champion = named.get(CHAMPION)
    same = [number for number, parts in versions.items() if parts == wanted]
    found = champion if champion in same else next(iter(same), None)
    both = " and ".join(wanted.values())
    state: Literal["changed", "unchanged", "tried"]
    if found is None:
        state, reason = "changed", f"no version is made of the champions {both}"
    elif found == champion:
        state, reason = "unchanged", f"the champion, version {found}, is made of the champions {both}"
    else:
        state, reason = "tried", f"version {found} is made of the champions {both}, and version {champion} is champion"
    then = versions.get(champion or 0, {})
    compared = tuple(Compared("part", part, then.get(part, "none"), now) for part, now in wanted.items())
    is_challenger = found is not None and found == named.get(CHALLENGER)
    return Answer(PAIR.model_name, state, f"{PAIR.model_name}: {reason}.", champion, found, is_challenger, compared)


def _parts(version: Any) -> dict[str, str]:
    """What a version is made of; a store's tags may be anybody's writing."""
    try:
        told = json.loads(version.tags.get(TAG + "parts", ""))
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
