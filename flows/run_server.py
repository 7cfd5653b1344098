"""A Prefect server of our own where a run names none: it ends when we end, by `kill -9` too.

Prefect would start a temporary one itself, a plain child process: it outlives a killed run, with 200 MB.
"""

from __future__ import annotations

import atexit
import fcntl
import http.client
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cascade.errors import ToolFailedError
from cascade.process import end, start_guarded
from flows.up_state import running_up

_LOG = "run_server.log"
_STARTING = ".starting"
_POLL = 0.2
_OFF = ("--no-scheduler", "--no-late-runs")


def use_own_server(home: Path) -> None:
    """Start a server for this process and name it to Prefect, unless there is one to use.

    That is the one that the environment or a profile names, or that of a `facefoundry up` in this folder.

    It ends after everything that Prefect does at our exit, so call this before the flow is imported.

    Parameters
    ----------
    home
        Prefect's folder, where its database is and the server's log goes.

    Raises
    ------
    ToolFailedError
        The server does not come up; the message has its last words.
    """
    from prefect.settings import get_current_settings

    settings = get_current_settings()
    if settings.api.url is not None:
        return
    with start_turn(home):
        if (up := running_up()) is not None:
            print(f"facefoundry: this run is on the page of `facefoundry up`, {up.prefect}", file=sys.stderr)
            _use(up.api)
        else:
            _start(home, settings.server.ephemeral.startup_timeout_seconds)


def _start(home: Path, seconds: float) -> None:
    with _kept_port() as port, (home / _LOG).open("wb") as log:
        address = f"http://127.0.0.1:{port}"
        server = start_guarded(prefect_server(port, *_OFF), stdout=log, env=prefect_environment(address))
        atexit.register(end, server)
        print("facefoundry: starting a Prefect server for this run; PREFECT_API_URL names another", file=sys.stderr)
        _wait(server, f"{address}/api", seconds, home / _LOG)
    _use(f"{address}/api")


@contextmanager
def start_turn(home: Path) -> Iterator[None]:
    """One server at a time starts on the database in `home`: two would both make its tables, and one would fail.

    The kernel ends the turn of a process that is killed. Where the file system knows no locks, nobody waits.
    """
    with (home / _STARTING).open("wb") as turn:
        with suppress(OSError):
            fcntl.flock(turn, fcntl.LOCK_EX)
        yield


def prefect_server(port: int, *options: str) -> list[str]:
    """The command of a Prefect server that listens on this machine's loopback only."""
    where = ("--host", "127.0.0.1", "--port", str(port))
    return [sys.executable, "-m", "prefect", "server", "start", *where, *options]


def prefect_environment(address: str) -> dict[str, str]:
    """Its environment. Only its own page may call it from a browser, and not any page that somebody has open."""
    page = f"{address},{address.replace('127.0.0.1', 'localhost')}"
    return {
        **os.environ,
        "PREFECT_API_URL": f"{address}/api",
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": page,
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    }


def answers(address: str) -> bool:
    """Whether a server answers there with success."""
    try:
        with urllib.request.urlopen(address, timeout=5):
            return True
    except (OSError, ValueError, http.client.HTTPException):
        return False


def _use(address: str) -> None:
    from prefect.context import refresh_global_settings_context

    os.environ["PREFECT_API_URL"] = address
    refresh_global_settings_context()


@contextmanager
def _kept_port() -> Iterator[int]:
    """A free port that the system gives to nobody meanwhile but to who asks for its number, as the server does."""
    with socket.socket() as keeper:
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # two may bind it while neither listens
        keeper.bind(("127.0.0.1", 0))
        yield keeper.getsockname()[1]


def _wait(server: subprocess.Popen[bytes], address: str, seconds: float, log: Path) -> None:
    deadline = time.monotonic() + seconds
    while server.poll() is None and time.monotonic() < deadline:
        if answers(f"{address}/health"):
            return
        time.sleep(_POLL)
    last = log.read_text(encoding="utf-8", errors="replace").strip()[-500:] or "nothing"
    raise ToolFailedError(
        f"Prefect's server did not come up within {seconds:g} s. Its last words, of {log}: {last}. Name a running one "
        "by PREFECT_API_URL, or give it longer by PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS."
    )
