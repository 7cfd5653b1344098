"""A run's own Prefect server: it works like any, and ends with the run however that ends."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flows.run_server import _kept_port, start_turn

RUN = """
import sys, time
from pathlib import Path
from cascade.errors import ToolFailedError
from flows.run_server import use_own_server

try:
    use_own_server(Path(sys.argv[1]))
except ToolFailedError as error:
    sys.exit(str(error))
from prefect import flow, get_run_logger

@flow
def waits(seconds: float):
    get_run_logger().info("it is up")
    time.sleep(seconds)

waits(float(sys.argv[2]))
"""
SECONDS = 10
"""Within so many the server must have ended."""

pytestmark = [pytest.mark.prefect, pytest.mark.slow]


def start(home: Path, seconds: float, **environment: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PREFECT_HOME": str(home), **environment}
    command = [sys.executable, "-c", RUN, str(home), str(seconds)]
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)


def servers(home: Path) -> list[str]:
    """The process numbers of the servers that keep their database in `home`, and of their guards."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            words, environment = (path / "cmdline").read_bytes(), (path / "environ").read_bytes()
        except OSError:
            continue
        if b"server\0start" in words and f"PREFECT_HOME={home}\0".encode() in environment:
            found.append(path.name)
    return found


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prefect's folder: its database takes seconds to make, so both runs share it."""
    return tmp_path_factory.mktemp("home")


def test_the_server_ends_with_a_run_that_is_killed(home: Path) -> None:
    with start(home, 600) as process:
        assert process.stderr is not None
        assert any("it is up" in line for line in process.stderr)
        assert len(servers(home)) == 2
        process.kill()
        deadline = time.monotonic() + SECONDS
        while servers(home) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert servers(home) == []


def test_the_server_ends_after_a_run_that_ends_by_itself(home: Path) -> None:
    process = start(home, 0)
    _, said = process.communicate()
    assert process.returncode == 0
    assert "Finished in state Completed" in said
    assert "Error" not in said
    assert servers(home) == []


def test_a_server_starts_when_it_is_its_turn(tmp_path: Path) -> None:
    with start_turn(tmp_path):
        process = start(tmp_path, 0)
        time.sleep(4)
        assert servers(tmp_path) == []
        assert not (tmp_path / "run_server.log").exists()
    _, said = process.communicate()
    assert process.returncode == 0, said
    assert "Finished in state Completed" in said


def test_runs_that_begin_at_once_in_a_new_folder_all_get_their_server(tmp_path: Path) -> None:
    processes = [start(tmp_path, 0) for _ in range(3)]
    for process in processes:
        _, said = process.communicate()
        assert process.returncode == 0, said
        assert "Finished in state Completed" in said


def test_a_kept_port_is_for_who_knows_its_number() -> None:
    with _kept_port() as port, socket.socket() as stranger, socket.socket() as server:
        with pytest.raises(OSError, match="in use"):
            stranger.bind(("127.0.0.1", port))
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", port))
        server.listen()


def test_a_server_that_is_named_is_used(tmp_path: Path) -> None:
    process = start(tmp_path, 0, PREFECT_API_URL="http://127.0.0.1:9/api", PREFECT_CLIENT_MAX_RETRIES="0")
    _, said = process.communicate()
    assert process.returncode != 0
    assert "starting a Prefect server" not in said
    assert not (tmp_path / "run_server.log").exists()


def test_a_server_that_does_not_come_up_is_an_error_that_names_its_log(tmp_path: Path) -> None:
    process = start(tmp_path, 0, PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS="0")
    _, said = process.communicate()
    assert "did not come up within 0 s" in said
    assert str(tmp_path / "run_server.log") in said
    assert servers(tmp_path) == []
