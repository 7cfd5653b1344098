"""Errors that a person can mend: their message is one clear line, and it is told once."""

from __future__ import annotations

import logging


def mendable_errors() -> tuple[type[Exception], ...]:
    """The types whose message is for the person who typed the command; imported when asked for, as it takes long."""
    from cascade.errors import CascadeError
    from cnn.errors import CnnError
    from live.errors import LiveError
    from pair.errors import PairError
    from runs.errors import RunMismatchError
    from runs.parameters import ParameterError
    from tasks.publish_record import PublishError

    return CascadeError, CnnError, PairError, LiveError, ParameterError, RunMismatchError, PublishError


def tell_once() -> None:
    """Keep them out of Prefect's log in this terminal: the program's last line tells them. Prefect's page shows all.

    Call it when Prefect is imported. Retries, and errors of other types, are logged as ever.
    """
    for handler in logging.getLogger().handlers:
        if not any(isinstance(one, _ToldLast) for one in handler.filters):
            handler.addFilter(_ToldLast())


class _ToldLast(logging.Filter):
    """Drops the record of such an error, with its traceback, and those of the runs that end by it."""

    def __init__(self) -> None:
        super().__init__()
        self._dropped = False

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and isinstance(record.exc_info[1], mendable_errors()):
            self._dropped = True
            return False
        return not (self._dropped and record.getMessage().startswith("Finished in state Failed("))
