"""The MLflow server dies as a model is registered, and comes back: the flow waits, and there is one version."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tasks.publish_models import RegisterParams, list_models, pull, register_cascade

ROOT = Path(__file__).parent.parent.parent
REGISTER = """
import json, sys
from pathlib import Path
from flows.command_line import prepare
import os
prepare(os.environ)
from prefect import flow
from tasks import register_steps
from tasks.publish_models import PublishError, RegisterParams

uri, model, others = json.loads(sys.argv[1])

@flow(name="registers")
def registers(cascade, run, score):
    return register_steps.register_cascade(Path(cascade), Path(run), Path(score), RegisterParams(tracking_uri=uri))

try:
    registers(*model[:2], others)
except PublishError as error:
    print("refused at once:", error, file=sys.stderr, flush=True)
print("version", registers(*model).version, file=sys.stderr, flush=True)
"""

pytestmark = [pytest.mark.prefect, pytest.mark.mlflow, pytest.mark.slow]


class Server:
    """An MLflow server that can be killed and started again, with the same store and address."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            port = listener.getsockname()[1]
        self.uri = f"http://127.0.0.1:{port}"
        store = ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", f"{folder}/files"]
        where = ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
        self._command = [sys.executable, "-m", "mlflow", "server", *store, *where]
        self._log = folder / "server.log"
        self.start()

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log, start_new_session=True)

    def kill(self) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def wait_until_up(self) -> None:
        wait_for(self._is_up)

    def _is_up(self) -> bool:
        assert self._process.poll() is None, self._log.read_text()
        try:
            with urllib.request.urlopen(f"{self.uri}/health", timeout=5):
                return True
        except OSError:
            return False


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path)
    yield server
    server.kill()


def test_a_server_that_dies_and_comes_back_gets_the_model_once(
    server: Server, prefect_server: str, write_model: Callable[[Path], tuple[Path, Path, Path]], tmp_path: Path
) -> None:
    first, second = write_model(tmp_path / "first"), write_model(tmp_path / "second")
    params = RegisterParams(tracking_uri=server.uri)
    server.wait_until_up()
    register_cascade(*first, params)

    log = tmp_path / "flow.log"
    asked = json.dumps([server.uri, [str(path) for path in second], str(first[2])])
    environment = {**os.environ, "PREFECT_API_URL": prefect_server}
    with (
        log.open("wb") as stream,
        subprocess.Popen(
            [sys.executable, "-c", REGISTER, asked], cwd=ROOT, env=environment, stdout=stream, stderr=stream
        ) as flow,
    ):
        wait_for(lambda: "looking for face-cascade" in log.read_text() or flow.poll() is not None)
        server.kill()
        before = log.read_text()
        wait_for(lambda: "Retry 1/" in log.read_text() or flow.poll() is not None)
        server.start()
    said = log.read_text()
    assert flow.returncode == 0, said
    assert "refused at once" in before, "a wrong model must not be tried again"
    assert "version 2" in said
    assert [one["version"] for one in list_models(server.uri)] == [2, 1]
    for number, model in enumerate((first, second), 1):
        pulled = pull(f"face-cascade/{number}", tmp_path / f"pulled {number}", params)
        assert pulled.file.read_bytes() == model[0].read_bytes()


def wait_for(holds: Callable[[], object], seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)
