"""Boxes, `(x, y, width, height)` in pixels from the picture's top left corner, and how much two of them agree."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Box = tuple[int, int, int, int]
"""`(x, y, width, height)` in pixels."""


def iou(boxes_a: ArrayLike, boxes_b: ArrayLike) -> NDArray[np.float64]:
    """Intersection over union of every box of one set with every box of another.

    Parameters
    ----------
    boxes_a, boxes_b
        Arrays of shape (N, 4) and (M, 4), or lists of boxes; either may be empty.

    Returns
    -------
    Array of shape (N, M), each value in [0, 1]. Boxes without area agree with nothing: 0.

    Raises
    ------
    ValueError
        A set is not of shape (any number, 4).

    Examples
    --------
    >>> iou([(0, 0, 2, 2)], [(0, 0, 2, 2), (1, 0, 2, 2), (5, 5, 1, 1)]).round(3).tolist()
    [[1.0, 0.333, 0.0]]
    """
    a, b = _as_boxes(boxes_a, "boxes_a")[:, None, :], _as_boxes(boxes_b, "boxes_b")[None, :, :]
    common = _common(a, b)
    union = a[..., 2:].prod(axis=-1) + b[..., 2:].prod(axis=-1) - common
    return np.divide(common, union, out=np.zeros_like(common), where=(common > 0) & (union > 0))


def covered(boxes_a: ArrayLike, boxes_b: ArrayLike) -> NDArray[np.float64]:
    """The share of every box of one set that lies in every box of another: as `iou`, over the first box's area alone.

    Examples
    --------
    >>> covered([(0, 0, 2, 2)], [(0, 0, 9, 9), (1, 0, 9, 9)]).tolist()
    [[1.0, 0.5]]
    """
    a, b = _as_boxes(boxes_a, "boxes_a")[:, None, :], _as_boxes(boxes_b, "boxes_b")[None, :, :]
    common = _common(a, b)
    return np.divide(common, a[..., 2:].prod(axis=-1), out=np.zeros_like(common), where=common > 0)


def is_inside(box: Box, width: int, height: int) -> bool:
    """Whether all of `box` lies in a picture of `width` x `height` pixels.

    Examples
    --------
    >>> is_inside((0, 0, 20, 20), 20, 20), is_inside((1, 0, 20, 20), 20, 20), is_inside((-1, 0, 5, 5), 20, 20)
    (True, False, False)
    """
    return box[0] >= 0 and box[1] >= 0 and box[0] + box[2] <= width and box[1] + box[3] <= height


def _common(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    starts = np.maximum(a[..., :2], b[..., :2])
    ends = np.minimum(a[..., :2] + a[..., 2:], b[..., :2] + b[..., 2:])
    return np.asarray(np.clip(ends - starts, 0, None).prod(axis=-1))


def _as_boxes(boxes: ArrayLike, name: str) -> NDArray[np.float64]:
    array = np.asarray(boxes, dtype=np.float64)
    if array.size == 0:
        return array.reshape(0, 4)
    if array.ndim != 2 or array.shape[1] != 4:
        raise ValueError(f"`{name}` must be of shape (N, 4). Got {array.shape}.")
    return array
