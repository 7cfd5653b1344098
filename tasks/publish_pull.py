"""Fetch a registered model: its files, what is told of it, its card and checksums, whole or not at all.

Every file is held against the checksum of its registration. A store's words are anybody's writing: what a file is
called here is ours to say, and where it lies there may not lead out of the model.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from runs.files import replacing_folder, write_json, write_text
from runs.progress import Progress, Report, silent
from runs.record import digest
from tasks import publish_mlflow
from tasks.cards.facts import RECORDS, CardFacts, read_records
from tasks.model_card import model_card
from tasks.publish_params import MODEL_NAME, Pulled, RegisterParams, database, hide_password
from tasks.publish_record import CASCADE, CNN, PAIR, PublishError
from tasks.publish_versions import TAG, about, find, model_names, whole_versions

ABOUT, CARD, SUMS = "MODEL.json", "README.md", "SHA256SUMS"
NAMES = {CASCADE.kind: (CASCADE.file,), CNN.kind: (CNN.file, "model.onnx"), PAIR.kind: (PAIR.file, "model.onnx")}
"""What a model's files are called when they leave the registry, by its kind; the first one is always there."""
FILES = TAG + "files"
"""The tag that names files besides the first: ``{NAME: {"stored": ..., "sha256": ...}}``."""

_STORED = re.compile(r"\w[\w.-]*(/\w[\w.-]*)*")  # relative, without `..`, and without % and its ways round that
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class _Stored:
    """Where a file lies in its model, and what its SHA-256 was when it was registered."""

    place: str
    sha256: str


def list_models(tracking_uri: str = RegisterParams.tracking_uri) -> list[dict[str, Any]]:
    """All whole versions as `MODEL.json` tells of them, the newest of each model first.

    A store in a file that does not exist yet holds none, and is not made.
    """
    if _is_absent(tracking_uri):
        return []
    with publish_mlflow.open_store(tracking_uri) as client:
        names = [name for name in model_names(client) if MODEL_NAME.fullmatch(name)]
        return [about(client, version) for name in names for version in whole_versions(client, name)]


def pull(model: str, out: Path, params: RegisterParams = RegisterParams(), *, report: Report = silent) -> Pulled:
    """Write a registered model's files into a folder, with what is known of it.

    Beside the files of `NAMES` there are `MODEL.json` (the version, its figures, operating point and classes, for
    programs), `README.md` (the model card, for people) and `SHA256SUMS` (for ``sha256sum -c``).

    Parameters
    ----------
    model
        ``NAME`` (its champion), ``NAME@ALIAS`` or ``NAME/VERSION``.
    out
        Replaced whole when an earlier pull wrote it and nobody has put anything in it since.

    Raises
    ------
    PublishError
        There is no such model, a file is not the one that was registered, or `out` holds somebody's files. Nothing
        was written.
    """
    _require_own(out)
    if _is_absent(params.tracking_uri):
        raise PublishError(
            f"There is no store {hide_password(params.tracking_uri)} here. Start in the project's folder, or name the "
            "store that has the model (`--tracking-uri`)."
        )
    with publish_mlflow.open_store(params.tracking_uri) as client:
        version = find(client, model)
        called = f"{version.name} version {version.version}"
        files = _files(version, called)
    with replacing_folder(out) as beside, publish_mlflow.open_store(params.tracking_uri) as client:
        for done, (name, stored) in enumerate(files.items()):
            report(Progress(f"fetching {name} of {called}", done, len(files)))
            _fetch(client, version, stored, beside / name)
        _describe(client, version, files, beside)
    report(Progress(f"{out} is written", len(files), len(files)))
    first = next(iter(files))
    return Pulled(version.name, int(version.version), out, out / first, files[first].sha256)


def card_facts(client: Any, version: Any, files: dict[str, str]) -> CardFacts:
    """What the registry knows of a version, for its card; `files` are SHA-256 by name."""
    told = about(client, version)
    with TemporaryDirectory() as scratch:
        publish_mlflow.fetch_records(client, version.run_id, RECORDS, Path(scratch))
        records = read_records(Path(scratch))
    return CardFacts(
        name=version.name,
        kind=told["kind"],
        tags=version.tags,
        files=files,
        records=records,
        run_id=version.run_id,
        version=int(version.version),
        aliases=told["aliases"],
        registered=told["registered"],
    )


def _is_absent(tracking_uri: str) -> bool:
    path = database(tracking_uri)
    return path is not None and not path.exists()


def _require_own(out: Path) -> None:
    """Refuse a folder that no pull wrote, or that holds more than a pull writes."""
    names = {entry.name for entry in out.iterdir()} if out.is_dir() else {out.name} if out.exists() else set()
    known = {ABOUT, CARD, SUMS, *(name for each in NAMES.values() for name in each)}
    if names and (ABOUT not in names or names - known):
        raise PublishError(f"{out} holds files that no pull wrote, and they are not touched. Choose a new folder.")


def _files(version: Any, called: str) -> dict[str, _Stored]:
    """A version's files by what they are called when they leave; a store's tags may be anybody's writing."""
    kind = version.tags.get(TAG + "kind", "")
    own = {"stored": version.tags.get(TAG + "file"), "sha256": version.tags.get(TAG + "file_sha256")}
    try:
        first, *others = NAMES[kind]
        more = json.loads(version.tags.get(FILES, "{}"))
        told = {first: own, **{name: more[name] for name in others if name in more}}
        files = {name: _Stored(str(each["stored"]), str(each["sha256"])) for name, each in told.items()}
    except (KeyError, TypeError, ValueError):
        files = {}
    if not files or not all(
        _STORED.fullmatch(each.place) and _SHA256.fullmatch(each.sha256) for each in files.values()
    ):
        raise PublishError(
            f"The tags of {called} were not written by this program: {TAG}kind is {kind!r}, {TAG}file is "
            f"{own['stored']!r}, {FILES} is {version.tags.get(FILES)!r}. Nothing was written. Pull another version, or "
            "register the model again."
        )
    return files


def _fetch(client: Any, version: Any, stored: _Stored, target: Path) -> None:
    remedy = (
        f"Nothing was written. Pull another version (`facefoundry models` lists them); where this one is the champion, "
        f"`facefoundry rollback {version.name}` makes the one before it champion again."
    )
    called = f"{stored.place} of {version.name} version {version.version}"
    place = publish_mlflow.files_of_version(client, version)
    try:
        found = publish_mlflow.fetch(place, stored.place, target)
    except PublishError as error:
        raise PublishError(f"{called} cannot be had: {error} {remedy}") from error
    if found != stored.sha256:
        raise PublishError(
            f"{called} is damaged: its SHA-256 is {found[:12]}, and {stored.sha256[:12]} was registered. {remedy}"
        )


def _describe(client: Any, version: Any, files: dict[str, _Stored], folder: Path) -> None:
    """Write the card, what programs are told, and the checksums."""
    sums = {name: stored.sha256 for name, stored in files.items()}
    write_json(folder / ABOUT, {**about(client, version), "files": {n: {"sha256": each} for n, each in sums.items()}})
    write_text(folder / CARD, model_card(card_facts(client, version, sums)))
    lines = [f"{digest(path)}  {path.name}\n" for path in sorted(folder.iterdir())]
    write_text(folder / SUMS, "".join(lines))
