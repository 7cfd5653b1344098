"""Random changes that leave an expression what it is: mirror, move, turn, light, hide a patch.

Everything is drawn from the generator that is passed in, so the same generator gives the same pictures.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class Augmentation:
    """How strong each change is; all zero and False leaves the faces alone."""

    mirror: bool = False
    """Mirror every second face, left to right."""
    shift: float = 0.0
    """Largest move along each axis, as a share of the side."""
    rotation: float = 0.0
    """Largest turn, in degrees, either way."""
    scale: float = 0.0
    """Largest change of size: 0.1 draws from 0.9 to 1.1."""
    light: float = 0.0
    """Largest change of brightness, as a share of the full range of 255."""
    contrast: float = 0.0
    """Largest change of contrast about the face's mean: 0.2 draws from 0.8 to 1.2."""
    erasing: float = 0.0
    """Share of the faces in which one rectangle is replaced by noise."""

    def __call__(self, images: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Change a batch of grey faces.

        Parameters
        ----------
        images
            (batch, height, width), uint8. Not modified.
        random
            Where every draw comes from. The number of draws depends on the settings and the batch's size only.

        Returns
        -------
        np.ndarray
            A new array of the same shape, float32, within 0 to 255.
        """
        faces = images.astype(np.float32)
        if self.mirror:
            chosen = random.random(len(faces)) < 0.5
            faces[chosen] = mirrored(faces[chosen])
        if self.shift or self.rotation or self.scale:
            faces = self._moved(faces, random)
        if self.light or self.contrast:
            faces = self._lit(faces, random)
        if self.erasing:
            _erase(faces, random, self.erasing)
        return np.clip(faces, 0, 255, out=faces)

    def _moved(self, faces: np.ndarray, random: np.random.Generator) -> np.ndarray:
        count, height, width = faces.shape
        draws = random.uniform(-1, 1, (count, 4))
        moved = np.empty_like(faces)
        centre = ((width - 1) / 2, (height - 1) / 2)
        for face, target, (right, down, turn, size) in zip(faces, moved, draws, strict=True):
            matrix = cv2.getRotationMatrix2D(centre, turn * self.rotation, 1 + size * self.scale)
            matrix[:, 2] += (right * self.shift * width, down * self.shift * height)
            # The border is repeated: a black one would tell the network how the face was moved.
            cv2.warpAffine(face, matrix, (width, height), dst=target, borderMode=cv2.BORDER_REPLICATE)
        return moved

    def _lit(self, faces: np.ndarray, random: np.random.Generator) -> np.ndarray:
        draws = random.uniform(-1, 1, (2, len(faces), 1, 1)).astype(np.float32)
        mean = faces.mean(axis=(1, 2), keepdims=True)
        return (faces - mean) * (1 + draws[0] * self.contrast) + mean + draws[1] * self.light * 255


def mirrored(images: np.ndarray) -> np.ndarray:
    """Mirror faces of shape (..., height, width) left to right; twice gives the same again."""
    return images[..., ::-1]


def _erase(faces: np.ndarray, random: np.random.Generator, share: float) -> None:
    count, height, width = faces.shape
    chosen = random.random(count) < share
    sizes = random.uniform(0.15, 0.4, (count, 2))
    corners = random.random((count, 2))
    noise = random.integers(0, 256, (count, height, width)).astype(np.float32)
    for index in np.flatnonzero(chosen):
        rows, columns = (sizes[index] * (height, width)).astype(int)
        top, left = (corners[index] * (height - rows + 1, width - columns + 1)).astype(int)
        patch = np.s_[index, top : top + rows, left : left + columns]
        faces[patch] = noise[patch]
