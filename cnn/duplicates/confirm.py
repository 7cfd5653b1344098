"""Are two faces one picture? Their fine structure, laid over each other as well as it goes, says so.

What makes two people with like poses alike is coarse: light, dark hair, a bright ground. So the coarse is taken out of
both faces first, and noise with it; what is left of two pictures hardly agrees, and of one picture almost wholly.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np

from cnn.datasets.table import IMAGE_SIZE
from cnn.duplicates.fingerprint import VIEWS, View
from cnn.duplicates.search import Candidates, Take
from runs.progress import Progress, Report, silent

_FINE, _COARSE = 0.7, 2.5
_MARGIN = 5
"""Pixels that one face may be moved against the other, each way, beyond its view."""
_ZOOMS = (1.0, 0.965, 1.035)
_HOPELESS = 0.5
"""Below this correlation at the first zoom the others are not tried."""
_BLOCK = 2048


def correlations(take: Take, candidates: Candidates, report: Report = silent) -> np.ndarray:
    """The `correlation` of every candidate pair, (n,) float32, in several threads."""
    count = len(candidates.first)
    blocks = [slice(begin, begin + _BLOCK) for begin in range(0, count, _BLOCK)]
    found = [np.empty(0, np.float32)]
    with ThreadPoolExecutor(len(os.sched_getaffinity(0)), thread_name_prefix="confirm") as pool:
        for done, values in enumerate(pool.map(lambda block: _block(take, candidates, block), blocks), start=1):
            found.append(values)
            report(Progress("confirming near duplicates", min(done * _BLOCK, count), count))
    return np.concatenate(found)


def correlation(first: np.ndarray, second: np.ndarray, view: View = VIEWS[0]) -> float:
    """How well the fine structure of two faces agrees, -1 to 1, at the best shift and zoom close to the `view`.

    Parameters
    ----------
    first, second
        (48, 48) uint8. The first is mirrored, enlarged and moved; the second stays.
    """
    still = _fine(second.astype(np.float32))
    best = -1.0
    for zoom in _ZOOMS:
        best = max(best, _at_zoom(first, still, view, view.zoom * zoom))
        if best < _HOPELESS:
            break
    return best


def _block(take: Take, candidates: Candidates, block: slice) -> np.ndarray:
    firsts, seconds = take(candidates.first[block]), take(candidates.second[block])
    views = [VIEWS[number] for number in candidates.view[block].tolist()]
    values = [correlation(*each) for each in zip(firsts, seconds, views, strict=True)]
    return np.array(values, np.float32)


def _at_zoom(first: np.ndarray, still: np.ndarray, view: View, zoom: float) -> float:
    middle = (IMAGE_SIZE - 1) / 2
    side = -zoom if view.mirrored else zoom
    move = np.array([[side, 0, middle - side * middle + view.right], [0, zoom, middle - zoom * middle + view.down]])
    moved = cv2.warpAffine(first, move, first.shape[::-1], flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    inner = _fine(moved.astype(np.float32))[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN]
    return float(cv2.matchTemplate(still, inner, cv2.TM_CCOEFF_NORMED).max())


def _fine(face: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.sepFilter2D(face, -1, *_kernels(_FINE))) - cv2.sepFilter2D(face, -1, *_kernels(_COARSE))


def _kernels(sigma: float) -> tuple[np.ndarray, np.ndarray]:
    kernel = cv2.getGaussianKernel(2 * round(3 * sigma) + 1, sigma, cv2.CV_32F)
    return kernel, kernel
