"""The scratch folder that outlives a kill: the next run goes on where the killed one was, to the same bytes."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest

from cnn.datasets.affectnet import HEADER
from cnn.scratch import kept_scratch
from runs.errors import RunMismatchError

READER = """
import hashlib, os, signal, sys
from pathlib import Path
from cnn.datasets import pictures
from cnn.datasets.affectnet import read_affectnet
from cnn.scratch import kept_scratch

out, affectnet, kill_at = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
pictures.CHUNK, pictures._SECONDS = 8, 0

def report(progress):
    if kill_at and progress.done >= kill_at:
        os.kill(os.getpid(), signal.SIGKILL)
    if progress.done == progress.total:
        print(int(progress.figures["kept_pictures"]))

with kept_scratch(out) as scratch:
    faces = read_affectnet(affectnet, scratch, report)
    table = faces.table.to_csv()
print(hashlib.sha256(faces.images.tobytes() + table.encode()).hexdigest(), len(faces.table))
"""


@pytest.fixture
def run_reader(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Read 200 pictures in a process that is killed once `kill_at` of them are read."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "affectnet" / "Manually_Annotated_Images"
    folder.mkdir(parents=True)
    for number in range(200):
        cv2.imwrite(str(folder / f"{number}.jpg"), rng.integers(0, 256, (60, 60, 3)).astype(np.uint8))
    rows = [f"{number}.jpg,{number % 9},0,50,50,,{number % 4},-2,-2" for number in range(200)]
    (folder.parent / "training.csv").write_text("\n".join([",".join(HEADER), *rows]))
    (folder.parent / "validation.csv").write_text(",".join(HEADER))

    def run(out: str, kill_at: int = 0) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", READER, str(tmp_path / out), str(tmp_path / "affectnet"), str(kill_at)]
        return subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2], check=False)

    return run


def test_killed_reading_goes_on_to_the_same_bytes(
    tmp_path: Path, run_reader: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    whole = run_reader("whole")
    assert whole.stdout.split()[0::2] == ["0", "200"], whole.stderr
    assert run_reader("out", kill_at=100).returncode == -9
    assert (tmp_path / ".out.reading").is_dir()
    resumed = run_reader("out")
    kept, digest, count = resumed.stdout.split()
    assert [digest, count] == whole.stdout.split()[1:]
    assert 100 <= int(kept) < 200
    assert [entry.name for entry in tmp_path.iterdir()] == ["affectnet"]


def stop_after_writing(out: Path, *names: str) -> None:
    with kept_scratch(out) as scratch:
        for name in names:
            (scratch / name).write_text(name)
        raise KeyError("stop")


def test_folder_stays_after_an_error_and_goes_after_success(tmp_path: Path) -> None:
    out = tmp_path / "below" / "faces"
    with pytest.raises(KeyError, match="stop"):
        stop_after_writing(out, "half")
    with kept_scratch(out) as scratch:
        assert (scratch / "half").read_text() == "half"
    assert list(out.parent.iterdir()) == []


def test_nothing_is_left_of_an_error_before_anything_was_kept(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="stop"):
        stop_after_writing(tmp_path / "faces")
    assert list(tmp_path.iterdir()) == []


def test_two_runs_of_one_output_do_not_share_it(tmp_path: Path) -> None:
    with kept_scratch(tmp_path / "faces") as scratch:
        (scratch / "mine").write_text("mine")
        with pytest.raises(RunMismatchError, match="is in use: process"), kept_scratch(tmp_path / "faces"):
            pass
        assert (scratch / "mine").read_text() == "mine"


def test_runs_that_end_and_begin_at_the_same_moment_never_share_it(tmp_path: Path) -> None:
    inside, seen, refused = threading.Lock(), [], []

    def run(_: int) -> None:
        for _ in range(30):
            try:
                with kept_scratch(tmp_path / "faces") as scratch:
                    assert inside.acquire(blocking=False), "two at once"
                    (scratch / "mine").write_text("mine")
                    seen.append(len(os.listdir(scratch)))
                    inside.release()
            except RunMismatchError:
                refused.append(1)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(run, range(6)))
    assert set(seen) == {2}, "the lock and one file, whoever was there before"
    assert len(seen) + len(refused) == 180
    assert list(tmp_path.iterdir()) == []
