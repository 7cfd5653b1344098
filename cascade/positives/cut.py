"""Cut the samples of a whole info file into a .vec file: each picture is decoded once, in threads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cascade.annotations.opencv_info import Annotation
from cascade.boxes import Box, is_inside
from cascade.errors import InputError
from cascade.pictures import PictureError, load_grey
from cascade.positives.params import SampleParams
from cascade.positives.vary import NONE, cut, draw
from cascade.vec.file import VecWriter
from cascade.workers import for_each
from runs.progress import Report


def cut_samples(
    info: Path, annotations: Sequence[Annotation], writer: VecWriter, num: int, params: SampleParams, report: Report
) -> None:
    """Write the first `num` samples, in the order that `SampleParams.copies` describes.

    Raises
    ------
    InputError
        See `check_annotation`.
    """
    places = _places(sum(len(annotation.boxes) for annotation in annotations), params)

    def work(job: list[tuple[int, Annotation]]) -> int:
        image, made = check_annotation(info, job[0][1]), 0
        for first, annotation in job:
            check_boxes(info, annotation, image)
            for number, box in enumerate(annotation.boxes, start=first):
                for copy in np.flatnonzero(places[:, number] < num).tolist():
                    sample = _cut(image, box, number, copy, params)
                    writer.write_at(int(places[copy, number]), sample[None])
                    made += 1
        return made

    for_each(_by_picture(annotations, places.min(axis=0) < num), work, report, "cutting samples", num)


def check_annotation(info: Path, annotation: Annotation) -> NDArray[np.uint8]:
    """Return the picture of an annotation if its boxes can be cut out of it.

    Raises
    ------
    InputError
        The picture cannot be used, or a box does not lie in it; names the line, the picture, the box and the remedy.
    """
    place = f"{info}:{annotation.line}: {annotation.picture.name}"
    try:
        image = load_grey(annotation.picture)
    except PictureError as error:
        raise InputError(f"{place}: {error} Run `collect`, which leaves such pictures out.") from error
    check_boxes(info, annotation, image)
    return image


def check_boxes(info: Path, annotation: Annotation, image: NDArray[np.uint8]) -> None:
    """Refuse boxes that do not lie in their picture; see `check_annotation`."""
    height, width = image.shape
    for box in annotation.boxes:
        if box[2] <= 0 or box[3] <= 0 or not is_inside(box, width, height):
            raise InputError(
                f"{info}:{annotation.line}: {annotation.picture.name}: the box must lie in the picture of "
                f"{width}x{height} and have an area. Got {box}. Correct it, or run `collect`, which leaves such boxes "
                "out."
            )


def _cut(image: NDArray[np.uint8], box: Box, number: int, copy: int, params: SampleParams) -> NDArray[np.uint8]:
    kept = copy == 0 and params.keep_first
    variation = NONE if kept else draw(params.spread, params.seed, number, copy)
    return cut(image, box, params.width, params.height, variation, params.margin)


def _places(boxes: int, params: SampleParams) -> NDArray[np.int64]:
    """The number in the file of every sample, of shape (copies, boxes)."""
    rounds = np.arange(boxes * params.copies, dtype=np.int64).reshape(params.copies, boxes)
    if params.copies > 1:
        generator = np.random.Generator(np.random.Philox(np.random.SeedSequence(params.seed)))
        for numbers in rounds:
            generator.shuffle(numbers)
    return rounds


def _by_picture(annotations: Sequence[Annotation], wanted: NDArray[np.bool_]) -> list[list[tuple[int, Annotation]]]:
    """Annotations with the number of their first box, those of one picture together; those without a wanted box not."""
    jobs: dict[Path, list[tuple[int, Annotation]]] = {}
    first = 0
    for annotation in annotations:
        after = first + len(annotation.boxes)
        if wanted[first:after].any():
            jobs.setdefault(annotation.picture, []).append((first, annotation))
        first = after
    return list(jobs.values())
