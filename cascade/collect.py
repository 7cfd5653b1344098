"""The first step: choose, check and convert positives and negatives.

Whatever comes in (mixed formats, colours, odd names, broken files) goes out as greyscale PNGs with plain names, in a
folder that the later steps trust. What is left out is in ``skipped.csv``, with the reason and the remedy.
"""

from __future__ import annotations

import csv
import hashlib
import random
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
from annotated_types import Ge, Gt
from numpy.typing import NDArray

from cascade.boxes import Box, is_inside
from cascade.candidates import Candidate, folder_candidates, positive_candidates
from cascade.errors import InputError
from cascade.pictures import PictureError, check_output, load_grey
from cascade.positives.params import SampleParams
from runs.files import replacing_folder, write_json
from runs.parameters import Parameters
from runs.progress import Progress, Report, silent
from runs.skips import Skip, count_by_rule, write_skips

_WORKERS = 2
_IN_FLIGHT = 16


@dataclass(frozen=True, kw_only=True)
class CollectParams(Parameters):
    """What to keep of the raw pictures."""

    label: str | None = None
    """Take only boxes with this label, or these with commas between them; empty: all, where all have the same."""
    min_width: Annotated[int, Ge(1)] | None = None
    """Narrower boxes and negatives are skipped (pixels); empty: the training window's width, which both must hold."""
    min_height: Annotated[int, Ge(1)] | None = None
    """Lower boxes and negatives are skipped (pixels); empty: the training window's height."""
    max_positives: Annotated[int, Ge(1)] | None = None
    """Keep at most so many objects, chosen at random; empty: all, in the order given."""
    max_negatives: Annotated[int, Ge(1)] | None = None
    """Keep at most so many negatives, chosen at random; empty: all, in the order of their names."""
    max_megapixels: Annotated[float, Gt(0)] = 100.0
    """Larger pictures are skipped before they fill the memory."""
    seed: Annotated[int, Ge(0)] = 0
    """Seed of the random choices."""

    def smallest(self, window: tuple[int, int]) -> tuple[int, int]:
        """Width and height that boxes and negatives must have for a training window of `window` pixels."""
        return self.min_width or window[0], self.min_height or window[1]


@dataclass(frozen=True)
class Collected:
    """What `collect` left in `out`: objects (boxes), the pictures they are in, negatives, and skips by rule.

    `ignored` counts the boxes marked difficult, crowd or ignore in the pictures that were read: none is a positive.
    """

    out: Path
    positives: int
    positive_pictures: int
    ignored: int
    negatives: int
    skipped: dict[str, int]


@dataclass
class _Collection:
    """The step's state: everything seen so far."""

    out: Path
    params: CollectParams
    smallest: tuple[int, int]
    report: Report
    skips: list[Skip] = field(default_factory=list)
    boxes: dict[str, list[Box]] = field(default_factory=dict)
    sources: list[tuple[str, str]] = field(default_factory=list)
    seen: dict[bytes, str] = field(default_factory=dict)
    """SHA-256 of the pixels of every picture taken, and its name in the input."""
    objects: int = 0
    ignored: int = 0
    negatives: int = 0

    def skip(self, candidate: Candidate, rule: str, value: str, remedy: str) -> None:
        self.skips.append(Skip(candidate.file, candidate.line, rule, value, remedy))


def collect(
    positives: Path,
    negatives: Path,
    out: Path,
    params: CollectParams = CollectParams(),
    window: tuple[int, int] = SampleParams().window,
    *,
    report: Report = silent,
) -> Collected:
    """Collect pictures with the object and pictures without it into one clean folder.

    Parameters
    ----------
    positives
        Annotations in any format of `cascade.annotations.formats` (a file, or the folder that holds them), or a folder
        of pictures each of which is one object from edge to edge. Proposals (`cascade.annotations.propose`) must be
        reviewed first.
    negatives
        A folder of pictures without the object; folders in it are searched too.
    out
        Replaced as a whole: ``positives/*.png``, ``negatives/*.png``, ``boxes.json`` (picture -> boxes), and
        ``sources.csv``, ``skipped.csv``, ``report.json``.
    window
        Width and height of the training window in pixels, for `min_width` and `min_height` where they are empty.

    Raises
    ------
    InputError
        An input is missing, empty or unreadable, nothing usable is left, boxes have several labels and none is chosen,
        or `out` holds somebody's files.
    """
    check_output(out, positives, negatives)
    with replacing_folder(out) as beside:
        collection = _Collection(beside, params, params.smallest(window), report)
        _take_positives(collection, positives)
        _take_negatives(collection, negatives)
        return _finish(collection, out)


def _take_positives(collection: _Collection, positives: Path) -> None:
    params = collection.params
    candidates = positive_candidates(positives, params.label, collection.skips)
    if params.max_positives is not None:
        random.Random(params.seed).shuffle(candidates)
    (collection.out / "positives").mkdir()
    for candidate, image in _loaded(collection, candidates, "positives"):
        collection.ignored += candidate.ignored
        boxes = _good_boxes(collection, candidate, image)
        if params.max_positives is not None:
            boxes = boxes[: params.max_positives - collection.objects]
        if boxes and _is_new(collection, candidate, image):
            name = f"positives/{len(collection.boxes):06d}.png"
            _write(collection, name, candidate, image)
            collection.boxes[name] = boxes
            collection.objects += len(boxes)
        if collection.objects == params.max_positives:
            break
    _require(collection, collection.objects, positives, "positive")


def _take_negatives(collection: _Collection, negatives: Path) -> None:
    params = collection.params
    candidates = folder_candidates(negatives, collection.skips)
    if params.max_negatives is not None:
        random.Random(params.seed + 1).shuffle(candidates)
    (collection.out / "negatives").mkdir()
    for candidate, image in _loaded(collection, candidates, "negatives"):
        height, width = image.shape
        if is_too_small((width, height), collection.smallest):
            collection.skip(candidate, "too small", f"{width}x{height}", _small_remedy(collection, "Negatives"))
        elif _is_new(collection, candidate, image):
            _write(collection, f"negatives/{collection.negatives:06d}.png", candidate, image)
            collection.negatives += 1
        if collection.negatives == params.max_negatives:
            break
    _require(collection, collection.negatives, negatives, "negative")


def _loaded(
    collection: _Collection, candidates: list[Candidate], kind: str
) -> Iterator[tuple[Candidate, NDArray[np.uint8]]]:
    """The decodable candidates with their pictures, in order; a bounded number is held in memory."""
    max_pixels = int(collection.params.max_megapixels * 1e6)
    with ThreadPoolExecutor(_WORKERS) as pool:
        futures: deque[tuple[Candidate, Future[NDArray[np.uint8]]]] = deque()
        waiting = iter(candidates)
        for number in range(len(candidates)):
            for candidate in islice(waiting, _IN_FLIGHT - len(futures)):
                futures.append((candidate, pool.submit(load_grey, candidate.picture, max_pixels)))
            candidate, future = futures.popleft()
            if number % 200 == 0:
                collection.report(Progress(f"reading {kind}", number, len(candidates)))
            try:
                yield candidate, future.result()
            except PictureError as error:
                collection.skip(candidate, error.rule, _name(candidate, error.value), error.remedy)
    collection.report(Progress(f"{kind} read", len(candidates), len(candidates)))


def _name(candidate: Candidate, value: str) -> str:
    """What was wrong; where the skip's place is an annotation file, with the picture's name."""
    return f"{candidate.picture.name}: {value}" if candidate.is_annotated else value


def _good_boxes(collection: _Collection, candidate: Candidate, image: NDArray[np.uint8]) -> list[Box]:
    height, width = image.shape
    if candidate.boxes is not None and not candidate.boxes:
        rule = "only ignored boxes" if candidate.ignored else "no box"
        collection.skip(candidate, rule, candidate.picture.name, "Annotate the object or remove the picture.")
    boxes = candidate.boxes if candidate.boxes is not None else ((0, 0, width, height),)
    return [box for box in boxes if _is_good(collection, candidate, box, width, height)]


def _is_good(collection: _Collection, candidate: Candidate, box: Box, width: int, height: int) -> bool:
    value = _name(candidate, "x".join(map(str, box[2:])) if candidate.boxes is None else str(box))
    if box[2] <= 0 or box[3] <= 0:
        collection.skip(candidate, "zero-size box", value, "Give the box a width and a height, or remove it.")
    elif not is_inside(box, width, height):
        remedy = f"The picture is {width}x{height}: correct the box."
        collection.skip(candidate, "box outside the picture", value, remedy)
    elif is_too_small(box[2:], collection.smallest):
        collection.skip(candidate, "too small", value, _small_remedy(collection, "Objects"))
    else:
        return True
    return False


def is_too_small(size: tuple[int, int], smallest: tuple[int, int]) -> bool:
    """Whether a width or a height is below the smallest."""
    return size[0] < smallest[0] or size[1] < smallest[1]


def _small_remedy(collection: _Collection, kind: str) -> str:
    width, height = collection.smallest
    return f"{kind} must be at least {width}x{height}: see min_width, min_height; empty, they are the window's."


def _is_new(collection: _Collection, candidate: Candidate, image: NDArray[np.uint8]) -> bool:
    key = hashlib.sha256(str(image.shape).encode() + image.tobytes()).digest()
    if key not in collection.seen:
        collection.seen[key] = str(candidate.picture)
        return True
    value = _name(candidate, f"the same pixels as {collection.seen[key]}")
    remedy = "Remove one of the two; several boxes of a picture belong on one line."
    collection.skip(candidate, "duplicate", value, remedy)
    return False


def _write(collection: _Collection, name: str, candidate: Candidate, image: NDArray[np.uint8]) -> None:
    # Compression 1: these files are read a few times and thrown away. Not `imwrite`: it is silent about a full disk.
    data = cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1]
    (collection.out / name).write_bytes(data.tobytes())
    collection.sources.append((name, str(candidate.picture)))


def _require(collection: _Collection, count: int, source: Path, kind: str) -> None:
    if not count:
        reasons = ", ".join(f"{rule}: {n}" for rule, n in count_by_rule(collection.skips).items()) or "none given"
        first = f" The first: {collection.skips[0]}" if collection.skips else ""
        raise InputError(f"{source} leaves no usable {kind}. Skipped: {reasons}.{first}")


def _finish(collection: _Collection, out: Path) -> Collected:
    skipped = count_by_rule(collection.skips)
    pictures = len(collection.boxes)
    collected = Collected(out, collection.objects, pictures, collection.ignored, collection.negatives, skipped)
    write_json(collection.out / "boxes.json", collection.boxes)
    write_skips(collection.out / "skipped.csv", collection.skips)
    _write_sources(collection.out / "sources.csv", collection.sources)
    names = ("positives", "positive_pictures", "ignored", "negatives", "skipped")
    write_json(collection.out / "report.json", {name: getattr(collected, name) for name in names})
    return collected


def _write_sources(path: Path, sources: Iterable[tuple[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8", errors="backslashreplace") as stream:
        writer = csv.writer(stream)
        writer.writerow(["picture", "source"])
        writer.writerows(sources)
