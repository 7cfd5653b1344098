"""The negative pictures: decoded once by several threads, kept in memory as far as the budget goes.

Where there are workers, they decode and keep them, and only the sizes come back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cascade.errors import InputError
from cascade.pictures import MISSING, PictureError, load_grey
from cascade.trainer.mining_elsewhere import load_or_skip, sizes_of
from runs.progress import Progress, Report
from runs.skips import Skip
from runs.workers import Workers, in_order, workers_at_hand

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
        self.room = max(0, memory * 2**20 - _MARGIN)
        workers = workers_at_hand()
        answers = _decode(paths, window, threads) if workers is None else _look(paths, window, workers, self.room)
        for number, (path, answer) in enumerate(answers):
            if number % 64 == 0:
                report(Progress("decoding negatives", number, len(paths)))
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

    def _add(self, path: Path, answer: NDArray[np.uint8] | tuple[int, int] | Skip) -> None:
        if isinstance(answer, Skip):
            self.skipped.append(answer)
            return
        if isinstance(answer, np.ndarray):
            if answer.nbytes <= self.room:
                self._kept[len(self.paths)] = answer
                self.room -= answer.nbytes
            answer = (answer.shape[1], answer.shape[0])
        self.paths.append(path)
        self.sizes.append(answer)


def _decode(
    paths: Sequence[Path], window: tuple[int, int], threads: int
) -> Iterator[tuple[Path, NDArray[np.uint8] | Skip]]:
    with ThreadPoolExecutor(threads) as pool:
        for start in range(0, len(paths), 16 * threads):
            some = paths[start : start + 16 * threads]
            yield from zip(some, pool.map(lambda path: load_or_skip(path, window), some), strict=True)


def _look(
    paths: Sequence[Path], window: tuple[int, int], workers: Workers, room: int
) -> Iterator[tuple[Path, tuple[int, int] | Skip]]:
    def submit(some: list[Path]) -> Future[list[tuple[int, int] | Skip]]:
        return workers.executor.submit(sizes_of, some, window, room)

    chunks = ([path.absolute() for path in paths[start : start + 64]] for start in range(0, len(paths), 64))
    for chunk, answers in in_order(submit, chunks, 2 * workers.count):
        for path, answer in zip(chunk, answers, strict=True):
            if isinstance(answer, Skip) and answer.rule == MISSING and path.is_file():
                raise InputError(f"A worker does not see {path}, which is here. Workers need the same file system.")
            yield path, answer
