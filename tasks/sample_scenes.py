"""What the sample data's two objects share: places without the object, and scenes to measure on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cascade.annotations.opencv_info import Annotation, write
from cascade.synthetic.faces import ObjectPatch, compose_scene
from runs.progress import Progress, Report

_QUALITY = 90

Place = Callable[[np.random.Generator, tuple[int, int]], NDArray[np.uint8]]
"""Draws a background, (height, width, 3), of the height and width given."""


@dataclass(frozen=True)
class Subject:
    """What scenes show: how to draw one object of a size in pixels, the place, and the boxes' sides in pixels."""

    draw: Callable[[np.random.Generator, int], ObjectPatch]
    place: Place
    min_box: int
    max_box: int


def write_negatives(folder: Path, number: int, chance: tuple[int, int], place: Place, report: Report) -> None:
    """Write `number` places, of 240 to 320 pixels across; `chance` seeds them."""
    folder.mkdir()
    for index in range(number):
        rng = np.random.default_rng([*chance, index])
        size = (int(rng.integers(180, 260)), int(rng.integers(240, 321)))
        write_jpeg(folder / f"place_{index:04d}.jpg", place(rng, size))
        report(Progress(f"Negatives: {index + 1} of {number}", index + 1, number))


def write_scenes(folder: Path, number: int, chance: tuple[int, int], subject: Subject, report: Report) -> int:
    """Write `number` scenes of 320 to 480 pixels across with none to five objects; returns how many there are."""
    folder.mkdir()
    annotations = []
    for index in range(number):
        rng = np.random.default_rng([*chance, index])
        width = int(rng.integers(320, 481))
        size = (width * 3 // 4, width)
        patches = [subject.draw(rng, 300) for _ in range((3, 1, 5, 2, 4, 0)[index % 6])]
        place, sides = subject.place(rng, size), {"min_box": subject.min_box, "max_box": subject.max_box}
        picture = folder / f"scene_{index:03d}.jpg"
        image, boxes = compose_scene(rng, patches, size, place=place, **sides)
        write_jpeg(picture, image)
        annotations.append(Annotation(picture, boxes))
        report(Progress(f"Scenes: {index + 1} of {number}", index + 1, number))
    write(folder / "info.lst", annotations)
    return sum(len(annotation.boxes) for annotation in annotations)


def write_jpeg(path: Path, image: NDArray[np.uint8]) -> None:
    """Write a picture as JPEG, of the sample data's quality."""
    encoded, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not encoded:
        raise OSError(f"{path}: OpenCV could not encode a picture of shape {image.shape} as JPEG.")
    path.write_bytes(data.tobytes())
