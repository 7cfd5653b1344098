"""A step's progress in Prefect: log lines, a progress artifact, and a table artifact on the run's page."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

from prefect import get_run_logger
from prefect.artifacts import create_progress_artifact, create_table_artifact, update_progress_artifact

from runs.progress import Progress, Report, time_left

_SECONDS_BETWEEN = 2.0
_SECONDS_BETWEEN_TABLES = 5.0
_SECONDS_AFTER_A_FAILURE = 60.0


def shown(show: Callable[[], Any], logger: Any, level: int = logging.WARNING) -> bool:
    """Call what shows something on the run's page; where Prefect refuses, that is logged, and the step goes on."""
    try:
        show()
    except Exception as error:  # whatever the client raises: to show is not the work
        logger.log(
            level, f"This cannot be shown on the run's page ({type(error).__name__}: {error}). The step goes on."
        )
        return False
    return True


def run_report(step: str) -> Report:
    """A `Report` for the task run that is going on.

    Messages go to the run's log and, where a total is known, the share done to a progress artifact; both at
    most every two seconds, so that a chatty step does not flood the server. The step's table, where it has one,
    becomes the artifact ``table-STEP``, anew when it has grown, at most every five seconds. A message that ends its
    total always goes through, with its table. When the server refuses, one warning says so; the step goes on, and what
    is shown is tried again every minute.
    """
    return _RunReport(step.replace("_", "-"))


class _RunReport:
    def __init__(self, step: str) -> None:
        self._step = step
        self._logger = get_run_logger()
        self._artifact: UUID | None = None
        self._last = self._last_table = self._failed = float("-inf")
        self._rows = 0

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        finished = progress.total is not None and progress.done >= progress.total
        self._try(lambda: self._tabulate(progress, now, finished), now, finished)
        if now - self._last < _SECONDS_BETWEEN and not finished:
            return
        self._last = now
        message = "; ".join(filter(None, [progress.message, time_left(progress)]))
        self._logger.info(message)
        if progress.total:
            percent = 100.0 * min(progress.done / progress.total, 1.0)
            self._try(lambda: self._show(percent, message), now, finished)

    def _try(self, show: Callable[[], None], now: float, finished: bool) -> None:
        if finished or now - self._failed >= _SECONDS_AFTER_A_FAILURE:
            level = logging.DEBUG if self._failed > float("-inf") else logging.WARNING
            if not shown(show, self._logger, level):
                self._failed = now

    def _tabulate(self, progress: Progress, now: float, finished: bool) -> None:
        table = progress.table or ()
        due = finished or now - self._last_table >= _SECONDS_BETWEEN_TABLES
        if due and len(table) > self._rows:
            rows = [{name: _short(value) for name, value in row.items()} for row in table]
            create_table_artifact(table=rows, key=f"table-{self._step}", description=progress.message)
            self._rows, self._last_table = len(table), now

    def _show(self, percent: float, message: str) -> None:
        if self._artifact is None:
            made = create_progress_artifact(progress=percent, key=f"progress-{self._step}", description=message)
            self._artifact = made if isinstance(made, UUID) else None
        else:
            update_progress_artifact(artifact_id=self._artifact, progress=percent, description=message)


def _short(value: Any) -> Any:
    """A number as people read it in a table: 0.35, and not 0.3499999940395355."""
    return float(f"{value:.4g}") if isinstance(value, float) else value
