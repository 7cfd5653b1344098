"""Find the pairs of like fingerprints among hundreds of thousands, without comparing all with all.

Some faces are pivots. Each face is listed under the pivots that it is most like, and each view of a face is compared
with the list of its own best pivot only: what is like a pivot is also like what else is like it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from cnn.duplicates.fingerprint import VIEWS, fingerprints, thumbnails
from runs.progress import Progress, Report, silent

Take = Callable[[np.ndarray], np.ndarray]
"""From positions (n,) to those faces, (n, 48, 48) uint8."""

_LISTS = 2
"""Lists that each face is in."""
_LIST = 192
"""Faces in a list, about; fewer faces than twice as many are compared all with all."""
_BLOCK = 2048
_MOST = 16
"""Candidates that each face brings, its best: of many that are all alike, such as a film's, each need not meet each."""
_MOST_WORKERS = 8
"""Each takes 60 MB."""
_PRODUCTS = 1 << 21
"""Pairs compared at once, 8 MB: some pivots are like very many faces."""


@dataclass(frozen=True)
class Candidates:
    """Pairs that may be one picture: `first` seen through `VIEWS[view]` has the fingerprint of `second`, nearly.

    All are arrays of one length; a pair occurs once, with its best view, and `first` is not `second`.
    """

    first: np.ndarray
    second: np.ndarray
    view: np.ndarray
    likeness: np.ndarray


def find_candidates(take: Take, count: int, likeness: float, report: Report = silent) -> Candidates:
    """Find the pairs among `count` faces whose fingerprints' product is at least `likeness`, nearly all of them.

    Of a face that is like very many only the best are among them: its 16, and those whose 16 it is one of. The work
    grows a little faster than the number of faces: 290,000 take 100 s of one core, and 0.4 GB (see
    benchmarks/near_duplicates.py).

    Parameters
    ----------
    take
        Gives faces by their positions, 0 to `count` - 1.
    """
    from threadpoolctl import threadpool_limits

    if count < 2:
        return _each_once(np.empty((0, 4)), count)
    found, done = [], 0
    workers = min(_MOST_WORKERS, len(os.sched_getaffinity(0)))
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(workers, thread_name_prefix="compare") as pool:
        known = np.concatenate([fingerprints(thumbnails(take(block)), VIEWS[0]) for block in _blocks(count)])
        lists = _Lists(known, known[_spread(count, max(1, count // _LIST))])
        for rows in pool.map(lambda block: lists.like(block, thumbnails(take(block)), likeness), _blocks(count)):
            found.append(rows)
            done = min(done + _BLOCK, count)
            report(Progress("looking for near duplicates", done, count))
    return _each_once(np.concatenate(found), count)


def _blocks(count: int) -> list[np.ndarray]:
    return [np.arange(begin, min(begin + _BLOCK, count)) for begin in range(0, count, _BLOCK)]


def _spread(count: int, most: int) -> np.ndarray:
    """At most `most` positions, one here and one there; always the same."""
    return np.random.default_rng(0).permutation(count)[:most]


class _Lists:
    """The faces under each pivot, one list behind the other."""

    def __init__(self, known: np.ndarray, pivots: np.ndarray) -> None:
        self._known, self._pivots = known, pivots
        lists = min(_LISTS, len(pivots))
        nearest = np.concatenate([_best(known[block] @ pivots.T, lists) for block in _blocks(len(known))])
        order, self._begin = _by_pivot(nearest.ravel(), len(pivots))
        self._members = order // lists

    def like(self, block: np.ndarray, small: np.ndarray, likeness: float) -> np.ndarray:
        """Rows of first, second, view and likeness: what the faces of `block`, through all views, are like."""
        seen = np.concatenate([fingerprints(small, view) for view in VIEWS])
        nearest = np.concatenate([(seen[rows] @ self._pivots.T).argmax(1) for rows in _blocks(len(seen))])
        order, begin = _by_pivot(nearest, len(self._pivots))
        found = []
        for pivot in np.flatnonzero(np.diff(begin)):
            mine = order[begin[pivot] : begin[pivot + 1]]
            theirs = self._members[self._begin[pivot] : self._begin[pivot + 1]]
            known = self._known[theirs].T
            step = max(1, _PRODUCTS // max(1, len(theirs)))
            for some in (mine[first : first + step] for first in range(0, len(mine), step)):
                products = seen[some] @ known
                _keep_best(products, likeness)
                row, column = np.divmod(np.flatnonzero(products >= likeness), max(1, len(theirs)))
                view, place = np.divmod(some[row], len(block))
                found.append(np.column_stack([block[place], theirs[column], view, products[row, column]]))
        rows = np.concatenate(found)
        return _best_of_each(rows[rows[:, 0] != rows[:, 1]])


def _best(products: np.ndarray, count: int) -> np.ndarray:
    """The columns of the `count` largest of each row."""
    return np.argpartition(-products, count - 1, axis=1)[:, :count].copy()  # a view would keep all columns in memory


def _keep_best(products: np.ndarray, likeness: float) -> None:
    """Where more than `_MOST` others in a row are like, set all but the best to 0; one more, as it may be the face."""
    many = np.flatnonzero(np.count_nonzero(products >= likeness, axis=1) > _MOST + 1)
    if len(many):
        rows = products[many]
        least = np.partition(rows, -_MOST - 1, axis=1)[:, -_MOST - 1, None]
        products[many] = np.where(rows >= least, rows, 0)


def _best_of_each(rows: np.ndarray) -> np.ndarray:
    """Each first and second once, with its best view, and the `_MOST` best of each first."""
    rows = rows[np.lexsort((rows[:, 2], -rows[:, 3], rows[:, 1], rows[:, 0]))]
    rows = rows[np.any(np.diff(rows[:, :2], axis=0, prepend=-1) != 0, axis=1)]
    rows = rows[np.lexsort((rows[:, 1], -rows[:, 3], rows[:, 0]))]
    first = rows[:, 0]
    return rows[np.arange(len(rows)) - np.searchsorted(first, first) < _MOST]


def _by_pivot(nearest: np.ndarray, pivots: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions in the order of their pivots, and where each pivot's begin, with the end of the last."""
    begin = np.concatenate([[0], np.cumsum(np.bincount(nearest, minlength=pivots))])
    return np.argsort(nearest, kind="stable"), begin


def _each_once(rows: np.ndarray, count: int) -> Candidates:
    first, second, view = (rows[:, column].astype(np.int64) for column in (0, 1, 2))
    pair = np.minimum(first, second) * count + np.maximum(first, second)
    best = np.lexsort((view, -rows[:, 3], pair))
    best = best[np.unique(pair[best], return_index=True)[1]]
    return Candidates(first[best], second[best], view[best], rows[best, 3].astype(np.float32))
