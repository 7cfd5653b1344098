"""What the tests of several rooms share: no telemetry, no colour, and a real Prefect server where one is asked for."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

QUIET = {
    "DO_NOT_TRACK": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DVC_NO_ANALYTICS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "NO_COLOR": "1",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
}
os.environ.update(QUIET)
# A shell that started us in the background has us ignore Ctrl-C, and so would every program that a test starts.
signal.signal(signal.SIGINT, signal.default_int_handler)


class AskAgain(urllib.request.BaseHandler):
    """A server whose database is locked, on a busy machine, says 503: Prefect's own clients ask again too."""

    def __init__(self, api: str) -> None:
        self._api = api

    def http_error_503(self, request: urllib.request.Request, _answer: Any, *_told: Any) -> Any:
        """Ask again a second later, if it was our server."""
        if not request.full_url.startswith(self._api):
            return None
        time.sleep(1)
        return self.parent.open(request, timeout=request.timeout)  # type: ignore[attr-defined]


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The API address of a real Prefect server of its own, with an empty SQLite database."""
    home = tmp_path_factory.mktemp("prefect")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    environment = {**os.environ, "PREFECT_HOME": str(home)}
    with (home / "server.log").open("wb") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        api = f"http://127.0.0.1:{port}/api"
        _wait_until_healthy(api, server, home / "server.log")
        urllib.request.install_opener(urllib.request.build_opener(AskAgain(api)))
        yield api
    finally:
        urllib.request.install_opener(urllib.request.build_opener())
        server.terminate()
        server.wait(timeout=30)


@pytest.fixture(scope="session")
def small_sample_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder as `facefoundry sample-data` writes it, just large enough to train something on in seconds."""
    from tasks.write_sample_data import SampleDataParams, write_sample_data

    out = tmp_path_factory.mktemp("sample") / "data"
    params = SampleDataParams(
        positives=150,
        negatives=40,
        scenes=4,
        expression_faces=200,
        expression_test_faces=60,
        affectnet_faces=30,
        affectnet_validation_faces=12,
        expression_scenes=5,
    )
    write_sample_data(out, params)
    return out


def _wait_until_healthy(api: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        assert server.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(f"{api}/health", timeout=5):
                return
        except OSError:
            time.sleep(0.5)
    pytest.fail(f"The Prefect server did not come up: {log.read_text()}")
