"""The `facefoundry` program: every step, both lines as flows, and the tools around them."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from cyclopts import App

from cascade.errors import CascadeError
from cascade.guard import signal_me_when_parent_dies
from cnn.errors import CnnError
from flows.commands.annotation_commands import annotations_app
from flows.commands.app_commands import web_app
from flows.commands.cascade_commands import cascade_app
from flows.commands.cnn_commands import cnn_app
from flows.commands.live_commands import live_app
from flows.commands.pair_commands import pair_app
from flows.commands.preset_commands import presets_app
from flows.commands.promotion_commands import history, promote, rollback
from flows.commands.retrain_commands import retrain
from flows.commands.run_commands import run_app
from flows.commands.serve_commands import down, serve, up
from flows.commands.step_app import step_app
from flows.commands.store_commands import models, pull
from flows.commands.tool_commands import sample_data, tools_app
from flows.commands.vec_commands import vec_app
from flows.commands.watch_commands import notify, watch_drift
from flows.run_folder import PREFECT_HOME
from live.errors import LiveError
from pair.errors import PairError
from runs.parameters import ParameterError
from runs.record import RunMismatchError
from tasks.publish_models import PublishError

_QUIET = {
    # The word, not 1: MLflow reads no other.
    "DO_NOT_TRACK": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_V2_ENABLED": "false",  # the V2 page asks a telemetry host; the V1 page does not
    "DVC_NO_ANALYTICS": "1",
}

app = App(
    name="facefoundry",
    help="A model factory: pictures in, a measured and registered Haar cascade and expression CNN out.",
    help_epilogue=(
        "Start with `facefoundry sample-data`, then `facefoundry run both`.\n\n"
        "Parameters come from `params.yaml` in this folder, one section a step, where it exists; the single steps' own "
        "options override it, and for a run `--params` or `--preset` replace it."
    ),
    version_flags=["--version"],
    suppress_keyboard_interrupt=False,  # `guarded` says what to do then
)
app.command(sample_data)
app.command(run_app)
app.command(retrain)
step_app(app, "drift", name="watch-drift")(watch_drift)
app.command(notify)
app.command(presets_app)
app.command(cascade_app)
app.command(cnn_app)
app.command(pair_app)
app.command(annotations_app)
app.command(vec_app)
app.command(live_app)
app.command(web_app)
app.command(models)
app.command(pull)
step_app(app, "promotion", name="promote")(promote)
app.command(rollback)
app.command(history)
app.command(up)
app.command(down)
app.command(serve)
app.command(tools_app)


def main() -> None:
    """Run the program; an error that a person can mend ends it with one clear line and status 1."""
    prepare(os.environ)
    sys.exit(guarded(app))


def prepare(environment: Any) -> None:
    """Telemetry off; Prefect's own files below `work/`; and, as a stage of DVC, die when `dvc` dies."""
    for name, value in _QUIET.items():
        environment.setdefault(name, value)
    environment.setdefault("PREFECT_HOME", str(PREFECT_HOME.absolute()))
    environment.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")
    environment.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    if "DVC_STAGE" in environment:
        signal_me_when_parent_dies(signal.SIGTERM, os.getppid())


def guarded(command: Callable[[], Any]) -> int:
    """Run a command; what a person can mend becomes one line on standard error. Returns the exit status."""
    try:
        try:
            command()
        finally:  # also when the command ends by SystemExit
            sys.stdout.flush()
    except (CascadeError, CnnError, PairError, LiveError, ParameterError, RunMismatchError, PublishError) as error:
        return _say(str(error), 1)
    except BrokenPipeError:  # the reader, such as `head`, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EACCES, errno.ENOENT, errno.EROFS, errno.EDQUOT):
            raise
        return _say(f"{error.strerror}: {error.filename or 'no file named'}. Nothing half-written was kept.", 1)
    except KeyboardInterrupt as interrupt:
        return _say(f"interrupted; {str(interrupt) or 'the same command resumes from the last whole state'}", 130)
    return 0


def _say(message: str, status: int) -> int:
    print(f"facefoundry: {message}", file=sys.stderr)
    return status


if __name__ == "__main__":
    main()
