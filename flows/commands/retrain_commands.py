"""`facefoundry retrain`: what the schedule runs, from the terminal."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

from flows.commands.run_commands import flow_parameters
from flows.made_from import LINES, STEPS, LineName, made_from
from flows.mendable import tell_once
from flows.pipeline import PAIR_LINE, Layout
from flows.read_params import PARAMS_FILE
from flows.run_folder import make_prefect_home
from flows.run_server import use_own_server
from runs.parameters import ParameterError
from tasks.changes import Answer, has_changed
from tasks.pair_changes import has_pair
from tasks.promotion_params import PromotionParams
from tasks.publish_params import RegisterParams, refuse_password

_LINES: dict[str, tuple[LineName, ...]] = {"cascade": ("cascade",), "cnn": ("cnn",), "both": ("cascade", "cnn")}


@dataclass(frozen=True)
class RetrainOptions:
    """What is retrained, and from what."""

    data: Path = Path("data")
    """The data folder, laid out as `facefoundry sample-data` writes it."""

    params: Path = PARAMS_FILE
    """One section a step; steps without one take their defaults."""

    preset: tuple[str, ...] = ()
    """Take a named preset's values instead of a file's: `facefoundry presets` lists them. Several may be given."""

    scenes: Path | None = None
    """Annotated scenes to compare cascades on; those of the data folder when not given."""

    faces: Path | None = None
    """A store of merged faces to compare networks on; the run's own when not given."""

    force: Annotated[bool, Parameter(negative="")] = False
    """Train though nothing has changed."""

    dry_run: Annotated[bool, Parameter(negative="")] = False
    """Only say what has changed since the champion was trained."""


def retrain(
    line: Literal["cascade", "cnn", "both"] = "both",
    *,
    options: Annotated[RetrainOptions, Parameter(name="*")] = RetrainOptions(),
) -> None:
    """Train what has changed since its champion was trained, and let the better model be the champion.

    Parameters
    ----------
    line
        Which models.
    """
    _require_folder(options.data)
    if options.dry_run:
        for each in _LINES[line]:
            _print_answer(_ask(each, options))
        _print_pair(options)
        return
    chosen = flow_parameters(options.params, STEPS[_LINES[line][0]], options.preset, promotion=PromotionParams)
    registration: Any = chosen["registration"]
    refuse_password(registration)
    use_own_server(make_prefect_home())
    from flows.retrain import retrain as flow  # now, not above: Prefect takes seconds to import

    tell_once()
    told: Any = {name: getattr(options, name) for name in ("data", "params", "scenes", "faces", "force")}
    told |= {"registration": registration, "promotion": chosen["promotion"]}
    state = flow(line=line, preset=list(options.preset), **told, return_state=True)
    if state.name == "AlreadyRunning":
        print(f"Nothing was done: {state.message}", file=sys.stderr)
    for one in state.result():
        print(one)


def _ask(line: LineName, options: RetrainOptions) -> Answer:
    steps: dict[str, Any] = dict(flow_parameters(options.params, STEPS[line], options.preset))
    store: RegisterParams = steps.pop("registration")
    made = made_from(line, Layout(options.data), list(steps.values()))
    return has_changed(store.model_name or LINES[line].model_name, made, store)


def _print_pair(options: RetrainOptions) -> None:
    store: Any = flow_parameters(options.params, PAIR_LINE, options.preset)["registration"]
    scenes = Layout(options.data).expression_scenes
    answer = has_pair(store) if scenes is not None and store.model_name is None else None
    if answer is not None:
        _print_answer(answer)


def _print_answer(answer: Answer) -> None:
    rows = answer.rows()
    table = Table(*rows[0], title=answer.reason, title_justify="left")
    for row in rows:
        table.add_row(*row.values())
    Console().print(table)


def _require_folder(data: Path) -> None:
    if not data.is_dir():
        raise ParameterError(f"`data` must be a folder. Got {data}. `facefoundry sample-data` writes one.")
