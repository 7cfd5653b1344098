"""How many frames a second `facefoundry live` works through, and where the time goes.

    python benchmarks/live_speed.py cascade.xml model.onnx --faces 1 5 --threads 1
    python benchmarks/live_speed.py cascade.xml model.onnx --film film.avi --compare

writes a film of generated faces that drift through an invented place at 640x480, or takes a film, enlarged to that
width, and runs it as the command does, without a window and with a film as output. It prints frames a second of the
wall clock and milliseconds a frame by what they went for: capture (waiting for the decoder), detect, classify, track,
draw, output (waiting for the encoder). `cpu` are milliseconds of processor time a frame, all threads together: they
say more than the wall clock where other programs run. `found` is the share of faces that were found and shown, where
it is known how many there are. `--compare` adds every frame searched as a whole, and at full scale.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from cascade.synthetic.faces import draw_background
from cnn.labels import EXPRESSIONS
from cnn.synthetic import draw_face
from live.engine import Engine, LiveParams
from live.films import Film
from live.frames import Frame, Source
from live.outputs import Output, Shown
from live.recording import Recording
from live.show import Show
from pair.find import FaceExpressions

SIZE = (480, 640)
RATE = 25.0


@dataclass
class Enlarged(Source):
    """A film, each frame enlarged to the width of 640."""

    film: Film | None = None

    def read(self, timeout: float) -> Frame | None:
        """The next frame."""
        assert self.film is not None
        frame = self.film.read(timeout)
        self.ended = self.film.ended
        if frame is None:
            return None
        height = round(frame.image.shape[0] * SIZE[1] / frame.image.shape[1])
        image = cv2.resize(frame.image, (SIZE[1], height), interpolation=cv2.INTER_CUBIC)
        return Frame(np.asarray(image), frame.number, frame.seconds, frame.name)


class Count(Output):
    """Counts the faces that were shown."""

    shown = 0

    def take(self, shown: Shown) -> None:
        """Count."""
        self.shown += len(shown.faces)


def write_film(path: Path, faces: int, frames: int) -> None:
    """A film of `faces` generated people who drift through a place, 640x480."""
    rng = np.random.default_rng(1)
    place = draw_background(rng, SIZE).astype(np.float32)
    people = [draw_face(rng, EXPRESSIONS[n % len(EXPRESSIONS)], 220) for n in range(faces)]
    across, sway = SIZE[1] / faces, max(4.0, (SIZE[1] / faces - 100) / 2)
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"MJPG"), RATE, SIZE[::-1])
    for number in range(frames):
        image = place.copy()
        for index, person in enumerate(people):
            phase = number / RATE + index
            x, y, side, _ = person.box
            left = round(across * (index + 0.5) + 0.4 * sway * np.sin(phase) - x - side / 2)
            top = round(SIZE[0] * (0.35 + 0.2 * (index % 2)) + 20 * np.cos(1.3 * phase) - y - side / 2)
            set_into(image, person.image, person.alpha, left, top)
        noise = rng.normal(0, 2, (*SIZE, 1)).astype(np.float32)
        writer.write(np.clip(image + noise, 0, 255).astype(np.uint8))
    writer.release()


def set_into(image: np.ndarray, patch: np.ndarray, alpha: np.ndarray, left: int, top: int) -> None:
    """Blend a patch into an image where they overlap."""
    rows = slice(max(0, top), min(image.shape[0], top + patch.shape[0]))
    columns = slice(max(0, left), min(image.shape[1], left + patch.shape[1]))
    inner = slice(rows.start - top, rows.stop - top), slice(columns.start - left, columns.stop - left)
    share = alpha[inner][..., None].astype(np.float32) / 255
    image[rows, columns] += share * (patch[inner] - image[rows, columns])


def measure(
    film: Path, pair: FaceExpressions, cascade: Path, params: LiveParams, title: str, faces: int | None
) -> None:
    """Run a film and print a row."""
    source = Film(film)
    watched: Source = source
    if source.read(10.0) is None:
        raise SystemExit(f"{film}: no frames")
    if faces is None:
        watched = Enlarged(source.name, "film", source.frame_rate, source.total, film=source)
    count, before = Count(), time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        outputs = [count, Recording(Path(folder) / "out.mp4", source.frame_rate)]
        summary = Show(watched, Engine(cascade, pair, params), outputs, None, Path(folder)).run()
    source.close()
    cpu = (time.process_time() - before) / summary.frames * 1e3
    spent = " ".join(f"{summary.spent.get(name, 0) / summary.frames * 1e3:8.1f}" for name in STAGES)
    found = f"{count.shown / (faces * summary.frames):6.0%}" if faces else f"{count.shown / summary.frames:6.2f}"
    print(f"{title:<34} {summary.frame_rate:8.1f} {cpu:7.1f} {spent} {found} {len(summary.tracks):7d}", flush=True)


STAGES = ("capture", "detect", "classify", "track", "draw", "output")


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cascade", type=Path)
    parser.add_argument("network", type=Path)
    parser.add_argument("--faces", type=int, nargs="+", default=[1, 5])
    parser.add_argument("--film", type=Path, nargs="*", default=[])
    parser.add_argument("--frames", type=int, default=150)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--compare", action="store_true")
    asked = parser.parse_args()
    cv2.setNumThreads(asked.threads)
    pair = FaceExpressions(asked.cascade, asked.network)
    ways = {"": LiveParams()}
    if asked.compare:
        ways |= {", everywhere": LiveParams(search_every=0), ", faces from 24": LiveParams(min_face=24)}
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    print(f"{asked.threads} threads; load of the machine now {load}; milliseconds a frame")
    print(f"{'':<34} {'frames/s':>8} {'cpu':>7} " + " ".join(f"{name:>8}" for name in STAGES) + "  found   tracks")
    with tempfile.TemporaryDirectory() as folder:
        films: list[tuple[str, Path, int | None]] = []
        for faces in asked.faces if not asked.film else []:
            films.append((f"{faces} face{'s' * (faces != 1)}", Path(folder) / f"{faces}.avi", faces))
            write_film(films[-1][1], faces, asked.frames)
        films += [(film.name, film, None) for film in asked.film]
        for title, film, count in films:
            for way, params in ways.items():
                measure(film, pair, asked.cascade, params, title + way, count)


if __name__ == "__main__":
    main()
