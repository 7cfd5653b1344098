"""`facefoundry run ...`: the Prefect flows, from the terminal. No server is needed; with one, they show in its UI."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass, fields, replace
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from flows.commands.summary import print_summary
from flows.mendable import tell_once
from flows.pipeline import CASCADE_LINE, CNN_LINE, PAIR_LINE, SECTIONS, Layout, Step, section
from flows.presets import combine, find_preset
from flows.read_params import PARAMS_FILE, make_params, read_sections, require_known_sections
from flows.run_folder import make_prefect_home, new_run_folder
from flows.run_server import use_own_server
from runs.parameters import ParameterError, Parameters
from tasks.cluster import ClusterParams, CnnClusterParams
from tasks.publish_params import refuse_password

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

    preset: tuple[str, ...] = ()
    """Take a named preset's values instead of a file's: `facefoundry presets` lists them. Several may be given."""

    processes: int = 0
    """Dask workers to start on this machine for reading pictures and searching for negatives; 0: none."""

    scheduler: str | None = None
    """Address of a Dask cluster to use instead, such as tcp://10.0.0.5:8786; its workers must see the same files."""

    training_processes: int = 1
    """Processes on this machine that train the CNN together."""

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
    """Run the cascade line, then the CNN line, then both as one model where the data has labelled scenes."""
    _run("both", "train_both", CASCADE_LINE + CNN_LINE + PAIR_LINE, options)


def _run(command: str, name: str, line: tuple[Step, ...], options: RunOptions) -> None:
    if not options.data.is_dir():
        raise ParameterError(f"`data` must be a folder. Got {options.data}. `facefoundry sample-data` writes one.")
    chosen: dict[str, Any] = flow_parameters(options.params, line, options.preset)
    cluster = _cluster(command, options)
    refuse_password(chosen["registration"])
    out = options.out or new_run_folder()
    use_own_server(make_prefect_home())
    flow: Any = getattr(import_module(f"flows.{name}"), name)  # now, not above: Prefect takes seconds to import
    tell_once()
    again = f"resume with: {command_line(command, replace(options, out=out))}"
    print(again, file=sys.stderr, flush=True)
    try:
        result = flow(data=options.data, out=out, cluster=cluster, restart=options.restart, **chosen)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(again) from None
    models = result if isinstance(result, list) else [result]
    print_summary(Layout(options.data, out), models, chosen["registration"])


def _cluster(command: str, options: RunOptions) -> ClusterParams:
    if command == "cascade" and options.training_processes != RunOptions.training_processes:
        raise ParameterError("`training_processes` is for the CNN's training, of which `run cascade` has none.")
    if command == "cascade":
        return ClusterParams(processes=options.processes, scheduler=options.scheduler)
    return CnnClusterParams(
        processes=options.processes, scheduler=options.scheduler, training_processes=options.training_processes
    )


def command_line(command: str, options: RunOptions) -> str:
    """What a person types for a run with these options."""
    words = ["facefoundry", "run", command]
    for field in fields(RunOptions):
        value, name = getattr(options, field.name), f"--{field.name.replace('_', '-')}"
        if value is True:
            words.append(name)
        elif value != field.default:
            for each in value if isinstance(value, tuple) else (value,):
                words += [name, str(each)]
    return shlex.join(words)


def flow_parameters(
    path: Path, line: tuple[Step, ...], presets: tuple[str, ...] = (), **others: type[Parameters]
) -> dict[str, Parameters]:
    """The parameter objects of a line's steps by the names that the flows give them, from `path` or from presets.

    `others` are sections that no step of a line reads, such as ``promotion``, with their types.
    """
    if presets and path != PARAMS_FILE:
        raise ParameterError(
            f"`preset` and `params` exclude each other. Got {', '.join(presets)} and {path}. To change a preset, begin "
            "the file with `facefoundry presets show`."
        )
    where = f"preset {', '.join(presets)}" if presets else str(path)
    missing = not presets and path == PARAMS_FILE and not path.exists()
    sections = combine([find_preset(name) for name in presets]) if presets or missing else read_sections(path)
    require_known_sections(where, sections, SECTIONS)
    return make_params(where, sections, {section(step): step.params for step in line if step.params} | others)
