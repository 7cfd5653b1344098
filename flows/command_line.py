"""The `facefoundry` program: every step, both lines as flows, and the tools around them."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from cyclopts import App

from cascade.guard import signal_me_when_parent_dies
from flows.mendable import mendable_errors
from flows.quiet_tensorflow import leave_out_greetings
from flows.run_folder import PREFECT_HOME

_QUIET = {
    # The word, not 1: MLflow reads no other.
    "DO_NOT_TRACK": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_V2_ENABLED": "false",  # the V2 page asks a telemetry host; the V1 page does not
    "DVC_NO_ANALYTICS": "1",
}

COMMANDS = {
    "sample-data": (
        "tool_commands:sample_data",
        "Write generated sample data: drawn faces in scenes, negatives, and expression datasets in official layouts.",
    ),
    "run": ("run_commands:run_app", "Run a whole line as a Prefect flow, to registered models."),
    "retrain": (
        "retrain_commands:retrain",
        "Train what has changed since its champion was trained, and let the better model be the champion.",
    ),
    "watch-drift": (
        "watch_commands:watch_drift_app",
        "Measure the champion on newly labelled pictures, and say whether it is worse than when it was registered.",
    ),
    "notify": (
        "watch_commands:notify",
        "Have the Prefect server that PREFECT_API_URL names tell of failed runs.",
    ),
    "presets": (
        "preset_commands:presets_app",
        "Named sets of parameters that were measured: list them, or print one.",
    ),
    "cascade": ("cascade_commands:cascade_app", "Train and measure an OpenCV cascade, step by step."),
    "cnn": ("cnn_commands:cnn_app", "Merge expression datasets, train and measure the CNN, step by step."),
    "pair": ("pair_commands:pair_app", "A cascade and a network together: find faces and name their expressions."),
    "annotations": (
        "annotation_commands:annotations_app",
        "Boxes in any format: convert, look at, propose and review them.",
    ),
    "vec": ("vec_commands:vec_app", "Look into .vec files of samples; merge, split, check, repair them."),
    "live": (
        "live_commands:live_app",
        "Find faces and read their expressions in a camera, a picture, a folder, a film or a network camera, as it "
        "runs.",
    ),
    "app": (
        "app_commands:web_app",
        "Serve a web page that finds faces and reads their expressions in the visitor's own camera, or in pictures.",
    ),
    "models": (
        "store_commands:models",
        "List the registered models with their versions, aliases and figures; champions and challengers stand out.",
    ),
    "pull": (
        "store_commands:pull",
        "Write a registered model's files into a folder: with its card (README.md), MODEL.json and SHA256SUMS.",
    ),
    "promote": (
        "promotion_commands:promote_app",
        "Make a model's challenger its champion, when it is better on the same held-out data.",
    ),
    "rollback": (
        "promotion_commands:rollback",
        "Make the champion before the present one champion again; once more goes back one more.",
    ),
    "history": (
        "promotion_commands:history",
        "List the decisions on a model, the newest first: promotions, refusals and rollbacks, with their figures.",
    ),
    "up": (
        "serve_commands:up",
        "Start Prefect's server, MLflow's server and a runner of the deployments, and keep them up until Ctrl-C.",
    ),
    "down": (
        "serve_commands:down",
        "End the `facefoundry up` of this folder, and wait until all that it started is gone.",
    ),
    "serve": (
        "serve_commands:serve",
        "Serve the deployments on a Prefect server that is there already, until Ctrl-C.",
    ),
    "tools": (
        "tool_commands:tools_app",
        "OpenCV's own trainer programs: see whether they are here, and build them.",
    ),
}
"""Where each command is, in `flows.commands`, and the first line of its help: a command is imported when it is asked
for, as all of them together take seconds."""


def program(*, brief: bool = False) -> App:
    """The program with all commands.

    Parameters
    ----------
    brief
        Their help is the first line alone: for the list of all commands, which then imports none of them.
    """
    made = App(
        name="facefoundry",
        help="A model factory: pictures in, a measured and registered Haar cascade and expression CNN out.",
        help_epilogue=(
            "Start with `facefoundry sample-data`, then `facefoundry run both`.\n\n"
            "Parameters come from `params.yaml` in this folder, one section a step, where it exists; the single steps' "
            "own options override it, and for a run `--params` or `--preset` replace it."
        ),
        version=lambda: version("facefoundry"),
        version_flags=["--version"],
        suppress_keyboard_interrupt=False,  # `guarded` says what to do then
    )
    for name, (place, line) in COMMANDS.items():
        made.command(f"flows.commands.{place}", name=name, help=line if brief else None)
    return made


app = program()


def main() -> None:
    """Run the program; an error that a person can mend ends it with one clear line and status 1."""
    prepare(os.environ)
    leave_out_greetings()
    named = sys.argv[1:2] and sys.argv[1] in COMMANDS
    sys.exit(guarded(app if named else program(brief=True)))


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
    except BrokenPipeError:  # the reader, such as `head`, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except SystemExit:
        raise
    except KeyboardInterrupt as interrupt:
        return _say(f"interrupted; {str(interrupt) or 'the same command resumes from the last whole state'}", 130)
    except mendable_errors() as error:  # called only when there is an error
        return _say(str(error), 1)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EACCES, errno.ENOENT, errno.EROFS, errno.EDQUOT):
            raise
        return _say(f"{error.strerror}: {error.filename or 'no file named'}. Nothing half-written was kept.", 1)
    return 0


def _say(message: str, status: int) -> int:
    print(f"facefoundry: {message}", file=sys.stderr)
    return status


if __name__ == "__main__":
    main()
