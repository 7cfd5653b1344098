"""Mining: windows of the negative pictures that the cascade so far takes for the object.

`opencv_traincascade` cuts one window at a time, every half window, on one thread, from one picture until it is used up.
Here all positions of all scales count as windows, several threads search whole pictures, and every picture gives its
share: see `cascade.trainer.mining_cursor` for the order, which does not depend on the number of threads.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cascade.errors import InputError
from cascade.model import CascadeModel
from cascade.trainer.mining_cursor import WHOLE, Cursor, Pass, next_level
from cascade.trainer.mining_flat import FlatCascade, flatten
from cascade.trainer.mining_pictures import Pictures
from cascade.trainer.mining_rows import CHUNK
from cascade.trainer.mining_search import cut, search
from cascade.trainer.mining_tiles import new_scratch
from runs.progress import Progress, Report, silent
from runs.skips import Skip

# No picture gives more than so many times the mean in one round. A smaller share would make the acceptance ratio wrong:
# the pictures that are rich in finds would stop early, and those with hardly any would make up the windows tried.
_SHARE = 64


@dataclass(frozen=True)
class Mined:
    """What `NegativeMiner.mine` found.

    `samples` are uint8, shape (n, height, width): the pixels as the cascade saw them. `tried` windows were decided to
    find them, so that n / `tried` is OpenCV's acceptance ratio. `exhausted` says that there are no more windows in
    this pass; ``cursor.next_pass()`` goes on with other scales.
    """

    samples: NDArray[np.uint8]
    tried: int
    cursor: Cursor
    exhausted: bool


class NegativeMiner:
    """Negative pictures, ready to be searched.

    Parameters
    ----------
    pictures
        Files without the object; the order matters for repeating a training, duplicates do not.
    width, height
        The cascade's window in pixels, each at least 3.
    scale_factor
        Each scale of a picture is so many times smaller than the one before, as in `opencv_traincascade`.
    mirror
        Search the pictures' mirror images as well: twice the windows.
    seed
        Chooses the order of pictures and windows.
    threads
        None: one for each core that this process may use.
    memory
        MiB for decoded pictures. Those that do not fit are decoded again each time they are visited.

    Raises
    ------
    InputError
        No picture can be used. Those that cannot are listed in `skipped`.
    """

    def __init__(
        self,
        pictures: Sequence[Path],
        width: int,
        height: int,
        *,
        scale_factor: float = math.sqrt(2),
        mirror: bool = False,
        seed: int = 0,
        threads: int | None = None,
        memory: int = 1024,
        report: Report = silent,
    ) -> None:
        if scale_factor <= 1:
            raise InputError(f"`scale_factor` must be more than 1. Got {scale_factor}.")
        self._window, self._factor, self._mirror, self._seed = (width, height), scale_factor, mirror, seed
        self._threads = threads or len(os.sched_getaffinity(0))
        self._pictures = Pictures(pictures, self._window, threads=self._threads, memory=memory, report=report)
        self._pass: Pass | None = None

    @property
    def skipped(self) -> list[Skip]:
        """The pictures that could not be used, and why."""
        return self._pictures.skipped

    def windows(self, pass_number: int = 0) -> int:
        """How many windows a pass has."""
        return self._open(pass_number).windows

    def mine(self, model: CascadeModel, count: int, cursor: Cursor, *, report: Report = silent) -> Mined:
        """Find the next `count` windows that pass all stages of `model`.

        Parameters
        ----------
        model
            The stages so far, with the miner's window. With no stage, every window passes. Haar windows with a standard
            deviation of 10 grey levels or less never pass: OpenCV's detector rejects them before the first stage.
        cursor
            ``Cursor()`` at first, then the one returned before. No window comes twice in a pass.
        report
            Told about every 2 s how many windows were found and tried.
        """
        if (model.width, model.height) != self._window:
            raise InputError(f"the model's window must be {self._window}. Got {(model.width, model.height)}.")
        state = _State(cursor, count, 0.5 ** len(model.stages), report)
        ground = self._open(cursor.pass_number)
        with self._searching(ground, flatten(model)) as pool:
            while state.need > 0 and not state.stand().exhausted:
                self._round(pool, ground, state)
        samples = np.concatenate([np.empty((0, *self._window[::-1]), np.uint8), *state.samples])
        cursor = state.stand()
        return Mined(samples, state.tried, cursor, cursor.exhausted)

    def _open(self, pass_number: int) -> Pass:
        if self._pass is None or self._pass.number != pass_number:
            sizes = self._pictures.sizes * (1 + self._mirror)
            self._pass = Pass(pass_number, sizes, self._window, self._factor, self._seed)
        return self._pass

    @contextmanager
    def _searching(self, ground: Pass, flat: FlatCascade) -> Iterator[_Pool]:
        widest = max(width for width, _ in self._pictures.sizes)
        pool = _Pool(self._threads, self._pictures, ground, flat, widest)
        try:
            yield pool
        finally:
            pool.executor.shutdown(cancel_futures=True)

    def _round(self, pool: _Pool, ground: Pass, state: _State) -> None:
        """Visit the pictures, from where the open round stands (or a new one), until there are enough windows."""
        state.open_round(ground)
        cap = max(2, -(-_SHARE * state.need // len(ground.order)))
        for position, picture, start, found in pool.run(state.cursor, dict(state.behind), cap):
            state.take(position, picture, start, found)
            if state.need == 0:
                return
        state.close_round()


@dataclass
class _Found:
    """What was found in one picture: ranks ascending, the rank to go on from, the end of this visit, and pixels."""

    ranks: NDArray[np.int64]
    reached: int
    end: int
    samples: NDArray[np.uint8]


@dataclass
class _State:
    """One call of `mine`: the cursor as it moves, and what has been found."""

    cursor: Cursor
    need: int
    guess: float
    report: Report
    tried: int = 0
    found: int = 0
    samples: list[NDArray[np.uint8]] = field(default_factory=list)
    behind: dict[int, int] = field(init=False)
    began: float = field(default_factory=time.monotonic)
    reported: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.behind = dict(self.cursor.behind)
        if self.cursor.ratio is not None:
            self.guess = self.cursor.ratio / 2

    def stand(self) -> Cursor:
        """The cursor to go on from."""
        ratio = self.found / self.tried if self.tried else self.cursor.ratio
        return replace(self.cursor, behind=tuple(sorted(self.behind.items())), ratio=ratio)

    def open_round(self, ground: Pass) -> None:
        """Begin a round, unless one is open that is dense enough: its other pictures then fall behind."""
        ratio = (self.found + 0.5) / self.tried if self.tried else max(self.guess, 1e-12)
        cursor = self.cursor
        until = next_level(cursor.level, self.need / ratio, ground.windows)
        if cursor.position >= 0:
            if until - cursor.level < 4 * (cursor.until - cursor.level) or cursor.until == WHOLE:
                return
            for picture in map(int, ground.order[cursor.position :]):
                self.behind.setdefault(picture, ground.rank(picture, cursor.level))
            until = next_level(cursor.until, self.need / ratio, ground.windows)
            cursor = replace(cursor, level=cursor.until)
        self.cursor = replace(cursor, until=until, position=0)

    def take(self, position: int, picture: int, start: int, found: _Found) -> None:
        """Take what one picture gave, as far as it is needed."""
        ranks, reached = found.ranks[: self.need], found.reached
        if len(ranks) == self.need:
            reached = int(ranks[-1]) + 1
        self.behind.pop(picture, None)
        if reached < found.end:
            self.behind[picture] = reached
        self.need -= len(ranks)
        self.found += len(ranks)
        self.tried += reached - start
        self.samples.append(found.samples[: len(ranks)])
        self.cursor = replace(self.cursor, position=position + 1)
        self._tell()

    def close_round(self) -> None:
        self.cursor = replace(self.cursor, level=self.cursor.until, position=-1)

    def _tell(self) -> None:
        if (now := time.monotonic()) - self.reported < 2:
            return
        self.reported = now
        rate = self.tried / (now - self.began)
        message = f"negatives: {self.found} found in {self.tried:,} windows, {rate / 1e6:.1f} million a second"
        self.report(
            Progress(message, self.found, self.found + self.need, {"tried": self.tried, "windows_a_second": rate})
        )


class _Pool:
    """Threads that search pictures ahead of the one whose finds are taken next."""

    def __init__(self, threads: int, pictures: Pictures, ground: Pass, flat: FlatCascade, widest: int) -> None:
        self.executor = ThreadPoolExecutor(threads)
        self._ahead, self._pictures, self._ground, self._flat, self._widest = (
            4 * threads,
            pictures,
            ground,
            flat,
            widest,
        )
        self._own = threading.local()

    def run(self, cursor: Cursor, behind: dict[int, int], cap: int) -> Iterator[tuple[int, int, int, _Found]]:
        """Position, picture, first rank and finds of each picture of the open round that has windows left in it."""
        waiting: deque[tuple[int, int, int, Future[_Found]]] = deque()
        for position in range(cursor.position, len(self._ground.order)):
            picture = int(self._ground.order[position])
            start = behind.get(picture, self._ground.rank(picture, cursor.level))
            end = self._ground.rank(picture, cursor.until)
            if start < end:
                future = self.executor.submit(self._search, picture, start, end, cap)
                waiting.append((position, picture, start, future))
            if len(waiting) >= self._ahead:
                yield _result(waiting.popleft())
        while waiting:
            yield _result(waiting.popleft())

    def _search(self, entry: int, start: int, end: int, cap: int) -> _Found:
        if not hasattr(self._own, "scratch"):
            self._own.scratch = new_scratch(self._flat, self._widest, CHUNK)
        scratch, number = self._own.scratch, entry % len(self._pictures)
        picture = self._pictures.load(number)
        if entry != number:
            picture = np.ascontiguousarray(picture[:, ::-1])
        sizes, order = self._ground.scales(entry), self._ground.shuffle(entry)
        ranks, reached = search(picture, sizes, order, start, end, min(cap, end - start), self._flat, scratch)
        samples = np.empty((len(ranks), self._flat.height, self._flat.width), np.uint8)
        cut(picture, sizes, order, ranks, scratch, samples)
        return _Found(ranks, int(reached), end, samples)


def _result(task: tuple[int, int, int, Future[_Found]]) -> tuple[int, int, int, _Found]:
    position, picture, start, future = task
    return position, picture, start, future.result()
