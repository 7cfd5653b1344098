"""What several processes on one machine bring: searching for negatives, reading pictures, training the network.

    python benchmarks/scaling.py PICTURES CASCADE FACES
    python benchmarks/scaling.py PICTURES CASCADE FACES --processes 1 2 --only mining --pictures 100

PICTURES is a folder of pictures, CASCADE a finished ``cascade.xml``, FACES what `facefoundry cnn merge` wrote. For each
number n, the machine is held to n processors, and does the work in n threads of one process and in n processes: Dask
workers of one thread each, or TensorFlow's workers. `ratio` is to one thread of one process. Starting workers and
compiling are told apart: they cost the same however much there is to do. The same work must give the same result, or
the benchmark stops; for the network, whose arithmetic differs in rounding, the difference of the loss is shown.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from cascade.model import CascadeModel, read_cascade
from cascade.pictures import list_files
from cascade.trainer.mining import NegativeMiner
from cascade.trainer.mining_cursor import Cursor
from cnn.datasets.pictures import PictureFace, add_pictures
from cnn.datasets.table import FaceWriter
from cnn.train import CnnTrainParams
from runs.progress import silent
from tasks.cluster import ClusterParams, cluster
from tasks.cnn_workers import train_with_workers

Measured = tuple[float, float, str]
"""Seconds to start, seconds of work, and what tells the result from another."""


def main() -> None:
    """Print one line for each kind of work, number of processors, and way to use them."""
    told = _arguments()
    pictures = list_files(told.pictures_folder)[0][: told.pictures]
    works: dict[str, Callable[[int, bool], Measured]] = {
        "mining": lambda count, apart: measure_mining(pictures, read_cascade(told.cascade), count, apart),
        "reading": lambda count, apart: measure_reading(pictures, count, apart),
        "cnn": lambda count, apart: measure_training(told.faces, told.model, told.epochs, count, apart),
    }
    processors = sorted(os.sched_getaffinity(0))
    print(f"{len(pictures)} pictures; {len(processors)} processors")
    print("work      processors  by          start s    work s   ratio  result")
    for name in told.only:
        first: Measured | None = None
        for count in told.processes:
            os.sched_setaffinity(0, processors[:count])
            for apart in (False, True):
                measured = works[name](count, apart)
                first = first or measured
                print(_line(name, count, apart, measured, first), flush=True)
    os.sched_setaffinity(0, processors)


def measure_mining(pictures: list[Path], model: CascadeModel, count: int, apart: bool) -> Measured:
    """Search every window of the pictures with all stages; then find some negatives, which must be the same ones."""
    *others, last = model.stages
    unreachable = replace(model, stages=(*others, replace(last, threshold=1e9)))
    began = time.perf_counter()
    with cluster(ClusterParams(processes=count * apart)):
        miner = NegativeMiner(pictures, model.width, model.height, threads=count)
        easy = replace(model, stages=model.stages[:3])
        found = miner.mine(easy, 2000, Cursor()).samples  # loads the compiled code, and decodes all pictures
        start = time.perf_counter()
        miner.mine(unreachable, 1000, Cursor(ratio=1e-12))
        return start - began, time.perf_counter() - start, hashlib.sha256(found.tobytes()).hexdigest()


def measure_reading(pictures: list[Path], count: int, apart: bool) -> Measured:
    """Read every picture as a face, for the second time: every worker has then imported what it needs."""
    own = {"own_label": 0}
    faces = [PictureFace(path, str(number), 0, "Happy", None, own) for number, path in enumerate(pictures)]
    began = time.perf_counter()
    with cluster(ClusterParams(processes=count * apart)), tempfile.TemporaryDirectory() as folder:
        _read(Path(folder) / "first.pixels", faces, count)
        start = time.perf_counter()
        digest = _read(Path(folder) / "second.pixels", faces, count)
        return start - began, time.perf_counter() - start, digest


def measure_training(faces: Path, model: str, epochs: int, count: int, apart: bool) -> Measured:
    """Train; the work is that of the epochs after the first, in which the network is compiled."""
    params = CnnTrainParams(model=model, epochs=epochs, dropout=0.0)  # type: ignore[arg-type]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        began = time.perf_counter()
        if apart and count > 1:
            train_with_workers(faces, out, params, count)
        else:
            _train_alone(faces, out, params, count)
        seconds = time.perf_counter() - began
        said = json.loads((out / "training.json").read_text())
        history = (out / "history.csv").read_text().splitlines()
    names, rows = history[0].split(","), [line.split(",") for line in history[1:]]
    ends = [float(row[names.index("seconds")]) for row in rows]
    work = ends[-1] - ends[0]
    return seconds - work, work, f"loss {said['val_loss']:.4f}"


def _train_alone(faces: Path, out: Path, params: CnnTrainParams, threads: int) -> None:
    job = json.dumps([str(faces.absolute()), str(out), params.as_dict(), False])
    own = {"TF_NUM_INTRAOP_THREADS": str(threads), "OMP_NUM_THREADS": str(threads), "TF_CPP_MIN_LOG_LEVEL": "2"}
    command = [sys.executable, "-m", "tasks.cnn_workers", job]
    subprocess.run(command, env={**os.environ, **own}, check=True, stdout=subprocess.DEVNULL)


def _read(pixels: Path, faces: list[PictureFace], threads: int) -> str:
    with FaceWriter(pixels, "scaling") as writer:
        add_pictures(writer, faces, total=len(faces), report=silent, workers=threads)
        writer.faces()
    return hashlib.sha256(pixels.read_bytes()).hexdigest()


def _line(name: str, count: int, apart: bool, measured: Measured, first: Measured) -> str:
    start, work, result = measured
    if name != "cnn" and result != first[2]:
        raise SystemExit(f"{name} by {count} gave another result than by one thread of one process.")
    way = "processes" if apart else "threads"
    return f"{name:9} {count:10}  {way:10} {start:8.1f} {work:9.2f} {first[1] / work:7.2f}  {result[:12]}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures_folder", type=Path, metavar="PICTURES")
    parser.add_argument("cascade", type=Path, metavar="CASCADE")
    parser.add_argument("faces", type=Path, metavar="FACES")
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--pictures", type=int, default=1000, help="at most so many pictures")
    parser.add_argument("--only", nargs="+", choices=("mining", "reading", "cnn"), default=("mining", "reading", "cnn"))
    parser.add_argument("--model", default="reference", help="the network to train")
    parser.add_argument("--epochs", type=int, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    main()
