"""From a drawn face to a picture in a dataset: a backdrop, a crop with a margin, a camera."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from cnn.synthetic.face import DrawnFace

Image = NDArray[np.uint8]


@dataclass(frozen=True)
class Crop:
    """A square picture cut round a face.

    Attributes
    ----------
    image
        (side, side, 3) uint8, blue, green, red.
    box
        The face's (x, y, width, height) in the crop, cut at its edges.
    landmarks
        (68, 2) float32 in pixels of the crop; a few may lie outside.
    """

    image: Image
    box: tuple[int, int, int, int]
    landmarks: NDArray[np.float32]


def crop_face(rng: np.random.Generator, face: DrawnFace, side: int, margin: tuple[float, float]) -> Crop:
    """Set the face before a backdrop and cut a square of `side` pixels round it.

    Parameters
    ----------
    margin
        Least and greatest side of the cut, in sides of the face's box; it is also moved by up to 4 %.
    """
    picture = _before_backdrop(rng, face)
    x, y, width, height = face.box
    cut = round(width * rng.uniform(*margin))
    moved = rng.uniform(-0.04, 0.04, 2) * width
    left, top = round(x + width / 2 + moved[0] - cut / 2), round(y + height / 2 + moved[1] - cut / 2)
    pad = max(0, -left, -top, left + cut - face.image.shape[1], top + cut - face.image.shape[0])
    padded = cv2.copyMakeBorder(picture, pad, pad, pad, pad, cv2.BORDER_REFLECT)
    part = padded[top + pad : top + pad + cut, left + pad : left + pad + cut]
    image = cv2.resize(part, (side, side), interpolation=cv2.INTER_AREA if cut > side else cv2.INTER_CUBIC)
    scale = side / cut
    corners = np.clip(np.round(np.array([x - left, y - top, x - left + width, y - top + height]) * scale), 0, side)
    box = (int(corners[0]), int(corners[1]), int(corners[2] - corners[0]), int(corners[3] - corners[1]))
    return Crop(image, box, ((face.landmarks - (left, top)) * scale).astype(np.float32))


def draw_backdrop(rng: np.random.Generator, side: int) -> Image:
    """A place out of focus, or a plain wall: (side, side, 3) uint8."""
    coarse = rng.uniform(25, 225) + rng.normal(0, rng.uniform(4, 45), (4, 4, 1)) + rng.normal(0, 10, (4, 4, 3))
    smooth = cv2.resize(coarse.astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC)
    image = np.ascontiguousarray(np.clip(smooth, 0, 255).astype(np.uint8))
    for _ in range(int(rng.integers(0, 6))):
        corner, reach = rng.integers(0, side, 2), rng.integers(side // 12, side // 3, 2)
        colour = tuple(int(value) for value in rng.integers(20, 235, 3))
        cv2.rectangle(image, corner.tolist(), (corner + reach).tolist(), colour, -1)
    return cv2.GaussianBlur(image, (0, 0), side * rng.uniform(0.005, 0.03))


def develop(rng: np.random.Generator, image: Image) -> Image:
    """What a camera and its careless owner do: exposure, contrast, blur and noise, in the image's own size."""
    exposed = 255.0 * (image / np.float32(255.0)) ** np.float32(np.exp(rng.normal(0, 0.18)))
    mean = float(exposed.mean())
    taken = (exposed - mean) * rng.uniform(0.7, 1.25) + mean + rng.normal(0, 14)
    if rng.random() < 0.5:
        taken = cv2.GaussianBlur(taken, (0, 0), rng.uniform(0.3, 0.9) * max(1.0, image.shape[0] / 96))
    noise = rng.standard_normal(image.shape[:2], np.float32) * rng.uniform(0.5, 5)
    return np.clip(taken + (noise if image.ndim == 2 else noise[..., None]), 0, 255).astype(np.uint8)


def _before_backdrop(rng: np.random.Generator, face: DrawnFace) -> Image:
    weight = face.alpha[..., None].astype(np.float32) / 255.0
    backdrop = draw_backdrop(rng, face.image.shape[0])
    return np.round(backdrop + (face.image - backdrop.astype(np.float32)) * weight).astype(np.uint8)
