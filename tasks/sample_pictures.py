"""The sample data's pictures for the cascade: the faces of `cnn.synthetic` in the scenes of `cascade.synthetic.faces`.

Each function fills one folder and is repeatable: the same seed gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import numpy as np

from cascade.annotations.opencv_info import Annotation, write
from cascade.synthetic.faces import ObjectPatch, compose_scene, draw_background, mirrored
from cnn.labels import EXPRESSIONS
from cnn.synthetic import draw_face
from runs.progress import Progress, Report
from tasks import sample_scenes

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
        image, boxes = compose_scene(rng, patches, size, max_box=54)
        sample_scenes.write_jpeg(picture, image)
        annotations.append(Annotation(picture, boxes))
        done += len(boxes)
        report(Progress(f"Faces for the cascade: {done} of {number}", done, number))
    write(folder / "info.lst", annotations)
    return done


def _groups(seed: int) -> Iterator[list[ObjectPatch]]:
    """Groups of one to three faces without end; each stands twice, the second time in the mirror."""
    for index in count():
        rng = np.random.default_rng([seed, _POSITIVES, 0, index])
        faces = [_face(rng, 128) for _ in range(int(rng.integers(1, 4)))]
        patches = [_roughly_boxed(rng, face) for face in faces]
        yield patches
        yield [mirrored(patch) for patch in patches]


def _roughly_boxed(rng: np.random.Generator, patch: ObjectPatch) -> ObjectPatch:
    """Move the box by a few hundredths, as people who draw boxes do: the cascade learns to tolerate its own steps."""
    x, y, side, _ = patch.box
    grown = round(side * rng.uniform(0.96, 1.06))
    left, top = (round(start + (side - grown) / 2 + side * rng.normal(0, 0.018)) for start in (x, y))
    return ObjectPatch(patch.image, patch.alpha, (left, top, grown, grown))


def write_negatives(folder: Path, number: int, seed: int, report: Report) -> None:
    """Write `number` pictures without a face."""
    sample_scenes.write_negatives(folder, number, (seed, _NEGATIVES), draw_background, report)


def write_scenes(folder: Path, number: int, seed: int, report: Report) -> int:
    """Write `number` scenes with none to five faces; returns how many there are."""
    faces = sample_scenes.Subject(_face, draw_background, min_box=28, max_box=140)
    return sample_scenes.write_scenes(folder, number, (seed, _SCENES), faces, report)


def _face(rng: np.random.Generator, size: int) -> ObjectPatch:
    face = draw_face(rng, EXPRESSIONS[int(rng.integers(len(EXPRESSIONS)))], size)
    return ObjectPatch(face.image, face.alpha, face.box)
