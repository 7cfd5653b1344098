"""Where models are registered, and what registering and pulling answer. No MLflow here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from runs.parameters import ParameterError, Parameters

MODEL_NAME = re.compile(r"[\w .-]+")
"""What a registered model may be called: MLflow refuses some other signs, and its filters cannot ask for others."""

_FILE = "sqlite:///"
_ELSEWHERE = re.compile(r"(https?|(postgresql|mysql|mssql)(\+\w+)?)://.")


class _NoPassword:
    """Has Prefect's server refuse an address with a password, as it would store it with the run and show it."""

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        return {**handler(schema), "pattern": r"^(?!.*://[^:/@]*:[^/]*@)"}


@dataclass(frozen=True, kw_only=True)
class RegisterParams(Parameters):
    """Where models are registered."""

    tracking_uri: Annotated[str, _NoPassword()] = "sqlite:///work/mlflow/mlflow.db"
    """MLflow's store: a file (sqlite:///work/mlflow/mlflow.db), a server (http://...) or a database's address."""

    artifact_location: Path | None = None
    """Folder for the models' files, for a store in a file; when not given, `artifacts` beside that file."""

    experiment: str = "facefoundry"
    """The MLflow experiment that holds the runs."""

    model_name: str | None = None
    """The registered model's name; when not given, `face-cascade`, `expression-cnn` or `face-expression`."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_tracking_uri(self.tracking_uri)
        if self.model_name is not None and not MODEL_NAME.fullmatch(self.model_name):
            raise ParameterError(
                f"`model_name` must be letters, digits, spaces, `.`, `_` and `-`. Got {self.model_name!r}."
            )


@dataclass(frozen=True)
class Registered:
    """A registered version.

    `created` is False where the same content was there before; `sha256` identifies that content; `uri` is
    what ``mlflow.pyfunc.load_model`` takes; `alias` is empty where the version has none. `tracking_uri` is
    absolute, without a password.
    """

    name: str
    version: int
    alias: str
    created: bool
    sha256: str
    run_id: str
    uri: str
    tracking_uri: str


@dataclass(frozen=True)
class Pulled:
    """A model written to a folder: its file and, beside it, `MODEL.json` with checksums."""

    name: str
    version: int
    folder: Path
    file: Path
    sha256: str


def check_tracking_uri(tracking_uri: str) -> None:
    """Refuse what MLflow would take for a folder, which it no longer writes to.

    Raises
    ------
    ParameterError
        `tracking_uri` is neither a file of SQLite's nor the address of a server or database.
    """
    path = database(tracking_uri)
    if not (path is not None and path.suffix) and not _ELSEWHERE.match(tracking_uri):
        raise ParameterError(
            "`tracking_uri` must be sqlite:///FILE.db, http(s)://SERVER or the address of a PostgreSQL, MySQL or "
            f"MSSQL database (MLflow no longer takes folders). Got {hide_password(tracking_uri)!r}."
        )


def refuse_password(params: RegisterParams) -> None:
    """Refuse an address with a password for a flow: Prefect keeps a run's parameters and shows them on its page.

    Raises
    ------
    ParameterError
        There is one; the message says where passwords go, and does not show it.
    """
    shown = hide_password(params.tracking_uri)
    if shown != params.tracking_uri:
        raise ParameterError(
            f"`tracking_uri` must not hold a password, as Prefect keeps the parameters of a run. Got {shown!r}. Leave "
            "it out: a server's is taken from MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD in the "
            "environment, PostgreSQL's from PGPASSWORD or ~/.pgpass."
        )


def database(tracking_uri: str) -> Path | None:
    """The absolute path of a store in a file, relative ones below the current folder; None for other stores."""
    return Path(tracking_uri[len(_FILE) :]).absolute() if tracking_uri.startswith(_FILE) else None


def absolute(tracking_uri: str) -> str:
    """The same store, whatever the current folder will be later."""
    path = database(tracking_uri)
    return tracking_uri if path is None else f"{_FILE}{path}"


def artifact_root(params: RegisterParams) -> str | None:
    """Where a new experiment's files go, as an address; None lets the server choose.

    Without it MLflow would write a store's files to `mlruns` in whatever folder is the current one.
    """
    path = database(params.tracking_uri)
    folder = params.artifact_location or (path.parent / "artifacts" if path else None)
    return folder.absolute().as_uri() if folder else None


def hide_password(address: str) -> str:
    """An address fit for logs.

    >>> hide_password("postgresql://me:secret@db/mlflow")
    'postgresql://me:***@db/mlflow'
    """
    return re.sub(r"(://[^:/@]*):[^/]*@", r"\1:***@", address)
