"""Searching for negatives on other processes or machines, by any `concurrent.futures.Executor`."""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import Future

from cascade.trainer.mining_cursor import Cursor, Pass
from cascade.trainer.mining_elsewhere import Finds, Search, search_there
from cascade.trainer.mining_flat import FlatCascade
from cascade.trainer.mining_pictures import Pictures
from cascade.trainer.mining_threads import Found, Visit, Visited, groups
from runs.workers import Workers, in_order

# Each job carries the cascade, some 100 bytes a tree, and takes a worker about a quarter of a second.
_GROUP = 2**20


class DistantSearchers:
    """Workers that search pictures ahead of the one whose finds are taken next; they read the pictures themselves."""

    def __init__(self, workers: Workers, pictures: Pictures, ground: Pass, flat: FlatCascade, widest: int) -> None:
        self._workers, self._pictures = workers, pictures
        self._ground, self._flat, self._widest = ground, flat, widest

    def run(self, cursor: Cursor, behind: dict[int, int], cap: int) -> Generator[Visited]:
        """The pictures of the open round that have windows left in it, in order, each with what was found."""

        def submit(visits: list[Visit]) -> Future[list[Finds]]:
            searches = [self._search(visit) for visit in visits]
            job = (searches, self._flat, self._widest, cap, self._pictures.room)
            return self._workers.executor.submit(search_there, *job)

        for visits, finds in in_order(submit, groups(self._ground, cursor, behind, _GROUP), 2 * self._workers.count):
            yield from ((visit, Found(*one)) for visit, one in zip(visits, finds, strict=True))

    def _search(self, visit: Visit) -> Search:
        number = visit.picture % len(self._pictures)
        path, size = self._pictures.paths[number], self._pictures.sizes[number]
        scales, order = self._ground.scales(visit.picture), self._ground.shuffle(visit.picture)
        return Search(path, size, visit.picture != number, scales, order, visit.start, visit.end)
