"""The negative pictures: decoded once by several threads, kept in memory as far as the budget goes."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cascade.errors import InputError
from cascade.pictures import PictureError, load_grey
from runs.progress import Progress, Report
from runs.skips import Skip

_MARGIN = 64 * 2**20


class Pictures:
    """Grey pictures by number, without those that cannot be used, which `skipped` lists.

    Raises
    ------
    InputError
        None can be used.
    """

    def __init__(
        self, paths: Sequence[Path], window: tuple[int, int], *, threads: int, memory: int, report: Report
    ) -> None:
        self.skipped: list[Skip] = []
        self.paths: list[Path] = []
        self.sizes: list[tuple[int, int]] = []
        self._kept: dict[int, NDArray[np.uint8]] = {}
        self._room = max(0, memory * 2**20 - _MARGIN)
        with ThreadPoolExecutor(threads) as pool:
            for start in range(0, len(paths), 16 * threads):
                report(Progress("decoding negatives", start, len(paths)))
                some = paths[start : start + 16 * threads]
                for path, answer in zip(some, pool.map(lambda path: _load(path, window), some), strict=True):
                    self._add(path, answer)
        if not self.paths:
            raise InputError(
                f"None of the {len(paths)} negative pictures can be used: {next(iter(self.skipped), 'there is none')} "
                f"Give pictures of at least {window[0]}x{window[1]} pixels."
            )

    def __len__(self) -> int:
        return len(self.paths)

    def load(self, number: int) -> NDArray[np.uint8]:
        """One picture's pixels, from memory or decoded again.

        Raises
        ------
        InputError
            The file has changed since it was first read.
        """
        if (kept := self._kept.get(number)) is not None:
            return kept
        try:
            picture = load_grey(self.paths[number])
        except PictureError as error:
            raise InputError(f"{self.paths[number]} was read before, and now: {error}") from error
        if picture.shape[::-1] != self.sizes[number]:
            raise InputError(f"{self.paths[number]} has changed during the training. Start it again.")
        return picture

    def _add(self, path: Path, answer: NDArray[np.uint8] | Skip) -> None:
        if isinstance(answer, Skip):
            self.skipped.append(answer)
            return
        if answer.nbytes <= self._room:
            self._kept[len(self.paths)] = answer
            self._room -= answer.nbytes
        self.paths.append(path)
        self.sizes.append((answer.shape[1], answer.shape[0]))


def _load(path: Path, window: tuple[int, int]) -> NDArray[np.uint8] | Skip:
    try:
        picture = load_grey(path)
    except PictureError as error:
        return Skip(str(path), 0, error.rule, error.value, error.remedy)
    height, width = picture.shape
    if width < window[0] or height < window[1]:
        rule = f"smaller than the window of {window[0]}x{window[1]}"
        return Skip(str(path), 0, rule, f"{width}x{height} pixels", "Remove it, or give a larger picture.")
    return picture
