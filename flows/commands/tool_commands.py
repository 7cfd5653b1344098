"""`facefoundry tools ...` and `facefoundry sample-data`: what a new machine and a new user need first."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from cascade.errors import ToolMissingError
from cascade.opencv import apps as opencv_apps
from cascade.opencv import build as opencv_build
from flows.commands.step_app import FLATTEN
from flows.commands.terminal import progress_bar, show
from tasks.write_sample_data import SampleDataParams, write_sample_data

tools_app = App(name="tools", help="OpenCV's own trainer programs: see whether they are here, and build them.")


@tools_app.command
def install(*, jobs: int | None = None, force: Annotated[bool, Parameter(negative="")] = False) -> None:
    """Build `opencv_createsamples` and `opencv_traincascade` of OpenCV 3.4.18 from source, into the user's cache.

    Does nothing when they are already there. Needs a C++ compiler; takes some minutes.

    Parameters
    ----------
    jobs
        How many compiler processes at once; one a core when not given.
    force
        Build again even when they are there.
    """
    with progress_bar("tools install") as report:
        print(opencv_build.install(report, jobs=jobs, force=force))


@tools_app.command
def status() -> int:
    """Say where the two programs are found; status 1 when one is missing."""
    missing = 0
    for name in ("opencv_createsamples", "opencv_traincascade"):
        try:
            print(f"{name}: {opencv_apps.find(name)}")
        except ToolMissingError as error:
            missing = 1
            print(f"{name}: {error}")
    return missing


def sample_data(out: Path = Path("data"), *, params: Annotated[SampleDataParams, FLATTEN] = SampleDataParams()) -> None:
    """Write generated sample data: drawn faces in scenes, negatives, and expression datasets in official layouts.

    Parameters
    ----------
    out
        The data folder to write, whole or not at all. A folder with somebody's own data is never touched.
    """
    with progress_bar("sample-data") as report:
        show(write_sample_data(out, params, report=report))
