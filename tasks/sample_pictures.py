"""The sample data's pictures for the cascade: the faces of `cnn.synthetic` in the scenes of `cascade.synthetic.faces`.

Each function fills one folder and is repeatable: the same seed gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cascade.annotations.opencv_info import Annotation, write
from cascade.boxes import Box
from cascade.synthetic.faces import ObjectPatch, compose_scene, draw_background, mirrored
from cnn.labels import EXPRESSIONS
from cnn.synthetic import draw_face
from runs.progress import Progress, Report

_QUALITY = 90
_POSITIVES, _NEGATIVES, _SCENES = 20, 21, 22
"""Numbers that keep the three folders' chance apart under one seed."""


def write_positives(folder: Path, number: int, seed: int, report: Report) -> int:
    """Write small pictures with one to three faces each until there are `number` faces; returns how many there are."""
    folder.mkdir()
    annotations: list[Annotation] = []
    done = 0
    groups = _groups(seed)
    while done < number:
        rng = np.random.default_rng([seed, _POSITIVES, 1, len(annotations)])
        patches = next(groups)[: number - done]
        size = (int(rng.integers(84, 112)), 48 + 52 * len(patches))
        picture = folder / f"picture_{len(annotations):04d}.jpg"
        annotations.append(Annotation(picture, _write_scene(rng, picture, patches, size, max_box=54)))
        done += len(annotations[-1].boxes)
        report(Progress(f"Faces for the cascade: {done} of {number}", done, number))
    write(folder / "info.lst", annotations)
    return done


def _groups(seed: int) -> Iterator[list[ObjectPatch]]:
    """Groups of one to three faces without end; each stands twice, the second time in the mirror."""
    for index in count():
        rng = np.random.default_rng([seed, _POSITIVES, 0, index])
        patches = [_roughly_boxed(rng, patch) for patch in _faces(rng, int(rng.integers(1, 4)), 128)]
        yield patches
        yield [mirrored(patch) for patch in patches]


def _roughly_boxed(rng: np.random.Generator, patch: ObjectPatch) -> ObjectPatch:
    """Move the box by a few hundredths, as people who draw boxes do: the cascade learns to tolerate its own steps."""
    x, y, side, _ = patch.box
    grown = round(side * rng.uniform(0.96, 1.06))
    left, top = (round(start + (side - grown) / 2 + side * rng.normal(0, 0.018)) for start in (x, y))
    return ObjectPatch(patch.image, patch.alpha, (left, top, grown, grown))


def write_negatives(folder: Path, number: int, seed: int, report: Report) -> None:
    """Write `number` pictures without a face, of 240 to 320 pixels across."""
    folder.mkdir()
    for index in range(number):
        rng = np.random.default_rng([seed, _NEGATIVES, index])
        size = (int(rng.integers(180, 260)), int(rng.integers(240, 321)))
        write_jpeg(folder / f"place_{index:04d}.jpg", draw_background(rng, size))
        report(Progress(f"Negatives: {index + 1} of {number}", index + 1, number))


def write_scenes(folder: Path, number: int, seed: int, report: Report) -> int:
    """Write `number` scenes of 320 to 480 pixels across with none to five faces; returns how many faces there are."""
    folder.mkdir()
    annotations = []
    for index in range(number):
        rng = np.random.default_rng([seed, _SCENES, index])
        width = int(rng.integers(320, 481))
        patches = _faces(rng, (3, 1, 5, 2, 4, 0)[index % 6], 300)
        picture = folder / f"scene_{index:03d}.jpg"
        annotations.append(
            Annotation(picture, _write_scene(rng, picture, patches, (width * 3 // 4, width), max_box=140))
        )
        report(Progress(f"Scenes: {index + 1} of {number}", index + 1, number))
    write(folder / "info.lst", annotations)
    return sum(len(annotation.boxes) for annotation in annotations)


def _faces(rng: np.random.Generator, number: int, size: int) -> list[ObjectPatch]:
    faces = [draw_face(rng, EXPRESSIONS[int(rng.integers(len(EXPRESSIONS)))], size) for _ in range(number)]
    return [ObjectPatch(face.image, face.alpha, face.box) for face in faces]


def _write_scene(
    rng: np.random.Generator, path: Path, patches: Sequence[ObjectPatch], size: tuple[int, int], max_box: int
) -> tuple[Box, ...]:
    image, boxes = compose_scene(rng, patches, size, max_box=max_box)
    write_jpeg(path, image)
    return boxes


def write_jpeg(path: Path, image: NDArray[np.uint8]) -> None:
    """Write a picture as JPEG, of the sample data's quality."""
    encoded, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not encoded:
        raise OSError(f"{path}: OpenCV could not encode a picture of shape {image.shape} as JPEG.")
    path.write_bytes(data.tobytes())
