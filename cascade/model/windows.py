"""Run a cascade on windows at their own size and see where each one stops: stages passed, features computed, sum.

The arithmetic is OpenCV's, number by number (32-bit integrals, features in float32, sums of leaves in float64), so the
decisions are those of `cv2.CascadeClassifier`; what it cannot tell (where a window was rejected, and at what cost) is
told here.

Source: ``modules/objdetect/src/cascadedetect.hpp`` of OpenCV 3.4 and 4, ``predictOrdered`` and ``setWindow``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from cascade.errors import InputError
from cascade.model import CascadeModel
from cascade.model.window_kernels import run_haar, run_lbp
from cascade.model.window_tables import Tables, tabulate

_BLOCK_PIXELS = 1 << 22


@dataclass(frozen=True)
class Trace:
    """What became of each of N windows.

    Attributes
    ----------
    stages : int32 array of shape (N,)
        Stages passed; a window is accepted when it equals ``len(model.stages)``.
    features : int32 array of shape (N,)
        Nodes of trees evaluated, each of which costs one feature.
    scores : float64 array of shape (N,)
        The sum of the leaves in the last stage that ran; 0 for a window that was rejected as flat.
    """

    stages: NDArray[np.int32]
    features: NDArray[np.int32]
    scores: NDArray[np.float64]


def trace(model: CascadeModel, samples: NDArray[np.uint8], *, reject_flat: bool = True) -> Trace:
    """Run the cascade on windows that are already cut.

    Parameters
    ----------
    model
        A Haar or LBP cascade, with stumps or trees. Without a stage, every window passes all 0 of them.
    samples
        Grey windows, uint8 of shape (N, model.height, model.width).
    reject_flat
        As `cv2.CascadeClassifier` does, reject a window whose grey values vary too little (a standard deviation of at
        most 10 inside its one-pixel border) before the first stage; only for Haar. ``opencv_traincascade`` does not.

    Raises
    ------
    InputError
        The samples have another type or shape.
    """
    if samples.dtype != np.uint8 or samples.ndim != 3 or samples.shape[1:] != (model.height, model.width):
        raise InputError(
            f"`samples` must be uint8 of shape (N, {model.height}, {model.width}), the cascade's window. "
            f"Got {samples.dtype} of shape {samples.shape}."
        )
    per_block = max(1, _BLOCK_PIXELS // (model.width * model.height))
    blocks = [
        _trace_stack(model, samples[start : start + per_block], reject_flat)
        for start in range(0, len(samples), per_block)
    ]
    return _joined(blocks)


def trace_picture(model: CascadeModel, image: NDArray[np.uint8], step: int = 1, *, reject_flat: bool = True) -> Trace:
    """Run the cascade on every window of a picture, at the picture's own scale.

    Parameters
    ----------
    model, reject_flat
        As for `trace`.
    image
        Grey, uint8 of shape (H, W). Scale it to search for larger objects.
    step
        Pixels from one window to the next, across and down.

    Returns
    -------
    Trace
        Windows in the order of their top left corners: row by row, ``y`` in ``range(0, H - height + 1, step)``, ``x``
        likewise. Empty when the picture is smaller than the window. `cv2.CascadeClassifier` visits every second of
        them where it enlarges less than twofold, and skips the right neighbour of one that its first stage rejects.

    Raises
    ------
    InputError
        The image has another type or shape, or the step is not positive.
    """
    if image.dtype != np.uint8 or image.ndim != 2:
        raise InputError(f"`image` must be uint8 of shape (height, width). Got {image.dtype} of shape {image.shape}.")
    if step < 1:
        raise InputError(f"`step` must be at least 1. Got {step}.")
    rows = np.arange(0, image.shape[0] - model.height + 1, step, dtype=np.int64)
    columns = np.arange(0, image.shape[1] - model.width + 1, step, dtype=np.int64)
    if not (len(rows) and len(columns)):
        return _joined([])
    stride = image.shape[1] + 1
    starts = (rows[:, None] * stride + columns).ravel()
    return _run(model, image, starts, reject_flat)


def _trace_stack(model: CascadeModel, samples: NDArray[np.uint8], reject_flat: bool) -> Trace:
    # One above the other they are one picture, whose integral serves them all: what is summed is a difference.
    count, height, width = samples.shape
    picture = np.ascontiguousarray(samples).reshape(count * height, width)
    starts = np.arange(count, dtype=np.int64) * (height * (width + 1))
    return _run(model, picture, starts, reject_flat)


def _run(model: CascadeModel, image: NDArray[np.uint8], starts: NDArray[np.int64], reject_flat: bool) -> Trace:
    count = len(starts)
    found = Trace(np.zeros(count, np.int32), np.zeros(count, np.int32), np.zeros(count, np.float64))
    if not model.stages:
        return found
    tables = tabulate(model)
    channels, squares = _integrals(tables, image)
    outputs = (found.stages, found.features, found.scores)
    if tables.lbp:
        run_lbp(channels, starts, tables.offsets(image.shape), tables.subsets, *tables.trees, *outputs)
    else:
        contrast = (tables.inside_offsets(image.shape), float(tables.inside[2] * tables.inside[3]), reject_flat)
        splits = (tables.offsets(image.shape), tables.weights, tables.thresholds)
        run_haar(channels, squares, starts, *contrast, *splits, *tables.trees, *outputs)
    return found


def _integrals(tables: Tables, image: NDArray[np.uint8]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The sums, with the tilted sums behind them where a feature needs those, and the sums of squares; all flat."""
    if tables.lbp:
        return cv2.integral(image, sdepth=cv2.CV_32S).ravel(), np.empty(0, np.int32)
    if not tables.tilted.any():
        sums, squares = cv2.integral2(image, sdepth=cv2.CV_32S, sqdepth=cv2.CV_32S)
        return sums.ravel(), squares.ravel()
    sums, squares, tilted = cv2.integral3(image, sdepth=cv2.CV_32S, sqdepth=cv2.CV_32S)
    return np.concatenate((sums.ravel(), tilted.ravel())), squares.ravel()


def _joined(blocks: Sequence[Trace]) -> Trace:
    if len(blocks) == 1:
        return blocks[0]
    return Trace(
        np.concatenate([np.empty(0, np.int32), *(block.stages for block in blocks)]),
        np.concatenate([np.empty(0, np.int32), *(block.features for block in blocks)]),
        np.concatenate([np.empty(0, np.float64), *(block.scores for block in blocks)]),
    )
