"""The threads that search pictures, ahead of the one whose finds are taken next."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cascade.trainer.mining_cursor import Cursor, Pass
from cascade.trainer.mining_flat import FlatCascade
from cascade.trainer.mining_pictures import Pictures
from cascade.trainer.mining_rows import CHUNK
from cascade.trainer.mining_search import search
from cascade.trainer.mining_tiles import new_scratch
from runs.workers import in_order

# Visits that together take about as long as so many windows of whole pictures go to a thread at once. A window by
# itself takes as long as so many of those.
_GROUP, _ALONE = 2**18, 128


class Visit(NamedTuple):
    """A visit to a picture, whose place in the round's order is `position`: ranks from `start` to `end` - 1."""

    position: int
    picture: int
    start: int
    end: int


class Found(NamedTuple):
    """What was found in one picture: ranks ascending, the rank to go on from, and pixels."""

    ranks: NDArray[np.int64]
    reached: int
    samples: NDArray[np.uint8]


Visited = tuple[Visit, Found]


def groups(ground: Pass, cursor: Cursor, behind: dict[int, int], most: int) -> Iterator[list[Visit]]:
    """The visits of a round in order, some small ones together: about as much work as `most` windows side by side."""
    visits: list[Visit] = []
    size = 0
    for position in range(cursor.position, len(ground.order)):
        picture = int(ground.order[position])
        start = behind.get(picture, ground.rank(picture, cursor.level))
        end = ground.rank(picture, cursor.until)
        if start < end:
            visits.append(Visit(position, picture, start, end))
            size += min(int(ground.counts[picture]), _ALONE * (end - start))
        if size >= most:
            yield visits
            visits, size = [], 0
    yield visits


class Searchers:
    """Threads that search pictures ahead of the one whose finds are taken next."""

    def __init__(self, threads: int, pictures: Pictures, ground: Pass, flat: FlatCascade, widest: int) -> None:
        self._executor, self._ahead = ThreadPoolExecutor(threads), 4 * threads
        self._pictures, self._ground, self._flat = pictures, ground, flat
        self._widest = widest
        self._own = threading.local()

    def run(self, cursor: Cursor, behind: dict[int, int], cap: int) -> Generator[Visited]:
        """The pictures of the open round that have windows left in it, in order, each with what was found."""

        def submit(visits: list[Visit]) -> Future[list[Visited]]:
            return self._executor.submit(self._search_all, visits, cap)

        for _, found in in_order(submit, groups(self._ground, cursor, behind, _GROUP), self._ahead):
            yield from found

    def close(self) -> None:
        """Cancel what has not begun, and wait for the rest."""
        self._executor.shutdown(cancel_futures=True)

    def _search_all(self, visits: list[Visit], cap: int) -> list[Visited]:
        return [(visit, self._search(visit, cap)) for visit in visits]

    def _search(self, visit: Visit, cap: int) -> Found:
        if not hasattr(self._own, "scratch"):
            self._own.scratch = new_scratch(self._flat, self._widest, CHUNK)
        entry, number = visit.picture, visit.picture % len(self._pictures)
        picture = self._pictures.load(number)
        if entry != number:
            picture = np.ascontiguousarray(picture[:, ::-1])
        sizes, order = self._ground.scales(entry), self._ground.shuffle(entry)
        cap = min(cap, visit.end - visit.start)
        found = search(picture, sizes, order, visit.start, visit.end, cap, self._flat, self._own.scratch)
        return Found(*found)
