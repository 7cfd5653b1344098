"""A perceptual hash before it is cut down to bits: the low frequencies of a face, as a vector of length 1.

Zauner's pHash keeps the signs of 64 DCT coefficients. A face that is cropped one pixel further to the left, or scaled
by a twentieth, as copies of one photograph in different collections are, flips up to a third of them. So here the
coefficients themselves are kept, weighted so that all count about the same, and one face of a pair is looked at
through all `VIEWS`: a little shifted, enlarged and mirrored.

References
----------
Zauner, "Implementation and benchmarking of perceptual image hash functions", 2010.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from cnn.datasets.table import IMAGE_SIZE

_HIGHEST = 8
"""The highest frequency, in half waves across the face."""
_FAINT = 4.0
"""Faces whose pixels deviate less than this from their mean are blank: they are like nothing."""
_SHIFT = 1.7
_ZOOMS = (1.06, 1.12)


@dataclass(frozen=True)
class View:
    """How a face is looked at: mirrored if so, enlarged by `zoom` around its middle, then moved by pixels."""

    mirrored: bool
    zoom: float
    right: float
    down: float


def _views() -> tuple[View, ...]:
    """Half of all directions will do: where one of two faces must move left to fit, the other must move right."""
    steps = (-_SHIFT, 0.0, _SHIFT)
    plain = [(1.0, 0.0, 0.0), (1.0, _SHIFT, 0.0), (1.0, 0.0, _SHIFT), (1.0, _SHIFT, _SHIFT), (1.0, _SHIFT, -_SHIFT)]
    zoomed = [(zoom, right, down) for zoom in _ZOOMS for right in steps for down in steps]
    return tuple(View(mirrored, *each) for mirrored in (False, True) for each in plain + zoomed)


VIEWS = _views()
"""Every way in which a face is compared with the others; the first is as it is."""


def thumbnails(images: np.ndarray) -> np.ndarray:
    """Faces (N, 48, 48) uint8 as (N, 576) float32, half as wide and high: all that a fingerprint looks at.

    Blank faces become all 0.
    """
    half = IMAGE_SIZE // 2
    small = images.reshape(len(images), half, 2, half, 2).mean(axis=(2, 4), dtype=np.float32).reshape(-1, half * half)
    small[small.std(axis=1) < _FAINT] = 0
    return small


def fingerprints(small: np.ndarray, view: View) -> np.ndarray:
    """The fingerprints of `thumbnails` seen through a `view`.

    Returns
    -------
    (N, 57) float32. The product of two is their likeness, at most 1; brightness and contrast do not change it. That of
    a blank face is all 0.
    """
    found = small @ _operator(view)
    length = np.linalg.norm(found, axis=1, keepdims=True)
    return found / np.where(length == 0, 1, length)


@cache
def _operator(view: View) -> np.ndarray:
    """(576, 57): the waves, weighted, at the place to which the view moves each pixel, and 0 where that is outside."""
    middle = (IMAGE_SIZE - 1) / 2
    places = np.arange(0.5, IMAGE_SIZE, 2) - middle
    across = middle + view.zoom * (-places if view.mirrored else places) + view.right
    down = middle + view.zoom * places + view.down
    waves = [np.outer(_wave(v, down), _wave(u, across)).ravel() for v, u in _frequencies()]
    inside = np.outer(_inside(down), _inside(across)).ravel()
    operator = np.stack(waves, axis=1) * [np.hypot(v, u) for v, u in _frequencies()] * inside[:, None]
    operator -= inside[:, None] * (operator.sum(axis=0) / inside.sum())  # blind to brightness
    return operator.astype(np.float32)


def _frequencies() -> list[tuple[int, int]]:
    both = range(_HIGHEST + 1)
    return [(v, u) for v in both for u in both if 0 < v * v + u * u <= _HIGHEST * _HIGHEST]


def _wave(frequency: int, place: np.ndarray) -> np.ndarray:
    """One function of the DCT-II, of length 1."""
    scale = np.sqrt((1 if frequency == 0 else 2) / IMAGE_SIZE)
    return scale * np.cos(np.pi * (place + 0.5) * frequency / IMAGE_SIZE)


def _inside(place: np.ndarray) -> np.ndarray:
    return ((place >= -0.5) & (place <= IMAGE_SIZE - 0.5)).astype(float)
