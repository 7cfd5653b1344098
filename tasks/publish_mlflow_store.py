"""Opening an MLflow store: quietly, for a while, and made whole where there is none."""

from __future__ import annotations

import logging
import os
import shutil
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from runs.leftovers import claimed_folder
from tasks.publish_params import absolute, database, hide_password
from tasks.publish_record import PublishError

_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",  # the word: MLflow does not take 1
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    # Some ten seconds where a server is away; MLflow's own 7 are four silent minutes. Flows wait: `register_steps`.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "TF_CPP_MIN_LOG_LEVEL": "2",
}
_CHATTER = ("mlflow", "alembic")
_ONE_AT_A_TIME = threading.RLock()  # the tracking address is global to the process

Client = Any  # mlflow.MlflowClient, a type that is not worth the import


class StoreFailedError(PublishError):
    """The store was not reached, or refused: the same again may work later."""


@contextmanager
def open_store(tracking_uri: str) -> Iterator[Client]:
    """Make a store the current one, and yield a client of it; a store in a file is made when it is absent.

    Telemetry is off, and progress bars and chatter below warnings are. The process's tracking address is put
    back at the end; meanwhile other threads that want a store wait.

    Raises
    ------
    PublishError
        The store needs a package that is not installed, such as a cloud's.
    StoreFailedError
        MLflow, its database or its disk refused something in the block.
    """
    mlflow = _import_mlflow()
    from sqlalchemy.exc import SQLAlchemyError

    uri, path = absolute(tracking_uri), database(tracking_uri)
    with _ONE_AT_A_TIME, _silence():
        before = mlflow.get_tracking_uri() if mlflow.is_tracking_uri_set() else None
        try:
            if path is not None and not path.exists():
                _make_store(mlflow, path)
            mlflow.set_tracking_uri(uri)
            yield mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)
        except ImportError as error:
            raise PublishError(
                f"The MLflow store {hide_password(uri)}, or where it keeps files, needs a package that is not here: "
                f"{error}. Install it beside MLflow."
            ) from error
        except (mlflow.MlflowException, SQLAlchemyError, OSError) as error:
            raise StoreFailedError(_failure(hide_password(uri), error, path is not None)) from error
        finally:
            mlflow.set_tracking_uri(before)


def _make_store(mlflow: Any, path: Path) -> None:
    """Make a database beside, and then let it appear, unless another process was first.

    MLflow would make it table by table in place: two at once fail, and one that is killed leaves what nothing mends.
    """
    with claimed_folder(path) as folder:
        made, whole = folder / "made.db", folder / path.name
        mlflow.MlflowClient(tracking_uri=f"sqlite:///{made}").search_experiments(max_results=1)
        shutil.copyfile(made, whole)  # MLflow keeps the first one open
        with suppress(FileExistsError):
            os.link(whole, path)  # never over another's, as a rename would


def _failure(uri: str, error: Exception, is_file: bool) -> str:
    reason = hide_password(str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__)
    if is_file:
        return f"The MLflow store {uri} failed: {reason} Is there room on the disk, and may we write there?"
    return (
        f"The MLflow store {uri} failed: {reason} Is the server up? When it is, the same command works; a run with the "
        "same folder does not train again."
    )


def _import_mlflow() -> Any:
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # importing pyfunc warns of MLflow's own type hints
        import mlflow
        import mlflow.pyfunc
    return mlflow


@contextmanager
def _silence() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in _CHATTER]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.WARNING)
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
