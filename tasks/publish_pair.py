"""Register a cascade and a network as one model, `face-expression`: pictures in, faces with expressions out.

Both parts come from the registry by reference and are checked against their checksums; the figures must be theirs. As
with the parts, the same content again makes no new version: the content of a pair is that of its parts and its
operating point.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cnn.labels import EXPRESSIONS
from pair.errors import PairError
from pair.find import FaceExpressions, PairParams
from runs.progress import Progress, Report, silent
from tasks import publish_mlflow
from tasks.cards.facts import ENVIRONMENT, CardFacts, read_records
from tasks.data_version import data_version
from tasks.publish_beside import log_beside, write_onnx
from tasks.publish_mlflow_pair import log_pair
from tasks.publish_params import Pulled, Registered, RegisterParams, absolute, hide_password
from tasks.publish_pull import FILES, pull
from tasks.publish_record import (
    CASCADE,
    CNN,
    PAIR,
    PROJECT,
    Line,
    PublishError,
    Record,
    environment,
    read_score,
    source_digest,
)
from tasks.publish_versions import TAG, find, give_alias, version_of_content, whole_versions

_CASCADE, _NETWORK = "artifacts/cascade.xml", "artifacts/model.onnx"
_FIGURE = {CASCADE.kind: "cascade_sha256", CNN.kind: "network_sha256"}
_POINT = tuple(field.name for field in fields(PairParams))


@dataclass(frozen=True)
class _Parts:
    """Both parts as pulled: `called` are their names with versions, `content` what makes them what they are."""

    cascade: Path
    network: Path
    onnx: Path
    called: dict[str, str]
    content: tuple[str, str]


def register_pair(
    score: Path,
    params: RegisterParams = RegisterParams(),
    *,
    cascade_model: str | None = None,
    network_model: str | None = None,
    data: Path = Path("data"),
    report: Report = silent,
) -> Registered:
    """Register two registered models as one, at the operating point that they were measured at together.

    Parameters
    ----------
    score
        `evaluate_pair`'s folder, of these two models: as they were trained, or as they were pulled.
    cascade_model, network_model
        ``NAME`` (its champion), ``NAME@ALIAS`` or ``NAME/VERSION``, both in the store of `params`. When not given, the
        newest version of `face-cascade` and of `expression-cnn` that the figures are of.
    data
        The data folder that it was measured on; ``DATA.dvc`` beside it gives the version that is registered.

    Raises
    ------
    PublishError
        A part is missing or damaged, the figures are of others, or MLflow refused; the message says what to do.
    """
    record = read_score(score, PAIR)
    point = _operating_point(record.figures, score / "metrics.json")
    with TemporaryDirectory() as scratch:
        names = [
            named or _measured(line, record, score, params)
            for named, line in ((cascade_model, CASCADE), (network_model, CNN))
        ]
        parts = _pull_parts(names, record, score, params, Path(scratch), report)
        facts = {"operating_point": point, "classes": list(EXPRESSIONS), "parts": parts.called}
        sha256 = _content(parts, point)
        name = params.model_name or PAIR.model_name
        with publish_mlflow.open_store(params.tracking_uri) as client:
            version = found = version_of_content(client, name, sha256)
            if version is None:
                _check(parts, point)
                version = _publish(client, name, sha256, parts, record, facts, data, params, report)
            alias = give_alias(client, name, int(version.version))
    number, address = int(version.version), hide_password(absolute(params.tracking_uri))
    words = "is new" if found is None else "was there before, with the same content"
    report(Progress(f"{name} version {number} {words}", 4, 4))
    return Registered(name, number, alias, found is None, sha256, version.run_id, f"models:/{name}/{number}", address)


def _pull_parts(
    names: Sequence[str],
    record: Record,
    score: Path,
    params: RegisterParams,
    scratch: Path,
    report: Report,
) -> _Parts:
    cascade_model, network_model = names
    report(Progress(f"fetching {cascade_model} and {network_model}", 0, 4))
    cascade, network = (
        pull(cascade_model, scratch / "cascade", params),
        pull(network_model, scratch / "network", params),
    )
    content = tuple(
        _require_part(one, line, record, score / "metrics.json", params)
        for one, line in ((cascade, CASCADE), (network, CNN))
    )
    onnx = scratch / "network" / "model.onnx"
    if not onnx.is_file():
        report(Progress("exporting the network to ONNX", 1, 4))
        made = write_onnx(network.file, scratch / "onnx", report)
        if made is None:
            raise PublishError(f"{network_model} has no ONNX file and none can be made here. Run `make setup`.")
        onnx = made
    called = {"cascade": f"{cascade.name}/{cascade.version}", "network": f"{network.name}/{network.version}"}
    return _Parts(cascade.file, network.file, onnx, called, (content[0], content[1]))


def _measured(line: Line, record: Record, score: Path, params: RegisterParams) -> str:
    """The newest version of a line's model that the figures are of, as NAME/VERSION."""
    told = record.figures.get(_FIGURE[line.kind])
    with publish_mlflow.open_store(params.tracking_uri) as client:
        for version in whole_versions(client, line.model_name):
            if told in _digests(client, version):
                return f"{version.name}/{version.version}"
    raise PublishError(
        f"{score / 'metrics.json'} has the figures of a {line.kind} (SHA-256 {str(told)[:12]}) that is not registered "
        f"as {line.model_name}. Register it first, or name the version."
    )


def _digests(client: Any, version: Any) -> tuple[str, ...]:
    """The SHA-256 of a version's file as it is stored, and as it was trained: MLflow writes a network's file anew."""
    trained = client.get_run(version.run_id).data.params.get("model_sha256")
    return tuple(one for one in (version.tags.get(TAG + "file_sha256"), trained) if one)


def _require_part(pulled: Pulled, line: Line, record: Record, place: Path, params: RegisterParams) -> str:
    """Refuse a part of the wrong kind, or another than was measured; returns what makes it what it is."""
    called = f"{pulled.name}/{pulled.version}"
    with publish_mlflow.open_store(params.tracking_uri) as client:
        version = find(client, called)
        known = _digests(client, version)
    if version.tags.get(TAG + "kind") != line.kind:
        raise PublishError(
            f"{called} must be a {line.kind}. Got a {version.tags.get(TAG + 'kind')}. Name another model."
        )
    told = str(record.figures.get(_FIGURE[line.kind], ""))
    if told not in known:
        raise PublishError(
            f"The figures in {place} are of another {line.kind} (SHA-256 {told[:12] or 'unknown'}) than {called} "
            f"({pulled.sha256[:12]}). Pull it and run the step `{PAIR.evaluate}` on it, or name the model measured."
        )
    return str(version.tags[TAG + "sha256"])


def _operating_point(figures: Mapping[str, Any], place: Path) -> dict[str, float | int]:
    """What the pair was measured with; `max_size` 0 is the whole picture."""
    try:
        measured = PairParams.from_plain({name: figures[name] for name in _POINT})
    except (KeyError, ValueError) as error:
        raise PublishError(
            f"{place} must give {', '.join(_POINT)} ({error}). The step `{PAIR.evaluate}` writes it: run that again."
        ) from error
    return {**measured.as_dict(), "max_size": measured.max_size or 0}


def _content(parts: _Parts, point: Mapping[str, float | int]) -> str:
    told = (*parts.content, json.dumps(point, sort_keys=True))
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def _check(parts: _Parts, point: Mapping[str, float | int]) -> None:
    """Open both as the model will."""
    try:
        FaceExpressions(
            parts.cascade, parts.onnx, PairParams.from_plain({**point, "max_size": point["max_size"] or None})
        )
    except PairError as error:
        raise PublishError(str(error)) from error


def _publish(
    client: Any,
    name: str,
    sha256: str,
    parts: _Parts,
    record: Record,
    facts: dict[str, Any],
    data: Path,
    params: RegisterParams,
    report: Report,
) -> Any:
    origin = data_version(data, PROJECT)
    tags = {TAG + "sha256": sha256, TAG + "kind": PAIR.kind, **origin.as_tags()}
    tags |= {TAG + "source_sha256": source_digest(PAIR.rooms)}
    tags |= {TAG + fact: json.dumps(value) for fact, value in facts.items()}
    with publish_mlflow.open_run(client, params, name, tags) as run_id, TemporaryDirectory() as scratch:
        report(Progress("logging figures and pictures", 2, 4))
        publish_mlflow.log_record(client, run_id, record)
        publish_mlflow.log_origin(client, run_id, origin, facts)
        report(Progress("logging the model", 3, 4))
        model_id = log_pair(parts.cascade, parts.onnx, facts["operating_point"])
        tags |= _log_card(client, model_id, name, tags, run_id, record, Path(scratch))
    tags |= {TAG + "figures": json.dumps(record.headline())}
    return publish_mlflow.create_version(client, name, model_id, run_id, tags)


def _log_card(
    client: Any, model_id: str, name: str, tags: dict[str, str], run_id: str, record: Record, scratch: Path
) -> dict[str, str]:
    """Read both files back from the store and log the card; returns the tags that tell `pull` of them."""
    place = publish_mlflow.files_of_logged(client, model_id)
    read_back = {one: publish_mlflow.fetch(place, one, scratch / "read back") for one in (_CASCADE, _NETWORK)}
    files = {PAIR.file: read_back[_CASCADE], "model.onnx": read_back[_NETWORK]}
    records = {**read_records(*{path.parent for path in record.files["evaluation"]}), ENVIRONMENT: environment()}
    own = {TAG + "file": _CASCADE, TAG + "file_sha256": read_back[_CASCADE]}
    facts = CardFacts(name=name, kind=PAIR.kind, tags={**tags, **own}, files=files, records=records, run_id=run_id)
    log_beside(client, model_id, facts, None, scratch)
    return {**own, FILES: json.dumps({"model.onnx": {"stored": _NETWORK, "sha256": read_back[_NETWORK]}})}
