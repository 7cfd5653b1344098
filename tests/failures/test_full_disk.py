"""A disk that is full, for real: a clear error, what was whole before stays, and the same again works with room.

The disk is a small one in memory, which only root may mount.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cascade.collect import CollectParams, collect
from cascade.describe import describe
from cascade.errors import ToolFailedError
from cascade.samples import SampleParams, create_samples
from cascade.train import CascadeTrainParams, train_cascade
from cnn.errors import InputError
from cnn.merge import MergeParams, merge
from cnn.train import CnnTrainParams, train_cnn
from runs.parameters import Parameters
from runs.progress import Progress, Report
from runs.record import begin, digest
from tasks.publish_mlflow_store import StoreFailedError
from tasks.publish_models import RegisterParams, list_models, pull, register_cascade

FULL = r"(?i)(no space left on device|disk is full)"
BALLAST = "ballast"


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("disk")
    size = ["-o", "size=64m,nr_inodes=20k"]
    mounted = subprocess.run(["mount", "-t", "tmpfs", *size, "tmpfs", str(path)], capture_output=True, check=False)
    if mounted.returncode != 0:
        pytest.skip(f"no disk of our own: {mounted.stderr.decode().strip()}")
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


@pytest.fixture
def full(disk: Path) -> Iterator[Callable[[int], None]]:
    """Leaves so many KiB free; 64 MiB and more: all of it. The disk has room again at the end."""

    def leave(kibibytes: int) -> None:
        (disk / BALLAST).unlink(missing_ok=True)
        free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
        if free > kibibytes * 1024:
            with (disk / BALLAST).open("wb") as ballast:
                os.posix_fallocate(ballast.fileno(), 0, free - kibibytes * 1024)

    yield leave
    (disk / BALLAST).unlink(missing_ok=True)


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory, small_sample_data: Path) -> Path:
    """The cascade line up to the training, on a disk with room."""
    out = tmp_path_factory.mktemp("elsewhere")
    collect(small_sample_data / "positives", small_sample_data / "negatives", out / "collected")
    describe(out / "collected", out / "described")
    create_samples(out / "described/info.lst", out / "samples/positives.vec")
    return out


def fill_at(words: str, leave: Callable[[int], None]) -> Report:
    """A report that fills the disk when a step first says so."""
    done = []

    def report(progress: Progress) -> None:
        if words in progress.message and not done:
            done.append(True)
            leave(8)

    return report


def test_beginning_a_run(disk: Path, full: Callable[[int], None]) -> None:
    full(4)  # a page for the lock, and none for the record
    with pytest.raises(OSError, match=FULL) as kept:
        begin(disk / "begun", "train", Parameters(), {})
    full(65536)
    begin(disk / "begun", "train", Parameters(), {}).release()
    assert sorted(os.listdir(disk / "begun")) == ["run.json"], kept
    shutil.rmtree(disk / "begun")


def test_collecting(disk: Path, full: Callable[[int], None], small_sample_data: Path) -> None:
    data = (small_sample_data / "positives", small_sample_data / "negatives")
    collect(*data, disk / "collected", CollectParams(max_negatives=10))
    before = digest(disk / "collected")
    full(200)
    with pytest.raises(OSError, match=FULL):
        collect(*data, disk / "collected")
    assert digest(disk / "collected") == before
    assert sorted(os.listdir(disk)) == [BALLAST, "collected"]
    full(65536)
    assert collect(*data, disk / "collected").negatives == 40


def test_cutting_samples(disk: Path, full: Callable[[int], None], elsewhere: Path) -> None:
    info, vec = elsewhere / "described/info.lst", disk / "samples" / "positives.vec"
    create_samples(info, vec, SampleParams(num=20))
    before = vec.read_bytes()
    full(40)
    with pytest.raises(
        ToolFailedError, match=r"contradicts itself.*Is the disk full\?"
    ):  # OpenCV's program says nothing
        create_samples(info, vec, SampleParams(cutter="opencv"))
    with pytest.raises(OSError, match=FULL):
        create_samples(info, vec, SampleParams(cutter="native"))
    assert vec.read_bytes() == before
    full(65536)
    create_samples(info, vec)
    assert vec.read_bytes() == (elsewhere / "samples/positives.vec").read_bytes()


def test_training_a_cascade(disk: Path, full: Callable[[int], None], elsewhere: Path) -> None:
    params = CascadeTrainParams(feature_type="LBP", num_stages=3, num_neg=100, num_threads=1)
    given = (elsewhere / "samples/positives.vec", elsewhere / "described/bg.txt")
    with pytest.raises(OSError, match=FULL):
        train_cascade(*given, disk / "cascade", params, report=fill_at("stage 2 of 3", full))
    assert not (disk / "cascade/cascade.xml").exists()
    first = (disk / "cascade/stage0.xml").stat()
    full(65536)
    train_cascade(*given, disk / "cascade", params)
    train_cascade(*given, elsewhere / "cascade", params)
    assert (disk / "cascade/cascade.xml").read_bytes() == (elsewhere / "cascade/cascade.xml").read_bytes()
    assert (disk / "cascade/stage0.xml").stat().st_mtime_ns == first.st_mtime_ns


@pytest.mark.mlflow
def test_registering(
    disk: Path, full: Callable[[int], None], write_model: Callable[[Path], tuple[Path, Path, Path]], tmp_path: Path
) -> None:
    params = RegisterParams(tracking_uri=f"sqlite:///{disk}/mlflow/mlflow.db")
    first, second = (write_model(tmp_path / name) for name in ("first", "second"))
    register_cascade(*first, params)
    full(200)
    with pytest.raises(StoreFailedError, match=FULL):
        register_cascade(*second, params)
    assert [one["version"] for one in list_models(params.tracking_uri)] == [1]
    assert pull("face-cascade", tmp_path / "pulled", params).file.read_bytes() == first[0].read_bytes()
    full(65536)
    assert register_cascade(*second, params).version == 2
    assert pull("face-cascade/2", tmp_path / "pulled", params).file.read_bytes() == second[0].read_bytes()


@pytest.mark.slow
def test_merging_and_training_a_network(disk: Path, full: Callable[[int], None], small_sample_data: Path) -> None:
    table = small_sample_data / "fer2013" / "fer2013.csv"
    full(300)
    with pytest.raises(InputError, match=rf"{FULL}.*Free space"):
        merge(disk / "faces", fer2013=table)
    assert not (disk / "faces").exists()
    full(65536)
    merge(disk / "faces", fer2013=table)
    before = digest(disk / "faces")
    full(300)
    with pytest.raises(InputError, match=rf"{FULL}.*Free space"):
        merge(disk / "faces", MergeParams(seed=1), fer2013=table)
    assert digest(disk / "faces") == before
    full(65536)
    said: list[str] = []
    params = CnnTrainParams(epochs=2)
    with pytest.raises(OSError, match=FULL):
        train_cnn(disk / "faces", disk / "cnn", params, report=fill_at("epoch 1/2: loss", full))
    assert not (disk / "cnn/model.keras").exists()
    full(65536)
    train_cnn(disk / "faces", disk / "cnn", params, report=lambda progress: said.append(progress.message))
    assert (disk / "cnn/model.keras").stat().st_size > 1_000_000
    assert not any("epoch 1/2" in words for words in said), "the first epoch was trained again"
