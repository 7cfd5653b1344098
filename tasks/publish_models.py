"""Register models in MLflow, list them, pull them.

Registration is idempotent by content. A version carries the SHA-256 of what makes its model what it is; the
same again is found by it, and nothing new is written: its figures stay those of the first time. A version is
created last, after its file is in the store and has been read back, so a call that dies midway leaves a
failed run and never a version. Two processes that register the same content at the same moment may both make
a version: nothing is lost by that.

The first version of a model becomes `champion`; every later one becomes `challenger`, until somebody
promotes it. (`latest` is a word of MLflow's own: the highest version.)
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cascade.detect import Detector
from cascade.errors import CascadeError
from cnn.labels import EXPRESSIONS
from runs.progress import Progress, Report, silent
from tasks import publish_mlflow
from tasks.cards.facts import ENVIRONMENT, CardFacts, read_records
from tasks.data_version import data_version
from tasks.publish_beside import log_beside
from tasks.publish_pair import register_pair
from tasks.publish_params import Registered, RegisterParams, absolute, hide_password
from tasks.publish_pull import list_models, pull
from tasks.publish_record import (
    CASCADE,
    CNN,
    PROJECT,
    Line,
    PublishError,
    Record,
    content_digest,
    environment,
    operating_point,
    read_record,
    source_digest,
)
from tasks.publish_versions import TAG, give_alias, version_of_content

__all__ = [
    "PublishError",
    "RegisterParams",
    "Registered",
    "list_models",
    "pull",
    "register_cascade",
    "register_cnn",
    "register_pair",
]


@dataclass(frozen=True)
class _Candidate:
    """A model on its way in. `load` checks the file and returns what logs it into the open run."""

    line: Line
    file: Path
    run: Path
    record: Record
    data: Path
    facts: dict[str, Any]
    """What a user of the model must know: the operating point, the classes."""
    stored: str
    """Where the model's own file lies in the logged model."""
    load: Callable[[], Callable[[], str]]


def register_cascade(
    cascade: Path,
    run: Path,
    score: Path,
    params: RegisterParams = RegisterParams(),
    *,
    data: Path = Path("data"),
    report: Report = silent,
) -> Registered:
    """Register a cascade: picture in, boxes with scores out, at the operating point that the evaluation recommends.

    Parameters
    ----------
    cascade
        `cascade.xml`.
    run
        `train_cascade`'s folder.
    score
        `evaluate_cascade`'s folder; its operating point becomes the default of the model's parameters.
    data
        The data folder that it was trained on; ``DATA.dvc`` beside it gives the version that is registered.

    Raises
    ------
    PublishError
        A file is missing or broken, the figures are another model's, or MLflow refused; the message says what to do.
    """
    record = read_record(cascade, run, score, CASCADE)
    point = operating_point(record.figures, score / "metrics.json")

    def load() -> Callable[[], str]:
        _check_cascade(cascade)
        return lambda: publish_mlflow.log_cascade(cascade, point)

    facts = {"operating_point": point}
    candidate = _Candidate(CASCADE, cascade, run, record, data, facts, "artifacts/cascade.xml", load)
    return _register(candidate, params, report)


def register_cnn(
    model: Path,
    run: Path,
    score: Path,
    params: RegisterParams = RegisterParams(),
    *,
    data: Path = Path("data"),
    report: Report = silent,
) -> Registered:
    """Register an expression network: faces in, five probabilities each out.

    Parameters
    ----------
    model
        `model.keras`, which takes float32 (N, height, width, 1) of 0 to 255 and has its preprocessing inside.
    run
        `train_cnn`'s folder.
    score
        `evaluate_cnn`'s folder.
    data
        The data folder that it was trained on; ``DATA.dvc`` beside it gives the version that is registered.

    Raises
    ------
    PublishError
        A file is missing or broken, the figures are another model's, the network has other inputs or outputs, or
        MLflow refused; the message says what to do.
    """
    record = read_record(model, run, score, CNN)
    classes = list(EXPRESSIONS)

    def load() -> Callable[[], str]:
        network = _load_network(model)
        return lambda: publish_mlflow.log_network(network, classes)

    candidate = _Candidate(CNN, model, run, record, data, {"classes": classes}, "data/model.keras", load)
    return _register(candidate, params, report)


def _register(candidate: _Candidate, params: RegisterParams, report: Report) -> Registered:
    name = params.model_name or candidate.line.model_name
    sha256 = content_digest(candidate.file, candidate.run, candidate.facts)
    with publish_mlflow.open_store(params.tracking_uri) as client:
        report(Progress(f"looking for {name} with content {sha256[:12]}", 0, 3))
        version = found = version_of_content(client, name, sha256)
        if version is None:
            version = _publish(client, candidate, name, sha256, params, report)
        number = int(version.version)
        alias = give_alias(client, name, number)
    words = "is new" if found is None else "was there before, with the same content"
    report(Progress(f"{name} version {number} {words}", 3, 3))
    address = hide_password(absolute(params.tracking_uri))
    return Registered(name, number, alias, found is None, sha256, version.run_id, f"models:/{name}/{number}", address)


def _publish(client: Any, candidate: _Candidate, name: str, sha256: str, params: RegisterParams, report: Report) -> Any:
    log_model = candidate.load()
    origin = data_version(candidate.data, PROJECT)
    tags = {TAG + "sha256": sha256, TAG + "kind": candidate.line.kind, **origin.as_tags()}
    tags |= {TAG + "source_sha256": source_digest(candidate.line.rooms)}
    tags |= {TAG + fact: json.dumps(value) for fact, value in candidate.facts.items()}
    with publish_mlflow.open_run(client, params, name, tags) as run_id, TemporaryDirectory() as scratch:
        report(Progress("logging parameters, figures and plots", 1, 3))
        publish_mlflow.log_record(client, run_id, candidate.record)
        publish_mlflow.log_origin(client, run_id, origin, candidate.facts)
        report(Progress("logging the model", 2, 3))
        model_id = log_model()
        read_back = publish_mlflow.fetch(
            publish_mlflow.files_of_logged(client, model_id), candidate.stored, Path(scratch) / "model"
        )
        tags |= {TAG + "file": candidate.stored, TAG + "file_sha256": read_back}
        network = candidate.file if candidate.line is CNN else None
        facts = _card_facts(candidate, name, tags, run_id)
        tags |= log_beside(client, model_id, facts, network, Path(scratch), report)
    tags |= {TAG + "figures": json.dumps(candidate.record.headline())}
    return publish_mlflow.create_version(client, name, model_id, run_id, tags)


def _card_facts(candidate: _Candidate, name: str, tags: dict[str, str], run_id: str) -> CardFacts:
    folders = {path.parent for paths in candidate.record.files.values() for path in paths}
    records = {**read_records(*folders), ENVIRONMENT: environment()}
    files = {candidate.line.file: tags[TAG + "file_sha256"]}
    return CardFacts(name=name, kind=candidate.line.kind, tags=tags, files=files, records=records, run_id=run_id)


def _check_cascade(cascade: Path) -> None:
    try:
        Detector(cascade)
    except CascadeError as error:
        raise PublishError(str(error)) from error


def _load_network(model: Path) -> Any:
    import keras

    try:
        network = keras.models.load_model(model, compile=False)
    except (ValueError, OSError, TypeError, KeyError) as error:
        raise PublishError(f"{model} is no network that Keras {keras.__version__} reads: {error}") from error
    shapes = network.input_shape, network.output_shape
    if len(shapes[0]) != 4 or shapes[0][-1] != 1 or shapes[1] != (None, len(EXPRESSIONS)):
        raise PublishError(
            f"{model} must take (N, height, width, 1) and give (N, {len(EXPRESSIONS)}) for {', '.join(EXPRESSIONS)}. "
            f"Got {shapes[0]} and {shapes[1]}. Run `train_cnn` again."
        )
    return network
