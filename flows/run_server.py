"""A Prefect server of our own where a run names none: it ends when we end, by `kill -9` too.

Prefect would start a temporary one itself, a plain child process: it outlives a killed run, with 200 MB.
"""

from __future__ import annotations

import atexit
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from cascade.errors import ToolFailedError
from cascade.process import end, start_guarded

_LOG = "run_server.log"
_POLL = 0.2
_OFF = ("--no-scheduler", "--no-late-runs")


def use_own_server(home: Path) -> None:
    """Start a server for this process and name it to Prefect, unless the environment or a profile names one.

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
    from prefect.context import refresh_global_settings_context
    from prefect.settings import get_current_settings

    settings = get_current_settings()
    if settings.api.url is not None:
        return
    port = _free_port()
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port), *_OFF]
    with (home / _LOG).open("wb") as log:
        server = start_guarded(command, stdout=log)
    atexit.register(end, server)
    address = f"http://127.0.0.1:{port}/api"
    print("facefoundry: starting a Prefect server for this run; PREFECT_API_URL names another", file=sys.stderr)
    _wait(server, address, settings.server.ephemeral.startup_timeout_seconds, home / _LOG)
    os.environ["PREFECT_API_URL"] = address
    refresh_global_settings_context()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _wait(server: subprocess.Popen[bytes], address: str, seconds: float, log: Path) -> None:
    deadline = time.monotonic() + seconds
    while server.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=5):
                return
        except OSError:
            time.sleep(_POLL)
    last = log.read_text(encoding="utf-8", errors="replace").strip()[-500:] or "nothing"
    raise ToolFailedError(
        f"Prefect's server did not come up within {seconds:g} s. Its last words, of {log}: {last}. Name a running one "
        "by PREFECT_API_URL, or give it longer by PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS."
    )
