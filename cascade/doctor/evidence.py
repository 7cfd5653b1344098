"""What the rules judge: the lists as they are written, what they name, and a look at every picture."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cascade.annotations import formats, opencv_info
from cascade.annotations.records import choose_labels
from cascade.boxes import Box, is_inside
from cascade.collect import CollectParams, is_too_small
from cascade.detect import Detector, DetectParams
from cascade.doctor.look import Look, Search, look_at
from cascade.doctor.params import CheckParams
from cascade.errors import InputError
from cascade.pictures import list_files
from cascade.plans.training import TrainingPlan
from cascade.positives.params import SampleParams
from cascade.train_params import CascadeTrainParams
from runs.progress import Progress, Report, silent
from runs.skips import Skip

_WORKERS = min(4, os.cpu_count() or 1)
_IN_FLIGHT = 32


@dataclass(frozen=True)
class Entry:
    """A picture and where it is named; `boxes` None means that the whole picture is the object."""

    picture: Path
    file: str
    line: int = 0
    boxes: tuple[Box, ...] | None = None
    labels: tuple[str, ...] = ()


@dataclass
class Evidence:
    """Everything known. `lists` holds the lines of OpenCV's lists, as bytes; `problems` what their readers left out.

    `collect` is what the step of that name is told where it comes next; None where these very files are trained from.
    """

    positives: Path
    negatives: Path
    check: CheckParams
    samples: SampleParams
    training: CascadeTrainParams
    collect: CollectParams | None = None
    positive_entries: list[Entry] = field(default_factory=list)
    negative_entries: list[Entry] = field(default_factory=list)
    problems: list[Skip] = field(default_factory=list)
    lists: dict[Path, list[bytes]] = field(default_factory=dict)
    looks: dict[Path, Look] = field(default_factory=dict)
    plan: TrainingPlan | None = None

    @property
    def window(self) -> tuple[int, int]:
        """Width and height of the training window in pixels."""
        return self.training.width, self.training.height

    def size(self, entry: Entry) -> tuple[int, int]:
        """Width and height of a picture that can be read."""
        look = self.looks[entry.picture]
        return look.width, look.height

    def is_left_out(self, size: tuple[int, int]) -> bool:
        """Whether `collect` comes next and leaves out boxes and negatives of this width and height."""
        return self.collect is not None and is_too_small(size, self.collect.smallest(self.samples.window))

    def good_boxes(self, entry: Entry) -> list[Box]:
        """The boxes of a positive that samples will be cut from."""
        return [box for box in self.sound_boxes(entry) if not self.is_left_out(box[2:])]

    def sound_boxes(self, entry: Entry) -> list[Box]:
        """The boxes of a positive that samples can be cut from."""
        look = self.looks[entry.picture]
        boxes = ((0, 0, look.width, look.height),) if entry.boxes is None else entry.boxes
        if look.problem is not None:
            return []
        return [box for box in boxes if box[2] > 0 and box[3] > 0 and is_inside(box, look.width, look.height)]


def gather(evidence: Evidence, report: Report = silent) -> None:
    """Read the lists and look at every picture they name, once.

    Raises
    ------
    InputError
        There are no positives or negatives at all, or the known cascade is none.
    """
    _list_positives(evidence)
    _list_negatives(evidence)
    if evidence.check.known_cascade is not None:
        Detector(Path(evidence.check.known_cascade))
    negatives = {entry.picture for entry in evidence.negative_entries}
    pictures = list(dict.fromkeys(entry.picture for entry in evidence.positive_entries + evidence.negative_entries))
    for number, (path, look) in enumerate(_looks(evidence.check, pictures, negatives), start=1):
        evidence.looks[path] = look
        if number % 200 == 0 or number == len(pictures):
            report(Progress("looking at pictures", number, len(pictures)))


def _list_positives(evidence: Evidence) -> None:
    path = evidence.positives
    name = formats.guess(path) if path.exists() else "opencv_info"
    if name is None:
        evidence.positive_entries += [Entry(picture, str(picture)) for picture in list_files(path)[0]]
        return
    if name == "opencv_info":
        info = path / formats.INFO if path.is_dir() else path
        evidence.lists[info] = _lines(info)
    items = formats.read(path, problems=evidence.problems)
    label = evidence.check.label or (evidence.collect.label if evidence.collect else None)
    if label is not None:
        items = [item for item in choose_labels(items, label, path) if item.boxes]
    for item in items:
        file = str(item.file or path)
        evidence.positive_entries.append(Entry(item.picture, file, item.line, item.boxes, item.labels))


def _list_negatives(evidence: Evidence) -> None:
    path = evidence.negatives
    if path.is_dir():
        evidence.negative_entries += [Entry(picture, str(picture)) for picture in list_files(path)[0]]
        return
    evidence.lists[path] = _lines(path)
    opencv_info.read_background(path, [])
    for number, line in enumerate(evidence.lists[path], start=1):
        name = line.rstrip(b" \t\r")
        if name and not name.startswith(b"#"):
            evidence.negative_entries.append(Entry(path.parent / os.fsdecode(name), str(path), number))


def _lines(path: Path) -> list[bytes]:
    try:
        return path.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}. Give a folder of pictures or a list.") from error


def _looks(check: CheckParams, pictures: list[Path], negatives: set[Path]) -> Iterator[tuple[Path, Look]]:
    """Look at the pictures in several threads, in order; a bounded number is in memory."""
    search = None if check.known_cascade is None else _Searcher(Path(check.known_cascade), check.known_min_neighbors)
    most = int(check.max_megapixels * 1e6)
    with ThreadPoolExecutor(_WORKERS) as pool:
        waiting = iter(pictures)
        flying: deque[tuple[Path, Future[Look]]] = deque()
        for _ in pictures:
            for path in islice(waiting, _IN_FLIGHT - len(flying)):
                wanted: Search | None = search if path in negatives else None
                flying.append((path, pool.submit(look_at, path, wanted, most)))
            path, future = flying.popleft()
            yield path, future.result()


class _Searcher:
    """One detector a thread: OpenCV's is not to be shared."""

    def __init__(self, cascade: Path, min_neighbors: int) -> None:
        self._cascade, self._own = cascade, threading.local()
        self._params = DetectParams(min_neighbors=min_neighbors, scale_factor=1.2)

    def __call__(self, image: NDArray[np.uint8]) -> tuple[tuple[Box, float], ...]:
        if not hasattr(self._own, "detector"):
            self._own.detector = Detector(self._cascade, self._params)
        boxes, scores = self._own.detector.detect(image)
        return tuple(
            ((int(x), int(y), int(w), int(h)), float(s)) for (x, y, w, h), s in zip(boxes, scores, strict=True)
        )
