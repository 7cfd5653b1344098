"""`facefoundry cnn ...`: the CNN line's steps, one command each."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from cyclopts.validators import Number

from cnn.evaluate import EvaluateCnnParams, evaluate_cnn
from cnn.merge import MergeParams
from cnn.merge import merge as merge_datasets
from cnn.team import OPEN_PORTS, TF_CONFIG
from cnn.train import CnnTrainParams
from flows.commands.architecture_commands import models as list_architectures
from flows.commands.calibrate_commands import calibrate
from flows.commands.export_commands import export
from flows.commands.face_picture_commands import pictures
from flows.commands.step_app import FLATTEN, step_app
from flows.commands.terminal import progress_bar, show
from flows.pipeline import Layout
from tasks.cluster import ClusterParams, cluster
from tasks.cnn_workers import train_with_workers
from tasks.publish_models import RegisterParams, register_cnn

cnn_app = App(name="cnn", help="Merge expression datasets, train and measure the CNN, step by step.")


@step_app(cnn_app, "merge")
def merge(
    out: Path,
    *,
    data: Path = Path("data"),
    fer2013: Path | None = None,
    ferplus: Path | None = None,
    affectnet: Path | None = None,
    ckplus: Path | None = None,
    mpi: Path | None = None,
    folders: Path | None = None,
    params: Annotated[MergeParams, FLATTEN] = MergeParams(),
    workers: Annotated[ClusterParams, FLATTEN] = ClusterParams(),
) -> None:
    """Merge expression datasets into five classes, without leaks: no picture, near duplicate or person in two splits.

    Parameters
    ----------
    out
        The folder to write: `images.npy`, `faces.parquet`, counts, near duplicates, everything skipped with its reason,
        and `report.html`, which tells it all.
    data
        Where each dataset is looked for that is not named: `fer2013/`, `affectnet/`, `ckplus/`, `mpi/` and `folders/`
        below it. To merge one alone, name it, and a folder here that does not hold the others.
    fer2013
        FER2013's csv, compressed or not.
    ferplus
        The FER+ votes for the same rows; when not named, `fer2013new.csv` beside FER2013's csv, where there is one.
    affectnet
        AffectNet's folder, told by what it holds: `training.csv`, `validation.csv` and `Manually_Annotated_Images/`;
        or `train_set/` and `val_set/`; or AffectNet+'s pictures with a JSON file beside each.
    ckplus
        The folder with CK+'s `cohn-kanade-images/` and `Emotion/`.
    mpi
        The folder with the MPI database's 51 expression folders.
    folders
        A folder of class folders (`happy/`, `sad/`, ...), or of `train/`, `val/` and `test/` with such folders in them.
    """
    named = {"fer2013": fer2013, "affectnet": affectnet, "ckplus": ckplus, "mpi": mpi, "folders": folders}
    found = Layout(data).datasets
    datasets = {name: named.get(name) or path for name, path in found.items()}
    datasets["ferplus"] = ferplus or _votes_beside(datasets["fer2013"])
    for name, path in datasets.items():
        print(f"{name:<24} {path or 'none'}")
    with progress_bar("merge") as report, cluster(workers):
        show(merge_datasets(out, params, **datasets, report=report))


@step_app(cnn_app, "train_cnn", name="train")
def train(
    faces: Path,
    out: Path,
    *,
    params: Annotated[CnnTrainParams, FLATTEN] = CnnTrainParams(),
    workers: Annotated[int, Parameter(validator=Number(gte=1, lte=64))] = 1,
    restart: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Train the expression CNN. Killed, the same command resumes at the last whole epoch.

    Parameters
    ----------
    faces
        What `facefoundry cnn merge` wrote.
    out
        The run's folder: `model.keras`, `history.csv`, `curves.png`, `training.json`.
    workers
        Processes on this machine that share every batch; they open ports on all of its addresses. For several
        machines, set TensorFlow's `TF_CONFIG` and start this on each: see docs/scaling.md.
    restart
        Start over when the folder holds a run of other inputs or parameters.
    """
    if workers > 1 or TF_CONFIG in os.environ:
        print(OPEN_PORTS, file=sys.stderr, flush=True)
    with progress_bar("train_cnn") as report:
        show(train_with_workers(faces, out, params, workers, restart=restart, report=report))


@step_app(cnn_app, "evaluate_cnn", name="evaluate")
def evaluate(
    model: Path, faces: Path, out: Path, *, params: Annotated[EvaluateCnnParams, FLATTEN] = EvaluateCnnParams()
) -> None:
    """Measure a network on held-out faces, and write one page that tells everything: OUT/report.html.

    Parameters
    ----------
    model
        The `model.keras`.
    faces
        What `facefoundry cnn merge` wrote.
    out
        The folder to write, whole or not at all.
    """
    with progress_bar("evaluate_cnn") as report:
        show(evaluate_cnn(model, faces, out, params, report=report))


@step_app(cnn_app, "registration", name="register")
def register(
    run: Path,
    score: Path,
    *,
    data: Path = Path("data"),
    params: Annotated[RegisterParams, FLATTEN] = RegisterParams(),
) -> None:
    """Register a trained, measured network in MLflow. The same content again makes no new version.

    Parameters
    ----------
    run
        What `facefoundry cnn train` wrote.
    score
        What `facefoundry cnn evaluate` wrote of this network.
    data
        The data folder that it was trained on: DVC's file beside it, such as `data.dvc`, gives the version.
    """
    with progress_bar("register_cnn") as report:
        show(register_cnn(run / "model.keras", run, score, params, data=data, report=report))


cnn_app.command(calibrate)
cnn_app.command(export)
cnn_app.command(list_architectures, name="models")
cnn_app.command(pictures)


def _votes_beside(fer2013: Path | None) -> Path | None:
    """The FER+ votes in the folder of FER2013's csv: votes are by row, so others would be those of other pictures."""
    if fer2013 is None:
        return None
    folder = fer2013 if fer2013.is_dir() else fer2013.parent
    return next(iter(sorted(folder.glob("fer2013new.csv*"))), None)
