"""Has anything changed since the champion was trained: the data, the parameters, or the code?

What a model was made from is written on its registered version as a tag, one for each time that this model came out:
training after a change may give the very same model, and then its version has two. A version of anybody's that was
made from the same as now answers the question, champion or not: what was tried and refused is not tried every night.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from runs.parameters import Parameters
from runs.progress import Progress, Report, silent
from tasks import publish_mlflow
from tasks.content_digest import DIGESTS, content_digest
from tasks.data_version import dvc_hash
from tasks.publish_params import Registered, RegisterParams, database
from tasks.publish_record import Line, source_digest
from tasks.publish_versions import CHALLENGER, CHAMPION, TAG, aliases, whole_versions

MADE_FROM = TAG + "made_from."
"""What the tag's name begins with; the fingerprint follows."""

_SHOWN = 12  # characters of a digest: a table has room for them, and a change never keeps them by accident
_UNKNOWN = "unknown"
_PARTS = ("data", "parameters", "code")


@dataclass(frozen=True)
class MadeFrom:
    """Digests of what a line makes its model from.

    `data` by input, such as ``positives``; `parameters` by step; `code` by package. `dvc` is DVC's hash of the whole
    data folder or "unknown": it is told and not compared, as it knows nothing of what changed since `dvc add`, and
    changes when only the other line's data does.
    """

    data: dict[str, str]
    parameters: dict[str, str]
    code: dict[str, str]
    dvc: str = _UNKNOWN

    @property
    def fingerprint(self) -> str:
        """The digest of data, parameters and code as one."""
        return _digest([self.data, self.parameters, self.code])


@dataclass(frozen=True)
class Compared:
    """One thing that was compared: a digest when the champion was made and now, or "unknown", or "none"."""

    part: str
    name: str
    champion: str
    now: str

    @property
    def same(self) -> bool:
        """Whether nothing changed here."""
        return self.champion == self.now


@dataclass(frozen=True)
class Answer:
    """Whether a line must be trained.

    `state`: ``changed``, ``unchanged`` (the champion was made from the same), or ``tried`` (`version`, which is not
    the champion, was). `reason` is one sentence.
    """

    model: str
    state: Literal["changed", "unchanged", "tried"]
    reason: str
    champion: int | None
    version: int | None
    is_challenger: bool
    compared: tuple[Compared, ...]
    dvc: Compared | None = None

    def rows(self) -> list[dict[str, str]]:
        """The comparison as a table."""
        told = self.compared if self.dvc is None else (*self.compared, self.dvc)
        return [{**asdict(one), "changed": "" if one.same else "yes"} for one in told]


def made_from(
    line: Line,
    data: Path,
    inputs: Mapping[str, Path | None],
    steps: Mapping[str, Parameters],
    *,
    remembered: Path = DIGESTS,
    report: Report = silent,
) -> MadeFrom:
    """Digest what a line would make its model from now.

    Parameters
    ----------
    data
        The data folder; `DATA.dvc` beside it gives DVC's hash.
    inputs
        Files and folders that the line reads, by name; those that are not there are left out.
    steps
        The parameters of the line's steps. Where they know which of theirs do not change the model (`recorded`),
        such as the number of threads, those do not count.
    remembered
        See `tasks.content_digest`.
    """
    there = {name: path for name, path in sorted(inputs.items()) if path is not None and path.exists()}
    digests = {}
    for done, (name, path) in enumerate(there.items()):
        report(Progress(f"reading {path}, or its list where it is known", done, len(there)))
        digests[name] = content_digest(path, remembered)[:_SHOWN]
    told = {name: _digest(_recorded(params)) for name, params in sorted(steps.items())}
    return MadeFrom(digests, told, {room: source_digest([room])[:_SHOWN] for room in line.rooms}, dvc_hash(data).md5)


def record(registered: Registered, made: MadeFrom | None, store: RegisterParams) -> Registered:
    """Write on a registered version what it was made from, where that is known; returns `registered`.

    Raises
    ------
    PublishError
        The store refused.
    """
    if made is not None:
        with publish_mlflow.open_store(store.tracking_uri) as client:
            tag, told = MADE_FROM + made.fingerprint, json.dumps(asdict(made))
            client.set_model_version_tag(registered.name, str(registered.version), tag, told)
    return registered


def has_changed(model: str, made: MadeFrom, store: RegisterParams) -> Answer:
    """Whether any version of `model` was made from the same as `made`.

    A champion that does not say what it was made from (it was registered step by step, or by an older factory) counts
    as changed.

    Raises
    ------
    PublishError
        The store refused. A store in a file that does not exist holds no model, and is not made.
    """
    path = database(store.tracking_uri)
    if path is not None and not path.exists():
        return _answer(model, made, [], {})
    with publish_mlflow.open_store(store.tracking_uri) as client:
        return _answer(model, made, whole_versions(client, model), aliases(client, model))


def _answer(model: str, made: MadeFrom, versions: list[Any], named: Mapping[str, int]) -> Answer:
    champion = named.get(CHAMPION)
    its = next((_told(version) for version in versions if int(version.version) == champion), [])
    then: Mapping[str, Any] = max(its, key=lambda one: sum(row.same for row in _compare(one, made)), default={})
    compared = _compare(then, made)
    same = [int(version.version) for version in versions if any(_same(one, made) for one in _told(version))]
    found = champion if champion in same else next(iter(same), None)
    state: Literal["changed", "unchanged", "tried"]
    if found is None:
        state, reason = "changed", _what_changed(champion, bool(its), compared)
    elif found == champion:
        state, reason = "unchanged", f"nothing has changed since the champion, version {champion}, was trained"
    else:
        state = "tried"
        reason = f"the same was tried before: it gave version {found}, and version {champion} is the champion"
    dvc = Compared("DVC, told only", "data", then.get("dvc", _UNKNOWN)[:_SHOWN], made.dvc[:_SHOWN])
    is_challenger = found is not None and found == named.get(CHALLENGER)
    return Answer(model, state, f"{model}: {reason}.", champion, found, is_challenger, compared, dvc)


def _what_changed(champion: int | None, told: bool, compared: tuple[Compared, ...]) -> str:
    if champion is None:
        return "no version is the champion"
    if not told:
        return f"the champion, version {champion}, does not say what it was made from"
    changed = [f"{one.part} ({one.name})" for one in compared if not one.same]
    return f"changed since the champion, version {champion}: {', '.join(changed)}"


def _compare(then: Mapping[str, Any], made: MadeFrom) -> tuple[Compared, ...]:
    rows = []
    for part in _PARTS:
        old, new = then.get(part), getattr(made, part)
        for name in sorted({*(old or {}), *new}):
            was = _UNKNOWN if old is None else str(old.get(name, "none"))
            rows.append(Compared(part, name, was, str(new.get(name, "none"))))
    return tuple(rows)


def _told(version: Any) -> list[dict[str, Any]]:
    """What a version says it was made from; a store's tags may be anybody's writing."""
    found: list[dict[str, Any]] = []
    for name, text in version.tags.items():
        if name.startswith(MADE_FROM):
            try:
                one = json.loads(text)
                parts = {part: {str(name): str(sha256) for name, sha256 in one[part].items()} for part in _PARTS}
                found.append({**parts, "dvc": str(one.get("dvc", _UNKNOWN))})
            except (ValueError, KeyError, TypeError, AttributeError):
                continue
    return found


def _same(told: Mapping[str, Any], made: MadeFrom) -> bool:
    return all(told[part] == getattr(made, part) for part in _PARTS)


def _recorded(params: Parameters) -> dict[str, Any]:
    recorded = getattr(params, "recorded", None)
    return (recorded() if callable(recorded) else params).as_dict()


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:_SHOWN]
