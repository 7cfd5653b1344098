"""`facefoundry run ...`: the Prefect flows, from the terminal. No server is needed; with one, they show in its UI."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass, fields, replace
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from flows.pipeline import CASCADE_LINE, CNN_LINE, Layout, Step
from flows.read_params import PARAMS_FILE, read_params, require_known_sections
from flows.run_folder import make_prefect_home, new_run_folder
from flows.summary import print_summary
from runs.parameters import ParameterError, Parameters

run_app = App(name="run", help="Run a whole line as a Prefect flow, to registered models.")


@dataclass(frozen=True)
class RunOptions:
    """Where a flow reads and writes."""

    data: Path = Path("data")
    """The data folder, laid out as `facefoundry sample-data` writes it."""

    out: Path | None = None
    """The run's folder; a new one below work/runs/ when not given. To resume a run, name its folder."""

    params: Path = PARAMS_FILE
    """One section a step; steps without one take their defaults."""

    restart: Annotated[bool, Parameter(negative="")] = False
    """Start over when the folder holds a run of other inputs or parameters."""


_OPTIONS = Annotated[RunOptions, Parameter(name="*")]


@run_app.command
def cascade(*, options: _OPTIONS = RunOptions()) -> None:
    """Check, collect, describe, cut samples, train, measure and register a cascade."""
    _run("cascade", "train_cascade", CASCADE_LINE, options)


@run_app.command
def cnn(*, options: _OPTIONS = RunOptions()) -> None:
    """Merge datasets, train, measure and register the expression CNN."""
    _run("cnn", "train_cnn", CNN_LINE, options)


@run_app.command
def both(*, options: _OPTIONS = RunOptions()) -> None:
    """Run the cascade line, then the CNN line."""
    _run("both", "train_both", CASCADE_LINE + CNN_LINE, options)


def _run(command: str, name: str, line: tuple[Step, ...], options: RunOptions) -> None:
    if not options.data.is_dir():
        raise ParameterError(f"`data` must be a folder. Got {options.data}. `facefoundry sample-data` writes one.")
    chosen = flow_parameters(options.params, line)
    out = options.out or new_run_folder()
    make_prefect_home()
    flow: Any = getattr(import_module(f"flows.{name}"), name)  # now, not above: Prefect takes seconds to import
    again = f"resume with: {command_line(command, replace(options, out=out))}"
    print(again, file=sys.stderr, flush=True)
    try:
        result = flow(data=options.data, out=out, restart=options.restart, **chosen)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(again) from None
    models = result if isinstance(result, list) else [result]
    print_summary(Layout(options.data, out), models, chosen["registration"])


def command_line(command: str, options: RunOptions) -> str:
    """What a person types for a run with these options."""
    words = ["facefoundry", "run", command]
    for field in fields(RunOptions):
        value = getattr(options, field.name)
        if value != field.default:
            words += [f"--{field.name}"] if value is True else [f"--{field.name}", str(value)]
    return shlex.join(words)


def flow_parameters(path: Path, line: tuple[Step, ...]) -> dict[str, Parameters]:
    """The parameter objects of a line's steps by the names that the flows give them, read from `path`."""
    kinds = {_section(step): step.params for step in line if step.params is not None}
    if path.exists():
        known = {_section(step) for step in CASCADE_LINE + CNN_LINE}
        require_known_sections(path, known)
    return read_params(path, kinds) if path.exists() or path != PARAMS_FILE else {n: k() for n, k in kinds.items()}


def _section(step: Step) -> str:
    return "registration" if step.name.startswith("register_") else step.name
