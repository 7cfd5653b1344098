"""The threads that search pictures, ahead of the one whose finds are taken next."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
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


class Searchers:
    """Threads that search pictures ahead of the one whose finds are taken next."""

    def __init__(self, threads: int, pictures: Pictures, ground: Pass, flat: FlatCascade, widest: int) -> None:
        self.executor = ThreadPoolExecutor(threads)
        self._pictures, self._ground, self._flat = pictures, ground, flat
        self._ahead, self._widest = 4 * threads, widest
        self._own = threading.local()

    def run(self, cursor: Cursor, behind: dict[int, int], cap: int) -> Iterator[Visited]:
        """The pictures of the open round that have windows left in it, in order, each with what was found."""
        waiting: deque[Future[list[Visited]]] = deque()
        for visits in self._groups(cursor, behind):
            waiting.append(self.executor.submit(self._search_all, visits, cap))
            if len(waiting) >= self._ahead:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()

    def _groups(self, cursor: Cursor, behind: dict[int, int]) -> Iterator[list[Visit]]:
        """The visits of a round, some small ones together."""
        visits: list[Visit] = []
        size = 0
        for position in range(cursor.position, len(self._ground.order)):
            picture = int(self._ground.order[position])
            start = behind.get(picture, self._ground.rank(picture, cursor.level))
            end = self._ground.rank(picture, cursor.until)
            if start < end:
                visits.append(Visit(position, picture, start, end))
                size += min(int(self._ground.counts[picture]), _ALONE * (end - start))
            if size >= _GROUP:
                yield visits
                visits, size = [], 0
        yield visits

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
