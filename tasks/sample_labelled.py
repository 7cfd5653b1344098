"""The sample data's scenes whose faces are labelled with their expressions: to measure cascade and network together.

Repeatable: the same seed gives the same bytes.
"""

from __future__ import annotations

from itertools import count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cascade.annotations.csv_table import write
from cascade.annotations.records import Annotation
from cascade.boxes import Box
from cascade.synthetic.faces import ObjectPatch, compose_scene
from cnn.labels import EXPRESSIONS
from cnn.synthetic import draw_face
from runs.progress import Progress, Report
from tasks.sample_scenes import write_jpeg

LABELS = "labels.csv"
"""The table of boxes and expressions, beside the pictures."""

_CHANCE = 23
"""Keeps these scenes' chance apart from the other folders' under one seed."""
_SMALLEST, _LARGEST = 40, 150
"""The sides of boxes in pixels: what is smaller shows too little of an expression."""


def write_labelled_scenes(folder: Path, number: int, seed: int, report: Report) -> int:
    """Write `number` scenes with none to four faces and `LABELS`; returns how many faces there are.

    The expressions follow one another, so that there is nearly the same number of each.
    """
    folder.mkdir()
    annotations: list[Annotation] = []
    done = 0
    for index in range(number):
        faces = (3, 1, 4, 2, 0)[index % 5]
        labels = tuple(EXPRESSIONS[(done + place) % len(EXPRESSIONS)] for place in range(faces))
        picture = folder / f"scene_{index:03d}.jpg"
        image, boxes = _compose(labels, (seed, _CHANCE, index))
        write_jpeg(picture, image)
        annotations.append(Annotation(picture, boxes, labels=labels))
        done += faces
        report(Progress(f"Scenes with expressions: {index + 1} of {number}", index + 1, number))
    write(folder / LABELS, annotations)
    return done


def _compose(labels: tuple[str, ...], chance: tuple[int, int, int]) -> tuple[NDArray[np.uint8], tuple[Box, ...]]:
    """A scene in which every face found its place, so that boxes and labels belong together."""
    for attempt in count():
        rng = np.random.default_rng([*chance, attempt])
        width = int(rng.integers(400, 521))
        faces = [draw_face(rng, label, 300) for label in labels]
        patches = [ObjectPatch(face.image, face.alpha, face.box) for face in faces]
        image, boxes = compose_scene(rng, patches, (width * 3 // 4, width), min_box=_SMALLEST, max_box=_LARGEST)
        if len(boxes) == len(labels):
            return image, boxes
    raise AssertionError("counting ended")
