"""`facefoundry presets`: sets of parameters that were measured, to run with or to begin one's own from."""

from __future__ import annotations

from cyclopts import App
from rich.console import Console
from rich.table import Table

from flows.presets import all_presets, as_params_file, find_preset

presets_app = App(name="presets", help="Named sets of parameters that were measured: list them, or print one.")


@presets_app.default
def presets() -> None:
    """List the presets: run with one by `facefoundry run cascade --preset NAME`."""
    table = Table("preset", "what it is for, and what it gave", "sections")
    for preset in all_presets().values():
        table.add_row(preset.name, preset.description, ", ".join(preset.sections))
    Console().print(table)


@presets_app.command
def show(*names: str) -> None:
    """Print presets as a `params.yaml`, to change: `facefoundry presets show frontal-face > params.yaml`.

    Parameters
    ----------
    names
        One or more that have no section in common.
    """
    print(as_params_file([find_preset(name) for name in names]), end="")
