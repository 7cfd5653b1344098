"""A step's progress in Prefect: log lines, and one progress artifact on the run's page."""

from __future__ import annotations

import time
from uuid import UUID

from prefect import get_run_logger
from prefect.artifacts import create_progress_artifact, update_progress_artifact

from runs.progress import Progress, Report

_SECONDS_BETWEEN = 2.0


def run_report(step: str) -> Report:
    """A `Report` for the task run that is going on.

    Messages go to the run's log and, where a total is known, the share done to a progress artifact; both at
    most every two seconds, so that a chatty step does not flood the server. A message that ends its total
    always goes through.
    """
    return _RunReport(step.replace("_", "-"))


class _RunReport:
    def __init__(self, key: str) -> None:
        self._key = f"progress-{key}"
        self._logger = get_run_logger()
        self._artifact: UUID | None = None
        self._last = float("-inf")

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        finished = progress.total is not None and progress.done >= progress.total
        if now - self._last < _SECONDS_BETWEEN and not finished:
            return
        self._last = now
        self._logger.info(progress.message)
        if progress.total:
            self._show(100.0 * min(progress.done / progress.total, 1.0), progress.message)

    def _show(self, percent: float, message: str) -> None:
        if self._artifact is None:
            made = create_progress_artifact(progress=percent, key=self._key, description=message)
            self._artifact = made if isinstance(made, UUID) else None
        else:
            update_progress_artifact(artifact_id=self._artifact, progress=percent, description=message)
