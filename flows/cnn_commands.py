"""`facefoundry cnn ...`: the CNN line's steps, one command each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from cnn.evaluate import EvaluateCnnParams, evaluate_cnn
from cnn.merge import MergeParams
from cnn.merge import merge as merge_datasets
from cnn.train import CnnTrainParams, train_cnn
from flows.pipeline import Layout
from flows.step_app import FLATTEN, step_app
from flows.terminal import progress_bar, show
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
    params: Annotated[MergeParams, FLATTEN] = MergeParams(),
) -> None:
    """Merge FER2013 with FER+ votes and AffectNet into five classes, without leaks between splits.

    Parameters
    ----------
    out
        The folder to write: `images.npy`, `faces.parquet`, counts, and everything skipped with its reason.
    data
        Where each dataset is looked for that is not named: `fer2013/` and `affectnet/` below it. To merge one alone,
        name it, and a folder here that does not hold the other.
    fer2013
        FER2013's csv, compressed or not.
    ferplus
        The FER+ votes for the same rows; when not named, `fer2013new.csv` beside FER2013's csv, where there is one.
    affectnet
        The folder with AffectNet's `training.csv`, `validation.csv` and `Manually_Annotated_Images/`.
    """
    found = Layout(data)
    fer2013, affectnet = fer2013 or found.fer2013, affectnet or found.affectnet
    datasets = {"fer2013": fer2013, "ferplus": ferplus or _votes_beside(fer2013), "affectnet": affectnet}
    for name, path in datasets.items():
        print(f"{name:<24} {path or 'none'}")
    with progress_bar("merge") as report:
        show(merge_datasets(out, params, **datasets, report=report))


@step_app(cnn_app, "train_cnn", name="train")
def train(
    faces: Path,
    out: Path,
    *,
    params: Annotated[CnnTrainParams, FLATTEN] = CnnTrainParams(),
    restart: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Train the expression CNN. Killed, the same command resumes at the last whole epoch.

    Parameters
    ----------
    faces
        What `facefoundry cnn merge` wrote.
    out
        The run's folder: `model.keras`, `history.csv`, `curves.png`, `training.json`.
    restart
        Start over when the folder holds a run of other inputs or parameters.
    """
    with progress_bar("train_cnn") as report:
        show(train_cnn(faces, out, params, restart=restart, report=report))


@step_app(cnn_app, "evaluate_cnn", name="evaluate")
def evaluate(
    model: Path, faces: Path, out: Path, *, params: Annotated[EvaluateCnnParams, FLATTEN] = EvaluateCnnParams()
) -> None:
    """Measure a network on held-out faces: accuracy, balanced accuracy, recall by class, confusion.

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


@cnn_app.command
def architectures() -> None:
    """List the architectures that `cnn train --model` knows."""
    from cnn.models import names

    print("\n".join(names()))


def _votes_beside(fer2013: Path | None) -> Path | None:
    """The FER+ votes in the folder of FER2013's csv: votes are by row, so others would be those of other pictures."""
    return next(iter(sorted(fer2013.parent.glob("fer2013new.csv*"))), None) if fer2013 else None
