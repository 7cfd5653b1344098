"""Logging a cascade and a network as one MLflow model. MLflow is imported inside the function: it takes seconds."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Mapping
from importlib.metadata import version as installed
from pathlib import Path
from tempfile import TemporaryDirectory

from cnn.labels import EXPRESSIONS
from tasks.publish_record import PROJECT, PublishError

_CODE = PROJECT / "mlflow" / "face_expression_model.py"
_PACKAGES = ("mlflow", "numpy", "pandas", "opencv-contrib-python-headless")
_KINDS = {
    "scale_factor": "double",
    "min_neighbors": "long",
    "min_size": "long",
    "max_size": "long",
    "crop_scale": "double",
    "crop_down": "double",
}


def log_pair(cascade: Path, network: Path, point: Mapping[str, float | int]) -> str:
    """Log a cascade and an ONNX network into the open run; returns the logged model's id.

    `point` becomes the defaults of the signature's parameters. What goes in has no schema: it may be arrays, texts or,
    where whoever loads the model allows them, paths, which no schema of MLflow's describes together.
    """
    import mlflow
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema

    if not _CODE.is_file():
        raise PublishError(
            f"{_CODE} does not exist: register from a checkout of the project, not from an installed copy."
        )
    whole = [ColSpec("long", name) for name in ("image", "x", "y", "width", "height")]
    told = [ColSpec("double", "score"), ColSpec("string", "expression")]
    signature = ModelSignature(
        outputs=Schema([*whole, *told, *(ColSpec("double", name) for name in EXPRESSIONS)]),
        params=ParamSchema([ParamSpec(name, kind, point[name]) for name, kind in _KINDS.items()]),
    )
    with TemporaryDirectory() as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that it has no type hints of MLflow's own, and no example
        files = {"cascade": (cascade, "cascade.xml"), "network": (network, "model.onnx")}
        copies = {key: str(shutil.copyfile(path, Path(scratch) / name)) for key, (path, name) in files.items()}
        logged = mlflow.pyfunc.log_model(
            name="pair",
            python_model=str(_CODE),
            artifacts=copies,
            signature=signature,
            pip_requirements=[f"{name}=={installed(name)}" for name in _PACKAGES],
            model_config={"allow_paths": False},
            metadata={"operating_point": dict(point), "classes": list(EXPRESSIONS)},
        )
    return str(logged.model_id)
