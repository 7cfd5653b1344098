"""Mining: windows of the negative pictures that the cascade so far takes for the object.

`opencv_traincascade` cuts one window at a time, every half window, on one thread, from one picture until it is used up.
Here all positions of all scales count as windows, several threads search whole pictures, and every picture gives its
share: see `cascade.trainer.mining_cursor` for the order, which does not depend on the number of threads, nor on whether
`runs.workers` gives other processes or machines to search on.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cascade.errors import InputError
from cascade.model import CascadeModel
from cascade.trainer.mining_cursor import WHOLE, Cursor, Pass, next_level
from cascade.trainer.mining_flat import FlatCascade, flatten
from cascade.trainer.mining_pictures import Pictures
from cascade.trainer.mining_threads import Found, Searchers, Visit
from cascade.trainer.mining_workers import DistantSearchers
from runs.progress import Progress, Report, silent
from runs.skips import Skip
from runs.workers import workers_at_hand

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
        MiB for decoded pictures, of each worker process where there are any. Those that do not fit are decoded again
        each time they are visited.

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
        self._workers = workers_at_hand()
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
    def _searching(self, ground: Pass, flat: FlatCascade) -> Iterator[Searchers | DistantSearchers]:
        widest = max(width for width, _ in self._pictures.sizes)
        if self._workers is not None:
            yield DistantSearchers(self._workers, self._pictures, ground, flat, widest)
            return
        pool = Searchers(self._threads, self._pictures, ground, flat, widest)
        try:
            yield pool
        finally:
            pool.close()

    def _round(self, pool: Searchers | DistantSearchers, ground: Pass, state: _State) -> None:
        """Visit the pictures, from where the open round stands (or a new one), until there are enough windows."""
        state.open_round(ground)
        cap = max(2, -(-_SHARE * state.need // len(ground.order)))
        with closing(pool.run(state.cursor, dict(state.behind), cap)) as visited:
            for visit, found in visited:
                state.take(visit, found)
                if state.need == 0:
                    return
        state.close_round()


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

    def take(self, visit: Visit, found: Found) -> None:
        """Take what one picture gave, as far as it is needed."""
        ranks, reached = found.ranks[: self.need], found.reached
        if len(ranks) == self.need:
            reached = int(ranks[-1]) + 1
        self.behind.pop(visit.picture, None)
        if reached < visit.end:
            self.behind[visit.picture] = reached
        self.need -= len(ranks)
        self.found += len(ranks)
        self.tried += reached - visit.start
        self.samples.append(found.samples[: len(ranks)])
        self.cursor = replace(self.cursor, position=visit.position + 1)
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
