"""Pictures for the page: faces, maps on faces, filters and activations, each as data in the page itself."""

from __future__ import annotations

import base64

import cv2
import numpy as np

_SIDE = 144
_STRENGTH = 0.65  # of a map's colour where it is highest
_GAP = 2


def png_data(image: np.ndarray) -> str:
    """A picture (height, width), or with 3 or 4 channels blue, green, red, opaque, uint8, as a URI, without loss."""
    content = cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 9])[1].tobytes()
    return f"data:image/png;base64,{base64.b64encode(content).decode('ascii')}"


def jpeg_data(image: np.ndarray, quality: int = 80) -> str:
    """The same, smaller, for what is only looked at."""
    content = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
    return f"data:image/jpeg;base64,{base64.b64encode(content).decode('ascii')}"


def map_on_face(face: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """A face (height, width) uint8, coloured where `heat` (rows, columns), 0 to 1, is high: (144, 144, 3) uint8."""
    large = cv2.resize(face, (_SIDE, _SIDE), interpolation=cv2.INTER_CUBIC)
    smooth = np.clip(cv2.resize(heat.astype(np.float32), (_SIDE, _SIDE), interpolation=cv2.INTER_CUBIC), 0, 1)
    colour = cv2.applyColorMap((255 * smooth).astype(np.uint8), cv2.COLORMAP_INFERNO)
    share = _STRENGTH * smooth[..., np.newaxis]
    return np.asarray((1 - share) * large[..., np.newaxis] + share * colour).round().astype(np.uint8)


def enlarged(face: np.ndarray) -> np.ndarray:
    """A face (height, width) uint8 as large as `map_on_face` draws it."""
    return np.asarray(cv2.resize(face, (_SIDE, _SIDE), interpolation=cv2.INTER_CUBIC))


def scaled(heat: np.ndarray) -> np.ndarray:
    """Maps (n, rows, columns), each divided by its highest value; what is 0 all over stays so."""
    highest = heat.max(axis=(1, 2), keepdims=True)
    return np.asarray(heat / np.where(highest > 0, highest, 1))


def tiled(maps: np.ndarray, columns: int, *, signed: bool = False, factor: int = 1) -> np.ndarray:
    """Maps (n, height, width) side by side, each stretched from its least to its highest value.

    Parameters
    ----------
    columns
        Maps in a row.
    signed
        Stretch all alike instead, from minus the highest absolute value to plus it: 0 is the middle grey.
    factor
        Each value becomes so many pixels a side.

    Returns
    -------
    np.ndarray
        (height, width, 4) uint8; what is between the maps is transparent.
    """
    low, high = maps.min(axis=(1, 2), keepdims=True), maps.max(axis=(1, 2), keepdims=True)
    if signed:
        high = np.abs(maps).max(keepdims=True)
        low = -high
    grey = (255 * (maps - low) / np.where(high > low, high - low, 1)).round().astype(np.uint8)
    large = grey.repeat(factor, axis=1).repeat(factor, axis=2)
    height, width = large.shape[1] + _GAP, large.shape[2] + _GAP
    sheet = np.zeros((-(-len(maps) // columns) * height - _GAP, columns * width - _GAP, 4), np.uint8)
    for number, one in enumerate(large):
        top, left = (number // columns) * height, (number % columns) * width
        sheet[top : top + height - _GAP, left : left + width - _GAP, :3] = one[..., np.newaxis]
        sheet[top : top + height - _GAP, left : left + width - _GAP, 3] = 255
    return sheet
