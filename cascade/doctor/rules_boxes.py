"""Rules on the boxes: outside, empty, too small, twice, and of another shape than the window."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from cascade.boxes import iou, is_inside
from cascade.collect import is_too_small
from cascade.doctor.evidence import Evidence
from cascade.doctor.findings import Finding, rule

_SAME_BOX = 0.9
_SPREAD = 1.5
_FEWEST_SHAPES = 5

SMALL_REMEDY = "It will be left out: see collect's min_width, min_height; empty, they are the window's."


@rule
def bad_box(evidence: Evidence) -> Iterator[Finding]:
    """Without an area, or outside its picture: opencv_createsamples ends there."""
    for entry in evidence.positive_entries:
        look = evidence.looks[entry.picture]
        for box in entry.boxes or ():
            value = f"{entry.picture.name}: {box}"
            if box[2] <= 0 or box[3] <= 0:
                remedy = "Give the box a width and a height, or remove it."
                yield Finding("error", "zero-size box", entry.file, entry.line, value, remedy)
            elif look.problem is None and not is_inside(box, look.width, look.height):
                remedy = (
                    f"The picture is {look.width}x{look.height}: correct the box; --fix clips what is slightly out."
                )
                yield Finding("error", "box outside the picture", entry.file, entry.line, value, remedy)


@rule
def no_box(evidence: Evidence) -> Iterator[Finding]:
    """A picture among the positives without an object."""
    for entry in evidence.positive_entries:
        if entry.boxes == ():
            remedy = "Annotate the object, or remove the line."
            yield Finding("warning", "no box", entry.file, entry.line, entry.picture.name, remedy)


@rule
def small_box(evidence: Evidence) -> Iterator[Finding]:
    """An object smaller than the window is blown up: a blurred sample, or one that `collect` leaves out."""
    width, height = evidence.window
    for entry in evidence.positive_entries:
        for box in evidence.sound_boxes(entry):
            value = f"{entry.picture.name}: {box[2]}x{box[3]}"
            if evidence.is_left_out(box[2:]):
                yield Finding("warning", "box too small for collect", entry.file, entry.line, value, SMALL_REMEDY)
            elif is_too_small(box[2:], (width, height)):
                remedy = f"It is enlarged to {width}x{height} and blurred: use larger objects or a smaller window."
                yield Finding("warning", "box smaller than the window", entry.file, entry.line, value, remedy)


@rule
def same_box_twice(evidence: Evidence) -> Iterator[Finding]:
    """Two boxes on one object, in one picture."""
    for entry in evidence.positive_entries:
        boxes = entry.boxes or ()
        if len(boxes) > 1:
            first, second = np.nonzero(np.triu(iou(boxes, boxes), 1) > _SAME_BOX)
            for i, j in zip(first.tolist(), second.tolist(), strict=True):
                value = f"{entry.picture.name}: {boxes[i]} and {boxes[j]}"
                yield Finding("warning", "same box twice", entry.file, entry.line, value, "Remove one of the two.")


@rule
def window_shape(evidence: Evidence) -> Iterator[Finding]:
    """Boxes are stretched to the window: their shape should be the window's, and one shape."""
    shapes = _shapes(evidence)
    if len(shapes) < _FEWEST_SHAPES:
        return
    low, median, high = np.quantile(shapes, [0.05, 0.5, 0.95]).tolist()
    width, height = evidence.window
    factor = max(median / (width / height), (width / height) / median)
    seen = f"width / height is {median:.2f} (90% within {low:.2f} to {high:.2f})"
    if factor > evidence.check.max_distortion:
        remedy = f"Use a window of {recommend_window(median, width * height)}, in both steps."
        value = f"{seen}, the window's {width / height:.2f}: objects are distorted {factor:.2f} times"
        yield Finding("warning", "window distorts the boxes", str(evidence.positives), 0, value, remedy)
    if high / low > _SPREAD:
        remedy = "Each is stretched to one window: draw boxes of one shape, or train one cascade a view."
        yield Finding("warning", "boxes of many shapes", str(evidence.positives), 0, seen, remedy)


def recommend_window(shape: float, area: int) -> str:
    """The window of about `area` pixels whose width is `shape` times its height; no side below 8.

    Examples
    --------
    >>> recommend_window(2.0, 400), recommend_window(1.0, 400)
    ('28x14', '20x20')
    """
    height = max(8, round((area / shape) ** 0.5))
    return f"{max(8, round(height * shape))}x{height}"


def _shapes(evidence: Evidence) -> NDArray[np.float64]:
    boxes = [box for entry in evidence.positive_entries for box in evidence.good_boxes(entry)]
    return np.array([box[2] / box[3] for box in boxes])
