"""Every call to MLflow: logging a run and its model, making a version, fetching a file.

With `publish_mlflow_store`, which opens one, all that imports MLflow, and only inside functions: it takes seconds.
`publish_models` decides what to call.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version as installed
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from runs.files import write_json
from runs.record import digest
from tasks.data_version import DataVersion
from tasks.publish_mlflow_store import Client
from tasks.publish_mlflow_store import open_store as open_store  # with the rest, for those who call it
from tasks.publish_params import RegisterParams, artifact_root, hide_password
from tasks.publish_record import PROJECT, PublishError, Record, environment

_PARAMS_A_CALL, _METRICS_A_CALL = 100, 1000  # MLflow's limits

Version = Any  # mlflow.entities.model_registry.ModelVersion


@contextmanager
def open_run(client: Client, params: RegisterParams, name: str, tags: Mapping[str, str]) -> Iterator[str]:
    """Start a run in the experiment of `params` (made when absent) and yield its id; an error leaves it failed."""
    import mlflow

    with mlflow.start_run(experiment_id=_experiment(client, params), run_name=name, tags=dict(tags)) as run:
        yield run.info.run_id


def log_record(client: Client, run_id: str, record: Record) -> None:
    """Log parameters, final figures, the history as stepped figures, and the plots and tables."""
    from mlflow.entities import Metric, Param

    now = time.time_ns() // 1_000_000
    params = [Param(name, value) for name, value in record.params.items()]
    metrics = [Metric(name, value, now, 0) for name, value in record.metrics.items()]
    metrics += [Metric(name, value, now, step) for name, value, step in record.history]
    for start in range(0, len(params), _PARAMS_A_CALL):
        client.log_batch(run_id, params=params[start : start + _PARAMS_A_CALL], synchronous=True)
    for start in range(0, len(metrics), _METRICS_A_CALL):
        client.log_batch(run_id, metrics=metrics[start : start + _METRICS_A_CALL], synchronous=True)
    for folder, files in record.files.items():
        for file in files:
            client.log_artifact(run_id, str(file), folder)


def log_origin(client: Client, run_id: str, origin: DataVersion, facts: Mapping[str, Any]) -> None:
    """Log the environment, the lock, the facts that a user of the model must know, and the data as a dataset."""
    from mlflow.data.code_dataset_source import CodeDatasetSource
    from mlflow.data.meta_dataset import MetaDataset

    with TemporaryDirectory() as scratch:
        write_json(Path(scratch) / "environment.json", environment())
        for name, value in facts.items():
            write_json(Path(scratch) / f"{name}.json", value)
        for file in sorted(Path(scratch).iterdir()):
            client.log_artifact(run_id, str(file))
    lock = PROJECT / "requirements.lock"
    if lock.is_file():
        client.log_artifact(run_id, str(lock))
    if not origin.dvc.reason:
        source = CodeDatasetSource(tags=origin.as_tags())
        _log_data(MetaDataset(source, name="data", digest=origin.dvc.md5[:36]))


def log_cascade(cascade: Path, point: Mapping[str, float | int]) -> str:
    """Log a cascade into the open run as `mlflow/cascade_model.py`; returns the logged model's id.

    The operating point becomes the defaults of the signature's parameters. They would override a
    `model_config`, so there is none.
    """
    import mlflow
    from mlflow.models import ModelSignature
    from mlflow.types import ParamSchema, ParamSpec, Schema, TensorSpec

    code = PROJECT / "mlflow" / "cascade_model.py"
    if not code.is_file():
        raise PublishError(
            f"{code} does not exist: register from a checkout of the project, not from an installed copy."
        )
    kinds = {"scale_factor": "double", "min_neighbors": "long", "min_size": "long", "max_size": "long"}
    signature = ModelSignature(
        inputs=Schema([TensorSpec(np.dtype("uint8"), (-1, -1))]),
        outputs=Schema([TensorSpec(np.dtype("float64"), (-1, 5))]),
        params=ParamSchema([ParamSpec(name, kind, point[name]) for name, kind in kinds.items()]),
    )
    with TemporaryDirectory() as scratch:
        logged = mlflow.pyfunc.log_model(
            name="cascade",
            python_model=str(code),
            artifacts={"cascade": str(shutil.copyfile(cascade, Path(scratch) / "cascade.xml"))},
            signature=signature,
            input_example=np.zeros((48, 48), np.uint8),
            pip_requirements=_pinned("mlflow", "numpy", "opencv-contrib-python-headless"),
            metadata={"operating_point": dict(point)},
        )
    return str(logged.model_id)


def log_network(network: Any, classes: list[str]) -> str:
    """Log a Keras network into the open run; returns the logged model's id.

    The signature is the network's own: what it leaves open is open.
    """
    import mlflow
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec

    open_shape = tuple(-1 if side is None else side for side in network.input_shape)
    signature = ModelSignature(
        inputs=Schema([TensorSpec(np.dtype("float32"), open_shape)]),
        outputs=Schema([TensorSpec(np.dtype("float32"), (-1, len(classes)))]),
    )
    example = np.zeros([1, *(48 if side is None else side for side in network.input_shape[1:])], np.float32)
    with _no_keras_bars():
        logged = mlflow.tensorflow.log_model(
            network,
            name="network",
            signature=signature,
            input_example=example,
            pip_requirements=_pinned("mlflow", "numpy", "keras", "tensorflow"),
            metadata={"classes": classes},
        )
    return str(logged.model_id)


def create_version(client: Client, name: str, model_id: str, run_id: str, tags: Mapping[str, str]) -> Version:
    """Make a version of a registered model, which is made when absent; the tags come with it, not after it."""
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    return client.create_model_version(name, f"models:/{model_id}", run_id=run_id, tags=dict(tags), model_id=model_id)


def files_of_logged(client: Client, model_id: str) -> str:
    """The address below which a logged model's files lie. (MLflow reads ``models:/ID/FILE`` as a name.)"""
    return str(client.get_logged_model(model_id).artifact_location)


def files_of_version(client: Client, version: Version) -> str:
    """The address below which a registered version's files lie. (A store in a file gives it no `model_id`.)"""
    return str(client.get_model_version_download_uri(version.name, version.version))


def fetch(files: str, stored: str, target: Path) -> str:
    """Copy one file of a model to `target`; returns its SHA-256.

    Raises
    ------
    PublishError
        The store has lost it.
    """
    import mlflow

    with TemporaryDirectory() as scratch:
        try:
            found = mlflow.artifacts.download_artifacts(artifact_uri=f"{files}/{stored}", dst_path=scratch)
            shutil.copyfile(found, target)
        except ImportError:  # `open_store` says that a package is wanted
            raise
        except Exception as error:  # the library of a store in a cloud raises its own
            reason = (str(error).strip() or type(error).__name__).splitlines()[-1].rstrip(".")
            raise PublishError(f"{hide_password(files)}/{stored} cannot be read from the store: {reason}.") from error
    return digest(target)


def fetch_records(client: Client, run_id: str, wanted: Mapping[str, Collection[str]], target: Path) -> None:
    """Copy files of a run, names by folder, into the folder `target`; what the run lacks is left out."""
    from mlflow.exceptions import MlflowException

    try:
        for folder, names in wanted.items():
            there = {Path(file.path).name: file.path for file in client.list_artifacts(run_id, folder)}
            for name in set(names) & there.keys():
                with TemporaryDirectory() as scratch:
                    shutil.copyfile(client.download_artifacts(run_id, there[name], scratch), target / name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":  # the run was deleted for good
            raise


def _log_data(dataset: Any) -> None:
    """Log a dataset as the open run's input."""
    import mlflow

    try:
        mlflow.log_input(dataset, context="training")
    except mlflow.MlflowException:  # of two processes that bring the same one at once, a new store refuses one
        mlflow.log_input(dataset, context="training")


def _experiment(client: Client, params: RegisterParams) -> str:
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(params.experiment)
    if found is not None and found.lifecycle_stage == "deleted":
        raise PublishError(
            f"The experiment {params.experiment!r} was deleted. Restore it (`mlflow experiments restore "
            f"--experiment-id {found.experiment_id}`), or choose another name (`experiment`)."
        )
    if found is not None:
        return str(found.experiment_id)
    try:
        return str(client.create_experiment(params.experiment, artifact_location=artifact_root(params)))
    except MlflowException as error:  # another process made it since
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    return str(client.get_experiment_by_name(params.experiment).experiment_id)


def _pinned(*names: str) -> list[str]:
    return [f"{name}=={installed(name)}" for name in names]


@contextmanager
def _no_keras_bars() -> Iterator[None]:
    from keras import config

    interactive = config.is_interactive_logging_enabled()
    config.disable_interactive_logging()  # MLflow tries the example, and `predict` would draw a bar
    try:
        yield
    finally:
        if interactive:
            config.enable_interactive_logging()
