"""One promotion at a time: a claim on a store, held while its aliases are moved.

For a store in a file the claim is an exclusive lock beside it, which the kernel drops when its process ends, however it
ends. For a server, MLflow offers none: the claim holds between the processes of one user on one machine alone. Between
machines, what is left is that a decision reads the aliases again right before it moves them; let one machine promote,
or give the Prefect deployment the concurrency limit 1.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runs.lock import RunLock
from runs.record import RunMismatchError
from tasks.publish_params import absolute, database
from tasks.publish_record import PublishError

_SECONDS_BETWEEN = 0.2


@contextmanager
def claim(tracking_uri: str, patience: float = 120.0) -> Iterator[None]:
    """Wait, for `patience` seconds at most, until nobody else holds the store's aliases; then hold them.

    Raises
    ------
    PublishError
        Another process did not let go of them.
    """
    folder = _place(tracking_uri)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _patiently(folder, time.monotonic() + patience):
        yield


def _place(tracking_uri: str) -> Path:
    path = database(tracking_uri)
    if path is not None:
        return path.parent / f".{path.name}.promotion"
    name = hashlib.sha256(absolute(tracking_uri).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"facefoundry-{os.getuid()}" / name


def _patiently(folder: Path, until: float) -> RunLock:
    while True:
        try:
            return RunLock(folder)
        except RunMismatchError as error:
            if time.monotonic() > until:
                raise PublishError(f"Another promotion does not end: {error}") from error
            time.sleep(_SECONDS_BETWEEN)
