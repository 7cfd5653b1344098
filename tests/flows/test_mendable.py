"""An error that a person can mend is told once, by the program's last line."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from flows.mendable import tell_once
from runs.errors import RunMismatchError


class Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> tuple[logging.Logger, Kept]:
    """A flow's logger, and what the terminal shows of it."""
    kept, logger = Kept(), logging.getLogger("prefect.flow_runs.test")
    monkeypatch.setattr(logging.getLogger(), "handlers", [kept])
    monkeypatch.setattr(logging.getLogger("prefect"), "propagate", True)
    monkeypatch.setattr(logging.getLogger("prefect.flow_runs"), "handlers", [])
    logger.setLevel(logging.INFO)
    tell_once()
    tell_once()
    assert len(kept.filters) == 1
    return logger, kept


def fail(logger: logging.Logger, error: Exception) -> None:
    """As Prefect logs a flow that fails."""
    try:
        raise error
    except Exception as raised:
        logger.exception("Encountered exception during execution: %r", raised)
    logger.info(f"Finished in state Failed('{error}')")


def test_what_the_last_line_tells_is_not_logged_before_it(log: tuple[logging.Logger, Kept]) -> None:
    logger, kept = log
    logger.info("Beginning flow run")
    fail(logger, RunMismatchError("the folder holds another run"))
    assert kept.lines == ["Beginning flow run"]


def test_any_other_error_is_logged_as_ever(log: tuple[logging.Logger, Kept]) -> None:
    logger, kept = log
    fail(logger, RuntimeError("a fault of ours"))
    logger.info("Finished in state Completed()")
    assert [line.split("(")[0] for line in kept.lines] == [
        "Encountered exception during execution: RuntimeError",
        "Finished in state Failed",
        "Finished in state Completed",
    ]


@pytest.mark.prefect
@pytest.mark.slow
def test_a_run_that_is_refused_says_so_once(tmp_path: Path) -> None:
    for name in ("positives", "negatives", "scenes"):
        (tmp_path / "data" / name).mkdir(parents=True)
    record = tmp_path / "out" / ".cascade_line" / "run.json"
    record.parent.mkdir(parents=True)
    record.write_text('{"step": "another", "parameters": {}, "inputs": {}}')
    program = [str(Path(sys.executable).parent / "facefoundry"), "run", "cascade", "--out", "out"]
    done = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    (told,) = [line for line in done.stderr.splitlines() if "holds another run" in line]
    assert told.startswith("facefoundry: ")
    assert told.endswith("start over with `restart` (`--restart`), which empties this one.")
    assert "Traceback" not in done.stderr
