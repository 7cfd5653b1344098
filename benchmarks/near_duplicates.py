"""What finding near duplicates costs, and how many of the copies that were planted it finds.

    python benchmarks/near_duplicates.py                            (40,000 faces, and AffectNet's 290,000)
    python benchmarks/near_duplicates.py 10000 --correlation 0.9

Each face is noise as smooth as photographs are (an amplitude of 1/f^1.3) around a bright oval. One in twenty is a copy
of another, moved by up to two pixels, enlarged by up to 12 %, brightened or darkened, with noise added, and one copy in
five mirrored. Each search has a new process. Memory is the most that it adds at one time to the process's own (RssAnon
of /proc, looked at 20 times a second): the faces are in a file, whose pages can be dropped.
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from cnn.datasets.table import IMAGE_SIZE
from cnn.duplicates.find import find_near_duplicates
from cnn.merge_params import CORRELATIONS

_COPIES = 20
"""One face in so many is a copy."""
_SIDE, _EDGE = 64, 8
"""Of a picture, and from its edge to the face that is cut out of it."""
_MIDDLE = (_SIDE - 1) / 2
_BATCH = 4096


@dataclass(frozen=True)
class Figures:
    """Of one search: `pairs` is all that it found, `copies` those of them that were planted."""

    seconds: float
    processor_seconds: float
    megabytes: float
    pairs: int
    copies: int


def main() -> None:
    """Print a table."""
    arguments = _arguments()
    print("  faces  seconds  CPU seconds  memory MB    pairs  planted copies found")
    for count in arguments.faces:
        with (
            tempfile.TemporaryDirectory(dir=arguments.scratch) as name,
            ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process,
        ):
            path = Path(name) / "faces.npy"
            planted = _write_faces(path, count)
            found = process.submit(_measure, path, planted, arguments.correlation).result()
        costs = f"{found.seconds:8.1f} {found.processor_seconds:12.1f} {found.megabytes:10.0f}"
        share = f"{found.copies} of {planted}, {found.copies / max(1, planted):.1%}"
        print(f"{count:7} {costs} {found.pairs:8}  {share}", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faces", type=int, nargs="*", default=[40_000, 290_000])
    parser.add_argument("--correlation", type=float, default=CORRELATIONS["normal"])
    parser.add_argument("--scratch", type=Path, help="where the faces are written: 2.3 kB each")
    return parser.parse_args()


def _write_faces(path: Path, count: int) -> int:
    """Write the faces, the copies last, in the order of their originals; return how many those are."""
    rng = np.random.default_rng(0)
    copies = count // _COPIES
    faces = np.lib.format.open_memmap(path, "w+", np.uint8, (count, IMAGE_SIZE, IMAGE_SIZE))
    for begin in range(0, count - copies, _BATCH):
        pictures = _pictures(rng, min(_BATCH, count - copies - begin))
        faces[begin : begin + len(pictures)] = _cut(pictures)
        for number, picture in enumerate(pictures[: max(0, copies - begin)], start=count - copies + begin):
            faces[number] = _copy(rng, picture)
    return copies


def _pictures(rng: np.random.Generator, count: int) -> np.ndarray:
    """(count, 64, 64) uint8."""
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(_SIDE), np.fft.rfftfreq(_SIDE), indexing="ij"))
    amplitude = (1 / np.maximum(frequency, 1 / _SIDE) ** 1.3).astype(np.float32)
    white = rng.standard_normal((count, _SIDE, _SIDE), dtype=np.float32)
    noise = np.fft.irfft2(np.fft.rfft2(white) * amplitude)
    y, x = np.mgrid[:_SIDE, :_SIDE] - _MIDDLE
    oval = 50 * np.exp(-(((x / 18) ** 2 + (y / 24) ** 2) ** 2)) - 25
    return (128 + oval + 30 * noise / noise.std(axis=(1, 2), keepdims=True)).clip(0, 255).astype(np.uint8)


def _copy(rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    zoom, right, down = rng.uniform((1, -2, -2), (1.12, 2, 2))
    still = _MIDDLE - zoom * _MIDDLE
    face = _cut(cv2.warpAffine(picture, np.array([[zoom, 0, still + right], [0, zoom, still + down]]), (_SIDE, _SIDE)))
    face = face[:, ::-1] if rng.random() < 0.2 else face
    return np.clip(face * rng.uniform(0.8, 1.2) + rng.normal(0, 3, face.shape), 0, 255).astype(np.uint8)


def _cut(pictures: np.ndarray) -> np.ndarray:
    return pictures[..., _EDGE:-_EDGE, _EDGE:-_EDGE]


def _measure(path: Path, planted: int, correlation: float) -> Figures:
    faces = np.load(path, mmap_mode="r")
    memory = _OwnMemory()
    wall, used = time.perf_counter(), time.process_time()
    pairs = find_near_duplicates(lambda some: faces[some], len(faces), correlation)
    wall, used = time.perf_counter() - wall, time.process_time() - used
    megabytes = memory.end()
    copies = zip(range(planted), range(len(faces) - planted, len(faces)), strict=True)
    found = len({*copies} & {*zip(pairs["first"], pairs["second"], strict=True)})
    return Figures(wall, used, megabytes, len(pairs), found)


class _OwnMemory:
    """The most memory of this process's own since this was made, less what it had then."""

    def __init__(self) -> None:
        self._least = self._peak = _own_memory()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def end(self) -> float:
        """Stop watching; return megabytes."""
        self._ended.set()
        self._thread.join()
        return self._peak - self._least

    def _watch(self) -> None:
        while not self._ended.wait(0.05):
            self._peak = max(self._peak, _own_memory())


def _own_memory() -> float:
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("RssAnon")]
    return int(line.split()[1]) / 1000


if __name__ == "__main__":
    main()
