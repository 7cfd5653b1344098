"""Is the champion still as good as when it was registered? It is measured on newly labelled pictures.

The new pictures are another sample than those of the registration, so nothing can be paired: the 95% interval of the
new figure stands against the old figure, less what may be lost. The whole interval beyond it: the figure has drifted.
None of it beyond: all is well. Else nobody knows yet, and more pictures would tell.
"""

from __future__ import annotations

import json
import shutil
from contextlib import ExitStack
from dataclasses import asdict, fields, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cascade.evaluate import EvaluateCascadeParams, evaluate_cascade
from cnn.evaluate import EvaluateCnnParams, evaluate_cnn
from cnn.merge import MergeParams, merge
from pair.evaluate import EvaluatePairParams, evaluate_pair
from pair.find import PairParams
from runs.progress import Report, silent
from tasks import publish_mlflow
from tasks.drift_verdict import Drift, DriftParams, Watched, verdict, watched
from tasks.publish_params import RegisterParams
from tasks.publish_pull import pull
from tasks.publish_record import CASCADE, CNN, PAIR, PublishError
from tasks.publish_versions import CHAMPION, TAG, find

_POINT = {field.name for field in fields(PairParams)}
_SPLITS = ("train", "val", "valid", "validation", "test")
_STORE = "faces.parquet"


def watch_cascade(
    scenes: Path,
    out: Path,
    params: DriftParams,
    store: RegisterParams,
    evaluation: EvaluateCascadeParams = EvaluateCascadeParams(),
    *,
    report: Report = silent,
) -> Drift:
    """Measure the champion among the cascades on newly annotated scenes, at the operating point it is registered with.

    Parameters
    ----------
    scenes
        As `cascade.evaluate.evaluate_cascade` takes them.
    out
        A folder for the model (`champion`) and the evaluation (`score`), each replaced.
    evaluation
        The format, the label and the overlap that count; the operating point is the champion's own.

    Raises
    ------
    PublishError
        There is no champion, it does not tell its figures, or the registry refused.
    CascadeError
        The scenes cannot be read.
    """
    name = store.model_name or CASCADE.model_name
    version, then, point = _champion(name, store, "recall")
    pulled = pull(f"{name}/{version}", out / "champion", store, report=report)
    at_point = replace(evaluation, **point, traced_megapixels=0.0)  # how the stages reject is nobody's question here
    score = evaluate_cascade(pulled.file, scenes, out / "score", at_point, report=report)
    figures = _judged("recall", then, score.metrics(), params)
    return verdict((name, version), figures, score.faces, scenes, out, params)


def watch_cnn(
    faces: Path,
    out: Path,
    params: DriftParams,
    store: RegisterParams,
    evaluation: EvaluateCnnParams = EvaluateCnnParams(),
    *,
    report: Report = silent,
) -> Drift:
    """Measure the champion among the networks on newly labelled faces.

    Parameters
    ----------
    faces
        A folder of class folders, all of which count; one with such folders in ``test/``, or a store that
        `cnn.merge.merge` wrote from any dataset, of which the test split counts.
    out
        A folder for the model (`champion`), the faces (`faces`) and the evaluation (`score`), each replaced.

    Raises
    ------
    PublishError
        There is no champion, it does not tell its figures, or the registry refused.
    CnnError
        The faces cannot be read.
    """
    name = store.model_name or CNN.model_name
    version, then, _ = _champion(name, store, "balanced_accuracy")
    pulled = pull(f"{name}/{version}", out / "champion", store, report=report)
    merged = _as_store(faces, out, report)
    score = evaluate_cnn(pulled.file, merged, out / "score", replace(evaluation, split="test"), report=report)
    figures = [watched("balanced_accuracy", then, score.metrics(), -params.fall)]
    return verdict((name, version), figures, score.faces, faces, out, params)


def watch_pair(
    scenes: Path,
    out: Path,
    params: DriftParams,
    store: RegisterParams,
    evaluation: EvaluatePairParams = EvaluatePairParams(),
    *,
    report: Report = silent,
) -> Drift:
    """Measure the champion among the pairs on newly labelled scenes, at the operating point it is registered with.

    Parameters
    ----------
    scenes
        As `pair.evaluate.evaluate_pair` takes them.
    out
        A folder for the model (`champion`) and the evaluation (`score`), each replaced.
    evaluation
        The format and the overlap that count; the operating point is the champion's own.

    Raises
    ------
    PublishError
        There is no champion, it does not tell its figures, or the registry refused.
    PairError
        The scenes cannot be read.
    """
    name = store.model_name or PAIR.model_name
    version, then, point = _champion(name, store, "right_share")
    pulled = pull(f"{name}/{version}", out / "champion", store, report=report)
    network, at_point = pulled.folder / "model.onnx", replace(evaluation, **point)
    score = evaluate_pair(pulled.file, network, scenes, out / "score", at_point, report=report)
    figures = _judged("right_share", then, score.metrics(), params)
    return verdict((name, version), figures, score.faces, scenes, out, params)


def record(drift: Drift, store: RegisterParams) -> Drift:
    """Keep what was found as an MLflow run of the experiment; returns it with the run's number.

    Raises
    ------
    PublishError
        The store refused.
    """
    tags = {TAG + "kind": "drift", TAG + "model": f"{drift.model}/{drift.version}", TAG + "drift": drift.state}
    name, page = f"drift-{drift.model}", Path(drift.out) / "score" / "report.html"
    with (
        publish_mlflow.open_store(store.tracking_uri) as client,
        publish_mlflow.open_run(client, store, name, tags) as run_id,
    ):
        client.log_metric(run_id, "faces", drift.faces)
        for one in drift.figures:
            for part in ("then", "now", "low", "high", "limit"):
                client.log_metric(run_id, f"{one.figure}.{part}", getattr(one, part))
        client.log_dict(run_id, asdict(drift), "drift.json")
        if page.is_file():
            client.log_artifact(run_id, str(page))
    return replace(drift, run_id=run_id)


def _champion(name: str, store: RegisterParams, figure: str) -> tuple[int, dict[str, float], dict[str, Any]]:
    """The champion's version, its figures, of which `figure` must be one, and its operating point."""
    with publish_mlflow.open_store(store.tracking_uri) as client:
        version = find(client, f"{name}@{CHAMPION}")
    called = f"{name} version {version.version}"
    try:
        told, point = (json.loads(version.tags.get(TAG + key, "{}")) for key in ("figures", "operating_point"))
        figures = {key: float(value) for key, value in told.items()}
        point = {key: value or None if key == "max_size" else value for key, value in point.items() if key in _POINT}
    except (ValueError, TypeError, AttributeError) as error:
        raise PublishError(f"{called} tells its figures wrongly: {error}.") from error
    if figure not in figures:
        raise PublishError(f"{called} tells no figures with {figure}. Register it again, measured.")
    return int(version.version), figures, point


def _judged(figure: str, then: dict[str, float], now: dict[str, Any], params: DriftParams) -> list[Watched | None]:
    alarms = watched("false_alarms_per_image", then, now, params.more_false_alarms)
    return [watched(figure, then, now, -params.fall), alarms]


def _as_store(faces: Path, out: Path, report: Report) -> Path:
    if (faces / _STORE).is_file():
        return faces
    names = {entry.name.lower() for entry in faces.iterdir() if entry.is_dir()} if faces.is_dir() else set()
    with ExitStack() as held:
        if names and not names & set(_SPLITS):  # all of it is the test, and the merge would divide it
            out.mkdir(parents=True, exist_ok=True)
            whole = Path(held.enter_context(TemporaryDirectory(dir=out)))
            shutil.copytree(faces, whole / "test")
            faces = whole
        merge(out / "faces", MergeParams(near_duplicates="off"), folders=faces, report=report)
    return out / "faces"
