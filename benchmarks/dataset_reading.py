"""How many pictures a second become faces, beside decoding alone, by threads; and how much memory that takes.

    python benchmarks/dataset_reading.py                                   (300 drawn pictures of AffectNet's sizes)
    python benchmarks/dataset_reading.py AFFECTNET --pictures 5000 50000   (a folder in AffectNet's csv layout)

Where more pictures are asked for than the folder has, they are read again and again under other names. Everything is in
the page cache: what a disk costs is not measured. For every number of pictures and threads, each in a new process:

reader    `cnn.datasets.pictures.add_pictures`: read, hash, decode, cut out, shrink, keep for a resumed run, store
full      the same files read and decoded to grey at full scale, by as many threads, and nothing else
reduced   the same, decoded at the scale that the reader chooses
resumed   the reader again where all was kept: what a run that was killed at its end costs

The figures are medians over the rounds, in which the four take turns; CPU is microseconds a picture, which can be
compared on a busy machine too. Memory is the process's peak (VmHWM) after the first reader, less what it had before it.
"""

from __future__ import annotations

import argparse
import csv
import multiprocessing
import shutil
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from statistics import median

import cv2
import numpy as np

from cnn.datasets.affectnet import HEADER, IMAGES, LISTS
from cnn.datasets.pictures import CHUNK, PictureFace, add_pictures
from cnn.datasets.table import FaceWriter
from cnn.labels import AFFECTNET, EXPRESSIONS
from cnn.picture_header import picture_size
from cnn.preprocess import reduction
from cnn.synthetic.face import draw_face
from cnn.synthetic.pictures import crop_face, develop
from runs.progress import silent

_DRAWN = 300
_FACE_LOG_MEAN, _FACE_LOG_DEVIATION = 5.79, 0.72
"""AffectNet's faces are 425 pixels wide in the mean, with a standard deviation of 349 (Mollahosseini et al., 2017)."""

_FLAGS = {
    1: cv2.IMREAD_GRAYSCALE,
    2: cv2.IMREAD_REDUCED_GRAYSCALE_2,
    4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
    8: cv2.IMREAD_REDUCED_GRAYSCALE_8,
}

Figures = dict[str, tuple[float, float]]
"""Seconds and CPU seconds of each of the four."""


def main() -> None:
    """Print a table."""
    arguments = _arguments()
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory(dir=arguments.scratch) as name:
        folder = arguments.folder or _draw(Path(name) / "drawn")
        faces = _faces(folder)
        _describe(faces)
        print("pictures  threads | reader full reduced resumed: pictures/s | CPU us | reader/full wall CPU | memory MB")
        for count in arguments.pictures or [len(faces)]:
            for workers in arguments.workers:
                scratch = Path(name) / f"{count}-{workers}"
                with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
                    measured = process.submit(_measure, folder, scratch, count, workers, arguments.rounds).result()
                print(_line(count, workers, *measured), flush=True)
                shutil.rmtree(scratch)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--pictures", type=int, nargs="+")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scratch", type=Path, help="where temporary files go: 5 kB a picture")
    return parser.parse_args()


def _draw(folder: Path) -> Path:
    rng = np.random.default_rng(0)
    (folder / IMAGES).mkdir(parents=True)
    with (folder / "training.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(HEADER)
        for number in range(_DRAWN):
            side = 1.6 * np.clip(rng.lognormal(_FACE_LOG_MEAN, _FACE_LOG_DEVIATION), 60, 2000)
            cut = crop_face(rng, draw_face(rng, EXPRESSIONS[number % 5], 272), int(side), (1.35, 1.8))
            picture = develop(rng, cut.image)
            cv2.imwrite(str(folder / IMAGES / f"{number}.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 88])
            writer.writerow([f"{number}.jpg", *cut.box, "", 1, -2, -2])
    return folder


def _faces(folder: Path) -> list[PictureFace]:
    """The usable pictures of both lists."""
    faces = []
    for name in LISTS:
        if (folder / name).is_file():
            with (folder / name).open(newline="") as stream:
                for row in csv.DictReader(stream):
                    path = folder / IMAGES / row["subDirectory_filePath"]
                    expression = AFFECTNET.get(int(row["expression"])) if row["expression"].isdigit() else None
                    if expression and row["face_x"] != "NULL" and path.is_file():
                        x, y, width, height = (int(row[f"face_{side}"]) for side in ("x", "y", "width", "height"))
                        values = {"official_split": LISTS[name], "own_label": int(row["expression"])}
                        faces.append(PictureFace(path, path.name, 0, expression, (x, y, width, height), values))
    return faces


def _describe(faces: list[PictureFace]) -> None:
    sizes, factors = [], []
    for face in faces:
        data = face.path.read_bytes()  # also brings it into the page cache
        size = picture_size(data) or (0, 0)
        sizes.append((len(data) / 1000, size[0] * size[1] / 1e6))
        factors.append(reduction(data, size, face.box))
    kilobytes, megapixels = np.mean(sizes, axis=0)
    scales = ", ".join(f"{factors.count(factor) / len(factors):.0%} at 1/{factor}" for factor in (1, 2, 4, 8))
    print(f"{len(faces)} pictures, in the mean {kilobytes:.0f} kB and {megapixels:.2f} megapixels; {scales}")


def _measure(folder: Path, scratch: Path, count: int, workers: int, rounds: int) -> tuple[Figures, float]:
    """Median seconds and CPU seconds of each of the four, and the megabytes that the first reader took."""
    cv2.setNumThreads(1)
    faces = _repeated(_faces(folder), scratch, count)
    before, peak = _memory("VmRSS"), 0.0
    taken: dict[str, list[tuple[float, float]]] = {}
    for _ in range(rounds):
        shutil.rmtree(scratch / "some.pictures", ignore_errors=True)
        jobs: dict[str, Callable[[], None]] = {
            "reader": lambda: _read(faces, scratch, workers),
            "resumed": lambda: _read(faces, scratch, workers),
            "full": lambda: _decode(faces, workers, reduced=False),
            "reduced": lambda: _decode(faces, workers, reduced=True),
        }
        for name, job in jobs.items():
            wall, used = time.perf_counter(), time.process_time()
            job()
            taken.setdefault(name, []).append((time.perf_counter() - wall, time.process_time() - used))
            peak = peak or _memory("VmHWM")
    return {name: (median(w for w, _ in pairs), median(c for _, c in pairs)) for name, pairs in taken.items()}, (
        peak - before
    )


def _repeated(faces: list[PictureFace], scratch: Path, count: int) -> list[PictureFace]:
    """So many faces, those beyond the first by links to their folders: other names, but no other bytes."""
    scratch.mkdir()
    repeated = []
    for number in range(count):
        face = faces[number % len(faces)]
        link = scratch / f"{number // len(faces)}-{face.path.parent.name}"
        if not link.is_symlink():
            link.symlink_to(face.path.parent)
        repeated.append(replace(face, path=link / face.path.name))
    return repeated


def _read(faces: list[PictureFace], scratch: Path, workers: int) -> None:
    with FaceWriter(scratch / "some.pixels", "some") as writer:
        add_pictures(writer, faces, total=len(faces), report=silent, workers=workers)
        found = writer.faces()
    if len(found.table) != len(faces):
        raise RuntimeError(f"{found.skips[0]} and {len(found.skips) - 1} more")


def _decode(faces: list[PictureFace], workers: int, reduced: bool) -> None:
    with ThreadPoolExecutor(workers) as pool:
        chunks = [faces[start : start + CHUNK] for start in range(0, len(faces), CHUNK)]
        for _ in pool.map(lambda chunk: _decode_chunk(chunk, reduced), chunks):
            pass


def _decode_chunk(faces: list[PictureFace], reduced: bool) -> None:
    for face in faces:
        with face.path.open("rb", buffering=0) as stream:
            data = stream.read()
        size = picture_size(data) if reduced else None
        cv2.imdecode(np.frombuffer(data, np.uint8), _FLAGS[reduction(data, size, face.box) if size else 1])


def _memory(name: str) -> float:
    """Megabytes; not `resource.getrusage`, whose peak begins at that of the process that started this one."""
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name)]
    return int(line.split()[1]) / 1000


def _line(count: int, workers: int, figures: Figures, memory: float) -> str:
    names = ("reader", "full", "reduced", "resumed")
    rates = " ".join(f"{count / figures[name][0]:8.0f}" for name in names)
    used = " ".join(f"{figures[name][1] / count * 1e6:6.0f}" for name in names)
    wall, cpu = (figures["full"][place] / figures["reader"][place] for place in (0, 1))
    return f"{count:8} {workers:8} | {rates} | {used} | {wall:5.2f} {cpu:5.2f} | {memory:6.0f}"


if __name__ == "__main__":
    main()
