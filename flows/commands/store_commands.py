"""`facefoundry models` and `pull`: what the registry holds."""

from __future__ import annotations

from json import dumps
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from flows.commands.step_app import FLATTEN
from flows.read_params import PARAMS_FILE, read_params
from tasks import publish_pull
from tasks.publish_params import RegisterParams, absolute, hide_password
from tasks.publish_pull import list_models
from tasks.publish_versions import CHALLENGER, CHAMPION

_STYLES = {CHAMPION: "bold green", CHALLENGER: "yellow"}


def models(
    *,
    json: Annotated[bool, Parameter(negative="")] = False,
    params: Annotated[RegisterParams | None, FLATTEN] = None,
) -> None:
    """List the registered models with their versions, aliases and figures; champions and challengers stand out.

    Parameters
    ----------
    json
        Print a JSON list, for programs, with all that `pull` writes to MODEL.json but the files.
    """
    store = (params or store_params()).tracking_uri
    found = list_models(store)
    if json:
        print(dumps(found, indent=2))
    elif found:
        Console().print(_models_table(found))
    else:
        print(f"No model is registered in {hide_password(absolute(store))} yet. `facefoundry run both` registers some.")


def pull(model: str, out: Path, *, params: Annotated[RegisterParams | None, FLATTEN] = None) -> None:
    """Write a registered model's files into a folder: with its card (README.md), MODEL.json and SHA256SUMS.

    Parameters
    ----------
    model
        NAME (its champion), NAME@ALIAS or NAME/VERSION, such as `face-cascade@champion`.
    out
        The folder to write, whole or not at all.
    """
    pulled = publish_pull.pull(model, out, params or store_params())
    for path in sorted(pulled.folder.iterdir()):
        print(path)


def store_params() -> RegisterParams:
    """The registry that `params.yaml` names, or the default one."""
    if not PARAMS_FILE.exists():
        return RegisterParams()
    chosen = read_params(PARAMS_FILE, {"registration": RegisterParams})["registration"]
    assert isinstance(chosen, RegisterParams)
    return chosen


def _models_table(found: list[dict[str, Any]]) -> Table:
    """Narrow enough for 80 characters, also where it goes into a file; a long name is broken, never cut."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("model", overflow="fold")
    for head in ("alias", "figures", "registered (UTC)"):
        table.add_column(head, no_wrap=True)
    for number, one in enumerate(found):
        if number and one["name"] != found[number - 1]["name"]:
            table.add_row()
        style = next((style for alias, style in _STYLES.items() if alias in one["aliases"]), None)
        table.add_row(*map(escape, _cells(one)), style=style)
    return table


def _cells(one: dict[str, Any]) -> tuple[str, ...]:
    figures = "\n".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in one["figures"].items())
    when = one["registered"][:16].replace("T", " ")
    return f"{one['name']}/{one['version']}", "\n".join(one["aliases"]), figures, when
