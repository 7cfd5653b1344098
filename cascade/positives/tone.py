"""Light, print and camera: what changes a sample's greys and leaves it in its place."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Tone:
    """How one sample's greys differ from its picture's; the default changes nothing.

    `gamma` is an exponent on greys of 0 to 1; `shade` is the logarithm of the light's fall from the sample's middle to
    its side, towards `shade_direction`, in degrees clockwise from the right; `blur` is a sigma in pixels of the sample;
    `grain` is the noise's deviation as a fraction of the sample's, from the generator seeded by `grain_seed`;
    `contrast` is a factor about the sample's mean; `light` is added, in grey levels. They act in this order.
    """

    gamma: float = 1.0
    shade: float = 0.0
    shade_direction: float = 0.0
    blur: float = 0.0
    grain: float = 0.0
    grain_seed: int = 0
    contrast: float = 1.0
    light: float = 0.0


UNTONED = Tone()


def apply(tone: Tone, sample: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Change the greys of `sample`, shape (height, width), and round them to 0 to 255."""
    if tone == UNTONED:
        return np.ascontiguousarray(sample)
    values = sample.astype(np.float32)
    if tone.gamma != 1:
        values = 255 * np.power(values / 255, tone.gamma, dtype=np.float32)
    if tone.shade:
        values = _shade(values, tone.shade, math.radians(tone.shade_direction))
    if tone.blur > 0:
        values = cv2.GaussianBlur(values, (0, 0), tone.blur, borderType=cv2.BORDER_REPLICATE)
    if tone.grain:
        noise = np.random.Generator(np.random.Philox(tone.grain_seed)).standard_normal(values.shape, np.float32)
        values = values + tone.grain * values.std() * noise
    mean = values.mean()
    values = (values - mean) * tone.contrast + mean + tone.light
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)


def _shade(values: NDArray[np.float32], shade: float, direction: float) -> NDArray[np.float32]:
    """Let the light fall from one side; where it would be too bright for 255, all becomes darker instead."""
    height, width = values.shape
    down, across = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)[None, :]
    lit = values * np.exp(shade * (math.cos(direction) * across + math.sin(direction) * down)).astype(np.float32)
    return np.asarray(lit * min(1.0, 255 / max(float(lit.max()), 1.0)), np.float32)
