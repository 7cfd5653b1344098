"""`facefoundry models`, `pull` and `ui`: what the registry holds, and the pages to look at it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

from rich.console import Console
from rich.table import Table

from cascade.process import stream
from flows.read_params import PARAMS_FILE, read_params
from flows.run_folder import make_prefect_home
from flows.step_app import FLATTEN
from tasks import publish_models
from tasks.publish_models import RegisterParams


def models(*, params: Annotated[RegisterParams | None, FLATTEN] = None) -> None:
    """List the registered models with their versions, aliases and figures."""
    rows = publish_models.list_registered((params or store_params()).tracking_uri)
    if not rows:
        print("No model is registered yet. `facefoundry run both` registers two.")
        return
    table = Table(*rows[0])
    for row in rows:
        table.add_row(*row.values())
    Console().print(table)


def pull(model: str, out: Path, *, params: Annotated[RegisterParams | None, FLATTEN] = None) -> None:
    """Write a registered model's own file and a card with checksums into a folder.

    Parameters
    ----------
    model
        NAME (its champion), NAME@ALIAS or NAME/VERSION, such as `face-cascade@champion`.
    out
        The folder to write, whole or not at all.
    """
    print(publish_models.pull(model, out, params or store_params()).file)


def ui(page: Literal["mlflow", "prefect"], *, port: int | None = None) -> None:
    """Open a page on this machine until Ctrl-C: MLflow's registry and runs, or Prefect's flows and their runs.

    Parameters
    ----------
    page
        Which one.
    port
        5000 for MLflow and 4200 for Prefect, when not given.
    """
    make_prefect_home()
    command = _mlflow_command(port or 5000) if page == "mlflow" else _prefect_command(port or 4200)
    stream(command, print)


def store_params() -> RegisterParams:
    """The registry that `params.yaml` names, or the default one."""
    if not PARAMS_FILE.exists():
        return RegisterParams()
    chosen = read_params(PARAMS_FILE, {"registration": RegisterParams})["registration"]
    assert isinstance(chosen, RegisterParams)
    return chosen


def _mlflow_command(port: int) -> list[str | Path]:
    address = ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    store = ["--backend-store-uri", store_params().tracking_uri]
    return [sys.executable, "-m", "mlflow", "server", *store, *address]


def _prefect_command(port: int) -> list[str | Path]:
    return [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
