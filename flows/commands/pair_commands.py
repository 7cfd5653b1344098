"""`facefoundry pair ...`: a cascade and a network together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from json import dumps
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, ArgumentCollection, Parameter
from cyclopts.config import Dict
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cascade.score.scenes import printable
from cnn.labels import EXPRESSIONS
from flows.commands.step_app import FLATTEN, section, step_app
from flows.commands.terminal import progress_bar, show
from flows.pipeline import Layout
from pair.errors import InputError
from pair.evaluate import EvaluatePairParams, evaluate_pair
from pair.find import FaceExpressions, FoundFace, PairParams
from pair.point import cascade_file, pulled_point
from tasks.publish_models import RegisterParams, register_cascade, register_cnn, register_pair

pair_app = App(name="pair", help="A cascade and a network together: find faces and name their expressions.")


def as_registered(app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
    """Give the options that nobody gave the values of the ``MODEL.json`` beside the cascade; for `App.config`."""
    given = {argument.field_info.name: argument for argument in arguments}
    switch = given.get("own_point")
    if not given["cascade"].tokens or (switch is not None and switch.tokens and not switch.convert()):
        return
    point = pulled_point(Path(given["cascade"].tokens[0].value))
    Dict(point, source="MODEL.json", use_commands_as_keys=False)(app, commands, arguments)


find_app = App(name="find", config=as_registered)
evaluate_app = App(name="evaluate", config=(section("evaluate_pair", EvaluatePairParams), as_registered))
pair_app.command(find_app)
pair_app.command(evaluate_app)


@find_app.default
def find(
    cascade: Path,
    network: Path,
    pictures: Annotated[tuple[Path, ...], Parameter(negative="", json_list=False)],
    /,
    *,
    json: Annotated[bool, Parameter(negative="")] = False,
    params: Annotated[PairParams, FLATTEN] = PairParams(),
) -> None:
    """Find the faces of pictures, and print what each looks like.

    Of each: its box (x, y, width and height in pixels), how many windows agreed on it, the likeliest expression, and
    the probability of every one.

    Parameters
    ----------
    cascade
        A `cascade.xml`, or a folder that `facefoundry pull` wrote: its MODEL.json then gives the values that the
        options leave open, those that the cascade was registered with.
    network
        A `model.keras`, or a `model.onnx`, which starts much faster.
    pictures
        One or several pictures.
    json
        Print one JSON object a face, for programs, instead of a table.
    """
    asked = FaceExpressions(cascade_file(cascade), network, params)
    found = ((picture, face) for picture in pictures for face in asked.find(_load(picture)))
    if json:
        for picture, face in found:
            print(dumps({"picture": str(picture), **_plain(face)}))
    else:
        table = _table(found)
        Console().print(table if table.row_count else "No face was found.")


@evaluate_app.default
def evaluate(
    cascade: Path,
    network: Path,
    scenes: Path,
    out: Path,
    *,
    cascade_score: Path | None = None,
    params: Annotated[EvaluatePairParams, FLATTEN] = EvaluatePairParams(),
) -> None:
    """Measure both together on scenes whose faces are labelled, and write one page that tells all: OUT/report.html.

    Parameters
    ----------
    cascade
        A `cascade.xml`, or a folder that `facefoundry pull` wrote: its MODEL.json then gives the values that the
        options and `params.yaml` leave open, those that the cascade was registered with.
    network
        The `model.keras`, or an ONNX export of it. To register the pair, measure the `model.keras`.
    scenes
        Annotations whose boxes are labelled with expressions, in any format but OpenCV's info file, which has none.
    out
        The folder to write, whole or not at all.
    cascade_score
        What `facefoundry cascade evaluate` wrote of this cascade: pictures are searched as it recommends.
    """
    with progress_bar("evaluate_pair") as report:
        found = cascade_file(cascade)
        show(evaluate_pair(found, network, scenes, out, params, cascade_score=cascade_score, report=report))


@step_app(pair_app, "registration", name="register")
def register(
    score: Path,
    *,
    cascade: str | None = None,
    network: str | None = None,
    work: Path | None = None,
    data: Path = Path("data"),
    params: Annotated[RegisterParams, FLATTEN] = RegisterParams(),
) -> None:
    """Register a registered cascade and a registered network as one model, `face-expression`.

    Parameters
    ----------
    score
        What `facefoundry pair evaluate` wrote of these two.
    cascade
        NAME, NAME@ALIAS or NAME/VERSION of the registered cascade; when not given, the one that was measured.
    network
        The same of the network.
    work
        Register both parts first, where they are not yet, from this work folder, as `dvc repro` fills it.
    data
        The data folder that it was measured on: DVC's file beside it, such as `data.dvc`, gives the version.
    """
    with progress_bar("register_pair") as report:
        if work is not None:
            at = Layout(data, work)
            trained, measured = at.output("train_cascade"), at.output("evaluate_cascade")
            register_cascade(at.cascade, trained, measured, params, data=data, report=report)
            register_cnn(at.cnn, at.output("train_cnn"), at.output("evaluate_cnn"), params, data=data, report=report)
        parts: dict[str, Any] = {"cascade_model": cascade, "network_model": network}
        show(register_pair(score, params, **parts, data=data, report=report))


def _load(picture: Path) -> Any:
    from cascade.pictures import PictureError, load_grey

    try:
        return load_grey(picture)
    except PictureError as error:
        raise InputError(f"{picture}: {error}") from error


def _table(found: Iterable[tuple[Path, FoundFace]]) -> Table:
    """A row a face, narrow enough for a terminal of 80 characters."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("picture", overflow="fold")
    for name in ("box", "score", "expression", *EXPRESSIONS):
        table.add_column(name, no_wrap=True)
    for picture, face in found:
        box, odds = " ".join(map(str, face.box)), [f"{value:.2f}" for value in face.probabilities]
        table.add_row(Text(printable(picture.name)), box, f"{face.score:g}", face.expression, *odds)
    return table


def _plain(face: FoundFace) -> dict[str, Any]:
    return {**asdict(face), "probabilities": dict(zip(EXPRESSIONS, face.probabilities, strict=True))}
