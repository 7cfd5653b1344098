"""A cascade and a network as one registered model: real stores, a place without this project, and a real server."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from cascade.pictures import load_grey
from cnn.labels import EXPRESSIONS
from pair.evaluate import EvaluatePairParams, evaluate_pair
from pair.find import FaceExpressions
from runs.record import digest
from tasks import publish_mlflow
from tasks.publish_models import Registered, RegisterParams, register_cascade, register_cnn, register_pair
from tasks.publish_pull import pull
from tasks.publish_record import PublishError

pytestmark = [pytest.mark.mlflow, pytest.mark.slow]
DOCS, BIN = Path(__file__).parents[2] / "docs" / "pair.md", Path(sys.executable).parent
STUMP = Path(__file__).with_name("stump_cascade.xml")
POINT = EvaluatePairParams(min_neighbors=2, min_size=24)

STRANGER = """
import json, os, sys
class Forbidden:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("cascade", "cnn", "pair", "tasks", "flows", "runs", "live", "keras", "tensorflow"):
            raise ImportError("forbidden: " + name)
sys.meta_path[:] = [Forbidden(), *(one for one in sys.meta_path if "editable" not in repr(one))]
sys.path[:] = [one for one in sys.path if not os.path.isdir(os.path.join(one or ".", "cascade"))]
import cv2, mlflow
mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pyfunc.load_model("models:/face-expression@champion", model_config={"allow_paths": True})
by_path, by_array = model.predict(sys.argv[2]), model.predict(cv2.imread(sys.argv[2], cv2.IMREAD_GRAYSCALE))
assert by_path.equals(by_array)
print(by_path.to_json(orient="records"))
"""


@dataclass(frozen=True)
class Built:
    store: RegisterParams
    score: Path
    scenes: Path
    cascade: Path
    network: Path
    first: Registered


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, new_database: Path, two_squares: Path) -> Built:
    """Both parts registered, measured together, and registered as one."""
    from cnn.models.registry import build

    folder = tmp_path_factory.mktemp("built")
    store = RegisterParams(tracking_uri=f"sqlite:///{shutil.copyfile(new_database, folder / 'mlflow.db')}")
    cascade, network = shutil.copyfile(STUMP, folder / "cascade.xml"), folder / "model.keras"
    build("mini_xception").save(network)
    register_cascade(cascade, *_record(folder / "c", cascade), store)
    register_cnn(network, *_record(folder / "n", network), store)
    scenes = shutil.copytree(two_squares, folder / "scenes")
    (scenes / "info.lst").unlink()
    boxes = (("10,10,20,20", "happy"), ("50,20,60,60", "sad"))
    rows = [f"{number}.png,{box},{label}" for number in range(12) for box, label in boxes]
    (scenes / "labels.csv").write_text("\n".join(["path,x,y,width,height,label", *rows]) + "\n")
    evaluate_pair(cascade, network, scenes, folder / "score", POINT)
    return Built(store, folder / "score", scenes, cascade, network, register_pair(folder / "score", store))


def _record(folder: Path, model: Path) -> tuple[Path, Path]:
    """What a trainer and an evaluation leave, as far as registration asks for it."""
    run, score = folder / "run", folder / "score"
    run.mkdir(parents=True)
    score.mkdir()
    (run / "run.json").write_text('{"step": "train", "parameters": {}, "inputs": {}}')
    (run / "training.json").write_text('{"seconds": 1.0}')
    (run / "history.csv").write_text("stage,hit_rate\n0,0.99\n")
    figures = {"model_sha256": digest(model), "recommended_min_neighbors": 2, "min_size": 24}
    (score / "metrics.json").write_text(json.dumps(figures))
    for name in ("curve.csv", "confusion.csv"):
        (score / name).write_text("a,b\n1,2\n")
    for name in ("curve.png", "montage.png", "confusion.png"):
        cv2.imwrite(str(score / name), np.zeros((4, 4), np.uint8))
    return run, score


def test_the_first_one_is_champion_at_the_point_that_was_measured(built: Built) -> None:
    assert (built.first.name, built.first.version, built.first.alias) == ("face-expression", 1, "champion")
    with publish_mlflow.open_store(built.store.tracking_uri) as client:
        tags = client.get_model_version("face-expression", "1").tags
    point = json.loads(tags["facefoundry.operating_point"])
    assert point == {**POINT.pair().as_dict(), "max_size": 0}
    assert json.loads(tags["facefoundry.parts"]) == {"cascade": "face-cascade/1", "network": "expression-cnn/1"}
    assert "right_share" in json.loads(tags["facefoundry.figures"])


def test_the_same_again_makes_no_new_version(built: Built) -> None:
    again = register_pair(built.score, built.store, cascade_model="face-cascade", network_model="expression-cnn/1")
    assert (again.version, again.created, again.sha256) == (1, False, built.first.sha256)


def test_pull_writes_both_files_and_what_they_are(built: Built, tmp_path: Path) -> None:
    pulled = pull("face-expression", tmp_path / "pulled", built.store)
    assert pulled.sha256 == digest(built.cascade)
    assert (pulled.folder / "model.onnx").is_file()
    card = (pulled.folder / "README.md").read_text()
    assert "found and rightly named" in card
    assert "face-cascade/1" in card


def test_figures_of_other_models_are_refused(built: Built, tmp_path: Path) -> None:
    score = shutil.copytree(built.score, tmp_path / "score")
    figures = json.loads((score / "metrics.json").read_text())
    (score / "metrics.json").write_text(json.dumps({**figures, "network_sha256": "0" * 64}))
    with pytest.raises(PublishError, match=r"figures of a cnn .SHA-256 000000000000. that is not registered"):
        register_pair(score, built.store)
    with pytest.raises(PublishError, match=r"are of another cnn .* than expression-cnn/1"):
        register_pair(score, built.store, cascade_model="face-cascade", network_model="expression-cnn")


def test_a_part_of_the_wrong_kind_is_refused(built: Built) -> None:
    with pytest.raises(PublishError, match=r"expression-cnn/1 must be .*cascade\. Got .*cnn"):
        register_pair(built.score, built.store, cascade_model="expression-cnn", network_model="expression-cnn")


def test_another_point_is_another_version(built: Built, tmp_path: Path) -> None:
    evaluate_pair(built.cascade, built.network, built.scenes, tmp_path / "score", replace(POINT, min_neighbors=3))
    other = register_pair(tmp_path / "score", built.store)
    assert (other.version, other.alias, other.created) == (2, "challenger", True)


@pytest.fixture
def elsewhere(tmp_path: Path, built: Built) -> dict[str, str]:
    """The environment of somebody without this project."""
    unwanted = ("PYTHONPATH", "MLFLOW_TRACKING_URI")
    environment = {name: value for name, value in os.environ.items() if name not in unwanted}
    return {**environment, "MLFLOW_TRACKING_URI": built.store.tracking_uri, "PATH": f"{BIN}:{environment['PATH']}"}


def test_it_loads_and_answers_without_this_project(built: Built, elsewhere: dict[str, str], tmp_path: Path) -> None:
    picture = built.scenes / "0.png"
    command = [sys.executable, "-c", STRANGER, built.store.tracking_uri, str(picture)]
    result = subprocess.run(command, cwd=tmp_path, env=elsewhere, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    faces = json.loads(result.stdout.splitlines()[-1])
    params = POINT.pair()
    expected = FaceExpressions(built.cascade, built.network, params).find(load_grey(picture))
    assert [(face["x"], face["y"], face["width"], face["height"]) for face in faces] == [one.box for one in expected]
    assert [face["expression"] for face in faces] == [one.expression for one in expected]
    for face, one in zip(faces, expected, strict=True):
        assert np.allclose([face[name] for name in EXPRESSIONS], one.probabilities, atol=1e-4)


@pytest.fixture
def address(elsewhere: dict[str, str], tmp_path: Path) -> Iterator[str]:
    """A real server of the champion."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    model = ["-m", "models:/face-expression@champion"]
    command = [BIN / "mlflow", "models", "serve", *model, "-p", str(port), "--env-manager", "local"]
    with (tmp_path / "serve.log").open("wb") as log:
        server = subprocess.Popen(
            [*command, "--env-manager", "local"],
            cwd=tmp_path,
            env=elsewhere,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        _wait(f"http://127.0.0.1:{port}/ping", server, tmp_path / "serve.log")
        yield f"http://127.0.0.1:{port}/invocations"
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def _wait(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 300
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=10):
                return
        except OSError:
            time.sleep(0.5)
    raise AssertionError(log.read_text())


def test_it_is_served_and_answers_curl_as_documented(built: Built, address: str, tmp_path: Path) -> None:
    (curl,) = re.findall(r"```\n(printf .*?)```", DOCS.read_text(), re.DOTALL)
    told = curl.replace("http://127.0.0.1:5001/invocations", address).replace(
        "picture.jpg", str(built.scenes / "0.png")
    )
    result = subprocess.run(["bash", "-c", told], cwd=tmp_path, capture_output=True, text=True)
    (first, *_) = json.loads(result.stdout)["predictions"]
    assert set(first) == {"image", "x", "y", "width", "height", "score", "expression", *EXPRESSIONS}
    whole = FaceExpressions(built.cascade, built.network, POINT.pair()).find(load_grey(built.scenes / "0.png"))[0]
    assert (first["x"], first["y"], first["width"], first["height"]) == whole.box
    body = json.dumps({"inputs": [str(built.scenes / "0.png")], "params": {"allow_paths": True}}).encode()
    asked = urllib.request.Request(address, body, {"Content-Type": "application/json"})
    with pytest.raises(urllib.error.HTTPError, match="400"):  # no request makes it read the server's files
        urllib.request.urlopen(asked, timeout=60)
