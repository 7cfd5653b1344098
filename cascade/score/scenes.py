"""Run a cascade over scenes with known boxes, and match what it finds.

The windows are those that ``detectMultiScale`` accepts, and their groups are its groups; they are grouped by
`cascade.score.grouping`, because OpenCV's own grouping takes half a minute a scene for a weak cascade. (One difference:
OpenCV cuts windows at the picture's edge after grouping, here before; a mean box at the edge can differ by a pixel.)
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cascade.annotations import formats
from cascade.annotations.records import Annotation, choose_labels
from cascade.boxes import Box, iou
from cascade.detect import Detector
from cascade.errors import InputError
from cascade.pictures import PictureError, load_grey
from cascade.score.grouping import group_windows
from cascade.score.matching import Matched, match
from cascade.score.params import EvaluateCascadeParams
from runs.progress import Progress, Report, silent
from runs.skips import Skip


@dataclass(frozen=True)
class Scene:
    """One searched picture: its boxes that count, what was found, and its size in pixels."""

    picture: Path
    matched: Matched
    width: int
    height: int


@dataclass(frozen=True)
class Speed:
    """How fast pictures were searched and grouped: `cv2` used `threads`, on a machine of `cores`."""

    megapixels: float
    seconds: float
    threads: int
    cores: int

    @property
    def megapixels_per_second(self) -> float:
        """Pixels of the scenes as they are, not of their pyramids."""
        return self.megapixels / self.seconds if self.seconds else 0.0


@dataclass(frozen=True)
class Searched:
    """All scenes after a search, and what was left out of it."""

    scenes: list[Scene]
    problems: list[Skip]
    speed: Speed

    @property
    def matched(self) -> list[Matched]:
        """What was found in each scene."""
        return [scene.matched for scene in self.scenes]


def read_scenes(scenes: Path, params: EvaluateCascadeParams, problems: list[Skip]) -> list[Annotation]:
    """The scenes of a file or folder in any annotation format, with the objects that count.

    Raises
    ------
    InputError
        It cannot be read, or has objects of several labels and none is chosen.
    """
    found = formats.read(scenes, format=params.annotation_format, problems=problems)
    return choose_labels(found, params.label, scenes)


def search(
    cascade: Path,
    scenes: Path,
    annotations: Sequence[Annotation],
    params: EvaluateCascadeParams,
    report: Report = silent,
) -> Searched:
    """Find and match in every scene that can be read.

    Parameters
    ----------
    scenes
        Where the annotations are from, for the messages.

    Raises
    ------
    InputError
        The cascade cannot be read, or no scene is left.
    """
    detector, problems = Detector(cascade, params.detection()), list[Skip]()
    found, pixels, seconds = list[Scene](), 0, 0.0
    _warm_up(detector)
    for number, annotation in enumerate(annotations, start=1):
        name = printable(annotation.picture.name)
        try:
            image = load_grey(annotation.picture)
        except PictureError as error:
            problems.append(_skip(scenes, annotation, error.rule, error.value, error.remedy))
            report(Progress(f"{name}: skipped, {error.rule}", number, len(annotations)))
            continue
        begin = time.perf_counter()
        detected = group_windows(detector.detect(image)[0], 1)
        seconds, pixels = seconds + time.perf_counter() - begin, pixels + image.size
        height, width = image.shape
        truth = _truth(scenes, annotation, (width, height), problems)
        one = match(*detected, truth, params.iou, annotation.ignored)
        found.append(Scene(annotation.picture, one, width, height))
        report(Progress(f"{name}: {_told(one.above(params.min_neighbors))}", number, len(annotations)))
    return Searched(found, problems, Speed(pixels / 1e6, seconds, cv2.getNumThreads(), os.cpu_count() or 1))


def require_scenes(searched: Searched, scenes: Path, problems: Sequence[Skip]) -> None:
    """Refuse a search that found no picture to search.

    Raises
    ------
    InputError
        No scene could be read; the message gives the first reason.
    """
    if not searched.scenes:
        reason = f"; the first: {problems[0]}" if problems else ": the list is empty"
        raise InputError(f"{scenes}: no scene can be evaluated{reason}")


def printable(text: str) -> str:
    """A name that is not UTF-8 could be neither written into a list nor shown on a terminal."""
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


def _warm_up(detector: Detector) -> None:
    """The first call compiles the grouping and starts OpenCV's threads, which is no part of the speed."""
    noise: NDArray[np.uint8] = np.random.default_rng(0).integers(0, 255, (64, 64)).astype(np.uint8)
    group_windows(np.vstack([detector.detect(noise)[0], [[0, 0, 9, 9]]]), 1)


def _told(at: Matched) -> str:
    alarms = f"{at.false_alarms} false alarm{'s' * (at.false_alarms != 1)}"
    return f"{at.hits} of {len(at.truth)} found, {alarms}"


def _truth(scenes: Path, annotation: Annotation, size: tuple[int, int], problems: list[Skip]) -> list[Box]:
    """The boxes that something could be found in: with an area, and at least partly in the picture."""
    whole = (0, 0, *size)
    usable = [box for box in annotation.boxes if iou([box], [whole]).item() > 0]
    for box in annotation.boxes:
        if box not in usable:
            value = f"{' '.join(map(str, box))} in {size[0]}x{size[1]} pixels"
            problems.append(_skip(scenes, annotation, "box without area in its picture", value, "Correct the box."))
    return usable


def _skip(scenes: Path, annotation: Annotation, rule: str, value: str, remedy: str) -> Skip:
    place = printable(str(annotation.file or scenes))
    return Skip(place, annotation.line, rule, printable(f"{annotation.picture.name}: {value}"), remedy)
