"""Models registered with a real MLflow server and fetched from it: by `pull`, and with nothing but MLflow."""

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

import pytest

from runs.record import digest
from tasks.publish_models import PublishError, RegisterParams, register_cascade
from tasks.publish_pull import list_models, pull

pytestmark = [pytest.mark.mlflow, pytest.mark.slow]

# As docs/registry.md tells it, in a Python that cannot import the factory.
PLAIN = """
import sys
sys.modules.update(dict.fromkeys(("cascade", "cnn", "pair", "runs", "tasks", "flows")))
import mlflow

mlflow.set_tracking_uri(sys.argv[1])
folder = mlflow.artifacts.download_artifacts("models:/face-cascade@champion", dst_path="here")
version = mlflow.MlflowClient().get_model_version_by_alias("face-cascade", "champion")
print(folder, version.version, version.tags["facefoundry.file"], version.tags["facefoundry.file_sha256"])
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RegisterParams]:
    """A real tracking server with an empty store, which keeps the models' files itself."""
    folder = tmp_path_factory.mktemp("server")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    stores = ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", str(folder / "files")]
    command = [sys.executable, "-m", "mlflow", "server", *stores, "--host", "127.0.0.1", "--port", str(port)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*command, "--workers", "1"], stdout=log, stderr=log, start_new_session=True)
    try:
        _wait(f"http://127.0.0.1:{port}/health", process, folder / "log")
        yield RegisterParams(tracking_uri=f"http://127.0.0.1:{port}")
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=60)


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.5)
    pytest.fail(f"The MLflow server did not come up: {log.read_text()}")


def test_a_model_goes_through_a_server_and_comes_back_the_same(
    server: RegisterParams, cascade: Path, run: Path, score: Path, tmp_path: Path
) -> None:
    registered = register_cascade(cascade, run, score, server)
    assert (registered.version, registered.tracking_uri) == (1, server.tracking_uri)
    assert [one["version"] for one in list_models(server.tracking_uri)] == [1]
    pulled = pull("face-cascade@champion", tmp_path / "pulled", server)
    assert pulled.file.read_bytes() == cascade.read_bytes()
    assert "| recall | 0.500 |" in (pulled.folder / "README.md").read_text()  # the run's record came over HTTP too

    (tmp_path / "elsewhere").mkdir()
    command = [sys.executable, "-I", "-c", PLAIN, server.tracking_uri]
    done = subprocess.run(command, cwd=tmp_path / "elsewhere", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    folder, version, stored, sha256 = done.stdout.split()[-4:]
    assert digest(tmp_path / "elsewhere" / folder / stored) == sha256 == pulled.sha256
    assert version == "1"


def test_a_file_that_was_damaged_on_the_server_is_refused(
    server: RegisterParams,
    cascade: Path,
    run: Path,
    score: Path,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    named = RegisterParams(tracking_uri=server.tracking_uri, model_name="damaged-cascade")
    register_cascade(cascade, run, score, named)
    version = list_models(server.tracking_uri)[0]
    assert version["name"] == "damaged-cascade"
    files = tmp_path_factory.getbasetemp() / "server0" / "files"
    newest = max(files.rglob("artifacts/artifacts/cascade.xml"), key=lambda path: path.stat().st_mtime_ns)
    newest.write_bytes(b"<opencv_storage>")
    with pytest.raises(PublishError, match=r"damaged-cascade version 1 is damaged: .*facefoundry rollback damaged-cas"):
        pull("damaged-cascade", tmp_path / "pulled", named)
    assert not (tmp_path / "pulled").exists()
