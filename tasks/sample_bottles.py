"""The sample data's pictures of bottles: an object that is not a face, in the layout that the steps expect.

Each function fills one folder and is repeatable: the same seed gives the same bytes.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cascade.annotations.opencv_info import Annotation, write
from cascade.synthetic.bottle import draw_bottle, paint_decoys
from cascade.synthetic.faces import ObjectPatch, compose_scene, draw_background
from runs.progress import Progress, Report
from tasks import sample_scenes

_POSITIVES, _NEGATIVES, _SCENES = 30, 31, 32
"""Numbers that keep the three folders' chance apart under one seed."""
_SMALLEST = 18
"""Width of the narrowest box in pixels, a little more than the window of 16 x 40."""


def write_positives(folder: Path, number: int, seed: int, report: Report) -> int:
    """Write pictures with one to three bottles each until there are `number`; returns how many there are."""
    folder.mkdir()
    annotations: list[Annotation] = []
    done = 0
    while done < number:
        rng = np.random.default_rng([seed, _POSITIVES, len(annotations)])
        patches = [_roughly_boxed(rng, draw_bottle(rng, 160)) for _ in range(int(rng.integers(1, 4)))][: number - done]
        size = (int(rng.integers(120, 150)), 60 + 60 * len(patches))
        picture = folder / f"picture_{len(annotations):04d}.jpg"
        image, boxes = compose_scene(rng, patches, size, min_box=_SMALLEST, max_box=110, place=_place(rng, size))
        sample_scenes.write_jpeg(picture, image)
        annotations.append(Annotation(picture, boxes))
        done += len(boxes)
        report(Progress(f"Bottles for the cascade: {done} of {number}", done, number))
    write(folder / "info.lst", annotations)
    return done


def write_negatives(folder: Path, number: int, seed: int, report: Report) -> None:
    """Write `number` pictures without a bottle."""
    sample_scenes.write_negatives(folder, number, (seed, _NEGATIVES), _place, report)


def write_scenes(folder: Path, number: int, seed: int, report: Report) -> int:
    """Write `number` scenes with none to five bottles; returns how many there are."""
    bottles = sample_scenes.Subject(draw_bottle, _place, min_box=_SMALLEST, max_box=200)
    return sample_scenes.write_scenes(folder, number, (seed, _SCENES), bottles, report)


def _place(rng: np.random.Generator, size: tuple[int, int]) -> NDArray[np.uint8]:
    """A place without a bottle, but with things that stand upright as bottles do."""
    place = draw_background(rng, size)
    paint_decoys(rng, place)
    return place


def _roughly_boxed(rng: np.random.Generator, patch: ObjectPatch) -> ObjectPatch:
    """Move the box by a few hundredths, as people who draw boxes do."""
    x, y, width, height = patch.box
    grown = rng.uniform(0.97, 1.05)
    wide, tall = round(width * grown), round(height * grown)
    left = round(x + (width - wide) / 2 + width * rng.normal(0, 0.025))
    top = round(y + (height - tall) / 2 + height * rng.normal(0, 0.012))
    return ObjectPatch(patch.image, patch.alpha, (left, top, wide, tall))
