"""Drawn faces as the photographs of a dataset: colour, box, landmarks, and how the person feels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cnn.errors import CnnError
from cnn.synthetic.face import draw_face
from cnn.synthetic.people import Person
from cnn.synthetic.pictures import Crop, crop_face, develop

DRAWN = 272
"""Side in pixels of the drawings that photographs are cut from."""

UNKNOWN = -2
"""What AffectNet writes where valence and arousal are not known."""

AFFECTNET_NUMBERS: dict[str, int] = {
    "Neutral": 0,
    "Happy": 1,
    "Sad": 2,
    "Surprise": 3,
    "Fear": 4,
    "Disgust": 5,
    "Angry": 6,
    "Contempt": 7,
    "No-Face": 10,
}

_QUALITY = 88
_FEELING = {
    "Neutral": (0.0, 0.0),
    "Happy": (0.75, 0.25),
    "Sad": (-0.65, -0.30),
    "Surprise": (0.20, 0.75),
    "Fear": (-0.40, 0.75),
    "Disgust": (-0.70, 0.45),
    "Angry": (-0.55, 0.70),
    "Contempt": (-0.50, 0.35),
}
"""Valence and arousal of each expression at its strongest, on the circle of Russell's model of affect."""


@dataclass(frozen=True)
class Photograph:
    """A picture of one drawn face: (side, side, 3) uint8, with its `crop`'s box and landmarks, and the `feeling`."""

    image: NDArray[np.uint8]
    crop: Crop
    feeling: NDArray[np.float64]


def photograph(
    rng: np.random.Generator,
    kind: str,
    side: int,
    margin: tuple[float, float],
    *,
    intensity: float | None = None,
    person: Person | None = None,
) -> Photograph:
    """Draw a face and photograph it; see `draw_face` and `crop_face`."""
    face = draw_face(rng, kind, DRAWN, intensity=intensity, person=person)
    crop = crop_face(rng, face, side, margin)
    image = develop(rng, crop.image)
    return Photograph(image, crop, np.clip(np.array(_FEELING[kind]) * face.intensity + rng.normal(0, 0.08, 2), -1, 1))


def write_picture(path: Path, image: NDArray[np.uint8]) -> None:
    """Write a picture in the format that `path`'s end says, and the folders to it.

    Raises
    ------
    CnnError
        OpenCV cannot encode it.
    """
    settings = [cv2.IMWRITE_JPEG_QUALITY, _QUALITY] if path.suffix == ".jpg" else []
    encoded, data = cv2.imencode(path.suffix, image, settings)
    if not encoded:
        raise CnnError(f"{path}: OpenCV could not encode the picture of shape {image.shape}.")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.tobytes())
