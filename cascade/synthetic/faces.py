"""Invented pictures for a cascade: objects cut out with an alpha mask, set into invented places.

What the object is, this module does not know: it is given patches and boxes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from cascade.errors import InputError
from cascade.synthetic.background import draw_background

__all__ = ["ObjectPatch", "compose_scene", "draw_background", "mirrored"]

Box = tuple[int, int, int, int]
Image = NDArray[np.uint8]

_TRIES = 40
_LARGEST_UPSCALE = 1.15


@dataclass(frozen=True)
class ObjectPatch:
    """One object cut out of its picture.

    Attributes
    ----------
    image
        (height, width, 3) uint8, blue, green, red.
    alpha
        (height, width) uint8: 0 shows the background, 255 hides it.
    box
        (x, y, width, height) of what a detector shall find, in pixels of the patch, inside it.
    """

    image: Image
    alpha: Image
    box: Box


def compose_scene(
    rng: np.random.Generator,
    patches: Sequence[ObjectPatch],
    size: tuple[int, int],
    *,
    min_box: int = 28,
    max_box: int | None = None,
    place: Image | None = None,
) -> tuple[Image, tuple[Box, ...]]:
    """Set objects into an invented place, each at its own scale, none before another's box.

    Parameters
    ----------
    rng
        The source of every choice.
    patches
        The objects. One that finds no free place at any scale is left out.
    size
        (height, width) of the scene in pixels.
    min_box, max_box
        The sides that boxes may have in the scene, in pixels. By default the largest is 0.55 of the scene's
        shorter side; a patch is never enlarged by more than 1.15.
    place
        The background, (height, width, 3) uint8; one is drawn when not given.

    Returns
    -------
    image
        (height, width, 3) uint8.
    boxes
        One (x, y, width, height) for every object that was set, inside the scene.

    Raises
    ------
    InputError
        A patch's alpha or box does not fit its image.
    """
    scene = (draw_background(rng, size) if place is None else place).astype(np.float32)
    largest = max_box if max_box is not None else int(0.55 * min(size))
    boxes: list[Box] = []
    for patch in patches:
        _check(patch)
        placed = _find_place(rng, patch, size, boxes, (min_box, largest))
        if placed is not None:
            scale, left, top = placed
            boxes.append(_set(rng, scene, patch, scale, left, top))
    return _photograph(rng, scene), tuple(boxes)


def mirrored(patch: ObjectPatch) -> ObjectPatch:
    """The patch with left and right exchanged."""
    x, y, width, height = patch.box
    box = (patch.image.shape[1] - x - width, y, width, height)
    return ObjectPatch(np.ascontiguousarray(patch.image[:, ::-1]), np.ascontiguousarray(patch.alpha[:, ::-1]), box)


def _check(patch: ObjectPatch) -> None:
    height, width = patch.image.shape[:2]
    x, y, w, h = patch.box
    if patch.alpha.shape != (height, width):
        raise InputError(f"`alpha` must have the image's size {(height, width)}. Got {patch.alpha.shape}.")
    if min(x, y) < 0 or min(w, h) < 1 or x + w > width or y + h > height:
        raise InputError(f"`box` must lie inside the patch of size {(height, width)}. Got {patch.box}.")


def _find_place(
    rng: np.random.Generator, patch: ObjectPatch, size: tuple[int, int], boxes: Sequence[Box], sides: tuple[int, int]
) -> tuple[float, int, int] | None:
    """A scale and the patch's left and top, with the object's box inside and nothing hidden."""
    height, width = size
    x, y, w, h = patch.box
    low, high = sides[0] / min(w, h), min(sides[1] / max(w, h), _LARGEST_UPSCALE)
    for _ in range(_TRIES):
        scale = float(np.exp(rng.uniform(np.log(low), np.log(max(low, high)))))
        box_w, box_h = int(np.ceil(w * scale)) + 1, int(np.ceil(h * scale)) + 1
        if box_w >= width or box_h >= height:
            continue
        left = int(rng.integers(0, width - box_w)) - round(x * scale)
        top = int(rng.integers(0, height - box_h)) - round(y * scale)
        whole = (left, top, round(patch.image.shape[1] * scale), round(patch.image.shape[0] * scale))
        own = (left + round(x * scale), top + round(y * scale), box_w, box_h)
        if not any(_overlap(whole, box) or _overlap(own, box) for box in boxes):
            return scale, left, top
    return None


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]


def _set(
    rng: np.random.Generator, scene: NDArray[np.float32], patch: ObjectPatch, scale: float, left: int, top: int
) -> Box:
    """Blend the patch into the scene where it overlaps it; returns the object's box in the scene."""
    tall, wide = round(patch.image.shape[0] * scale), round(patch.image.shape[1] * scale)
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    image = cv2.resize(patch.image, (wide, tall), interpolation=method).astype(np.float32)
    alpha = cv2.resize(patch.alpha, (wide, tall), interpolation=method).astype(np.float32) / 255.0
    rows = slice(max(0, top), min(scene.shape[0], top + tall))
    columns = slice(max(0, left), min(scene.shape[1], left + wide))
    inner = slice(rows.start - top, rows.stop - top), slice(columns.start - left, columns.stop - left)
    weight = alpha[inner][..., None]
    light = 0.85 + 0.20 * float(scene[rows, columns].mean()) / 128.0 + rng.normal(0, 0.08)
    scene[rows, columns] += (image[inner] * np.clip(light, 0.6, 1.3) - scene[rows, columns]) * weight
    x, y, w, h = patch.box
    box_x, box_y = left + round(x * scale), top + round(y * scale)
    return (box_x, box_y, min(round(w * scale), scene.shape[1] - box_x), min(round(h * scale), scene.shape[0] - box_y))


def _photograph(rng: np.random.Generator, scene: NDArray[np.float32]) -> Image:
    """Exposure, blur and noise of one camera over object and place alike."""
    contrast, brightness = rng.uniform(0.75, 1.15), rng.normal(0, 12)
    taken = (scene - 128.0) * contrast + 128.0 + brightness
    if rng.random() < 0.4:
        taken = cv2.GaussianBlur(taken, (0, 0), rng.uniform(0.4, 0.9))
    taken += rng.standard_normal((*scene.shape[:2], 1), np.float32) * rng.uniform(0.5, 4)
    return np.clip(taken, 0, 255).astype(np.uint8)
