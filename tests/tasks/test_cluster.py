"""Real Dask clusters: the same results as without, and nothing left when the process that started one is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from cascade.errors import ToolFailedError, ToolMissingError
from cascade.train import train_cascade
from cascade.train_params import CascadeTrainParams
from cascade.vec.file import write_vec
from cnn.datasets.pictures import PictureFace, add_pictures
from cnn.datasets.table import FaceWriter, LabelledFaces
from runs.parameters import ParameterError
from runs.progress import silent
from runs.workers import workers_at_hand
from tasks import cluster as clusters
from tasks.cluster import ClusterParams, CnnClusterParams, cluster, flow_cluster

ROOT = Path(__file__).parents[2]
SIDE = 12


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """The address of a cluster that runs already, with two workers."""
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0") as local:
        yield local.scheduler_address


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    random, folder = np.random.default_rng(1), tmp_path / "pictures"
    folder.mkdir()
    paths = [folder / f"{number:03d}.png" for number in range(140)]
    for path in paths:
        cv2.imwrite(str(path), cv2.resize(random.integers(0, 256, (30, 30), np.uint8), (90, 90)))
    paths[7].write_bytes(b"no picture")
    return paths


def train(pictures: list[Path], out: Path) -> bytes:
    samples = [np.random.default_rng(number).integers(0, 256, (SIDE, SIDE), np.uint8) for number in range(120)]
    for sample in samples:
        sample[4:8] |= 192
    write_vec(out.with_suffix(".vec"), np.stack(samples))
    out.with_suffix(".txt").write_text("\n".join(map(str, pictures)))
    params = CascadeTrainParams(width=SIDE, height=SIDE, num_pos=100, num_neg=200, num_stages=2, num_threads=2)
    return train_cascade(out.with_suffix(".vec"), out.with_suffix(".txt"), out, params).cascade.read_bytes()


def read(pictures: list[Path], out: Path) -> tuple[bytes, LabelledFaces]:
    out.mkdir()
    faces = [PictureFace(path, path.name, 0, "Happy", None, {"own_label": 3}) for path in pictures]
    with FaceWriter(out / "some.pixels", "some") as writer:
        add_pictures(writer, faces, total=len(faces), report=silent)
        found = writer.faces()
    return (out / "some.pixels").read_bytes(), found


@pytest.mark.slow
def test_a_running_cluster_gives_the_same_cascade_and_the_same_faces(
    scheduler: str, pictures: list[Path], tmp_path: Path
) -> None:
    cascade, (pixels, faces) = train(pictures, tmp_path / "here"), read(pictures, tmp_path / "read_here")
    with cluster(ClusterParams(scheduler=scheduler)) as workers:
        assert workers is workers_at_hand()
        assert workers is not None
        assert workers.count == 2
        assert train(pictures, tmp_path / "there") == cascade
        there_pixels, there = read(pictures, tmp_path / "read_there")
    assert there_pixels == pixels
    assert there.table.equals(faces.table)
    assert there.skips == faces.skips
    assert workers_at_hand() is None


@pytest.mark.slow
@pytest.mark.prefect
def test_in_a_flow_each_chunk_of_pictures_is_a_task_run(
    prefect_server: str, scheduler: str, pictures: list[Path], tmp_path: Path
) -> None:
    code = """
import sys
from pathlib import Path
from prefect import flow
from cnn.datasets.pictures import PictureFace, add_pictures
from cnn.datasets.table import FaceWriter
from tasks.cluster import ClusterParams, flow_cluster

@flow
def line(scheduler, pictures, out):
    faces = [PictureFace(path, path.name, 0, "Happy", None, {"own_label": 3}) for path in sorted(pictures.iterdir())]
    with flow_cluster(ClusterParams(scheduler=scheduler)), FaceWriter(out / "some.pixels", "some") as writer:
        add_pictures(writer, faces, total=len(faces), report=lambda progress: None)
        print(len(writer.faces().table), len(writer.faces().skips))

line(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
"""
    (tmp_path / "read").mkdir()
    environment = {**os.environ, "PREFECT_API_URL": prefect_server, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code, scheduler, str(pictures[0].parent), str(tmp_path / "read")]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr
    assert "139 1" in done.stdout
    states = [run["state_name"] for run in task_runs(prefect_server) if run["name"] == "read_pictures"]
    assert states == ["Completed", "Completed"]
    assert (tmp_path / "read" / "some.pixels").read_bytes() == read(pictures, tmp_path / "again")[0]


def task_runs(api: str) -> list[dict[str, Any]]:
    request = urllib.request.Request(f"{api}/task_runs/filter", b"{}", {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        found: list[dict[str, Any]] = json.load(answer)
        return found


@pytest.mark.slow
def test_the_workers_die_with_a_process_that_is_killed(tmp_path: Path) -> None:
    code = """
import json, os, signal
from tasks.cluster import ClusterParams, cluster
if __name__ == "__main__":
    with cluster(ClusterParams(processes=1)) as workers:
        print(json.dumps([workers.count, workers.executor.submit(os.getpid).result()]), flush=True)
        signal.pause()
"""
    script = tmp_path / "script.py"
    script.write_text(code)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, script], env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        count, pid = json.loads(process.stdout.readline())
        assert count == 1
        assert pid != process.pid
        assert is_alive(pid)
        process.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 60
    while is_alive(pid):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_without_workers_nothing_is_started() -> None:
    with cluster(ClusterParams()) as none, flow_cluster(CnnClusterParams(training_processes=2)) as neither:
        assert (none, neither, workers_at_hand()) == (None, None, None)


def test_an_address_where_nobody_answers_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "_SECONDS_TO_START", 1)
    with (
        pytest.raises(ToolMissingError, match=r"No Dask cluster answers at tcp://127\.0\.0\.1:9.*Check `scheduler`"),
        cluster(ClusterParams(scheduler="tcp://127.0.0.1:9")),
    ):
        pass


def test_a_cluster_that_is_lost_is_said_so(scheduler: str) -> None:
    with (
        pytest.raises(ToolFailedError, match=r"The Dask cluster was lost\. .* goes on from the last whole state"),
        cluster(ClusterParams(scheduler=scheduler)),
    ):
        raise CancelledError


@pytest.mark.parametrize("values", [{"processes": -1}, {"processes": 257}, {"training_processes": 0}])
def test_numbers_out_of_bounds_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match="must be at"):
        CnnClusterParams(**values)
