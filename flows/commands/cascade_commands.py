"""`facefoundry cascade ...`: the cascade line's steps, one command each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from cascade.collect import CollectParams
from cascade.collect import collect as collect_pictures
from cascade.describe import describe as write_descriptions
from cascade.samples import SampleParams, create_samples
from cascade.train import CascadeTrainParams, train_cascade
from flows.commands.doctor_commands import check_app, plan_app
from flows.commands.evaluate_commands import compare, evaluate
from flows.commands.model_commands import convert, diff, inspect
from flows.commands.step_app import FLATTEN, step_app
from flows.commands.terminal import progress_bar, show
from flows.commands.vec_commands import overlay, overlay_scenes
from flows.read_params import params_here
from tasks.cluster import ClusterParams, cluster
from tasks.publish_models import RegisterParams, register_cascade

cascade_app = App(name="cascade", help="Train and measure an OpenCV cascade, step by step.")
cascade_app.command(check_app)
cascade_app.command(plan_app)
cascade_app.command(inspect)
cascade_app.command(diff)
cascade_app.command(convert)
step_app(cascade_app, "overlay")(overlay)
step_app(cascade_app, "overlay_scenes", name="overlay-scenes")(overlay_scenes)
step_app(cascade_app, "evaluate_cascade", name="evaluate")(evaluate)
step_app(cascade_app, "evaluate_cascade", name="compare")(compare)


@step_app(cascade_app, "collect")
def collect(
    positives: Path, negatives: Path, out: Path, *, params: Annotated[CollectParams, FLATTEN] = CollectParams()
) -> None:
    """Check, convert and copy positives and negatives.

    Every picture is decoded and written as grey PNG; what is broken, too small or a duplicate is left out and
    listed in OUT/skipped.csv with the reason. Too small is what does not hold the window of `create_samples` in
    `params.yaml` (20x20 without it), or `--min-width` and `--min-height`.

    Parameters
    ----------
    positives
        A folder of pictures of the object, or boxes in any format that `facefoundry annotations formats` names.
    negatives
        A folder of pictures without the object.
    out
        The folder to write, whole or not at all.
    """
    window = params_here("create_samples", SampleParams).window
    with progress_bar("collect") as report:
        show(collect_pictures(positives, negatives, out, params, window, report=report))


@step_app(cascade_app, "describe")
def describe(collected: Path, out: Path) -> None:
    """Write OpenCV's description files, `info.lst` and `bg.txt`.

    Parameters
    ----------
    collected
        What `facefoundry cascade collect` wrote.
    out
        The folder to write.
    """
    show(write_descriptions(collected, out))


@step_app(cascade_app, "create_samples", name="samples")
def samples(info: Path, vec: Path, *, params: Annotated[SampleParams, FLATTEN] = SampleParams()) -> None:
    """Cut the positives to the training window, into a `.vec` file; on request several of each box, varied.

    `opencv_createsamples` cuts where nothing varies and it is there; what is cut here equals what it cuts.

    Parameters
    ----------
    info
        The positives' description file.
    vec
        The `.vec` file to write, whole or not at all.
    """
    with progress_bar("create_samples") as report:
        show(create_samples(info, vec, params, report=report))


@step_app(cascade_app, "train_cascade", name="train")
def train(
    vec: Path,
    background: Path,
    out: Path,
    *,
    params: Annotated[CascadeTrainParams, FLATTEN] = CascadeTrainParams(),
    workers: Annotated[ClusterParams, FLATTEN] = ClusterParams(),
    restart: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Train a cascade, with our own trainer or opencv_traincascade. Killed, the same command resumes at a whole stage.

    Parameters
    ----------
    vec
        The positive samples.
    background
        The negatives' description file, `bg.txt`.
    out
        The run's folder: stages, `cascade.xml`, `training.json`, `history.csv`.
    restart
        Start over when the folder holds a run of other inputs or parameters.
    """
    with progress_bar("train_cascade") as report, cluster(workers):
        show(train_cascade(vec, background, out, params, restart=restart, report=report))


@step_app(cascade_app, "registration", name="register")
def register(
    run: Path,
    score: Path,
    *,
    data: Path = Path("data"),
    params: Annotated[RegisterParams, FLATTEN] = RegisterParams(),
) -> None:
    """Register a trained, measured cascade in MLflow. The same content again makes no new version.

    Parameters
    ----------
    run
        What `facefoundry cascade train` wrote.
    score
        What `facefoundry cascade evaluate` wrote.
    data
        The data folder that it was trained on: DVC's file beside it, such as `data.dvc`, gives the version.
    """
    with progress_bar("register_cascade") as report:
        show(register_cascade(run / "cascade.xml", run, score, params, data=data, report=report))
