"""Where mining stands, and the order in which it goes on: a small record that a checkpoint keeps as JSON."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

WHOLE = 2**30
"""Levels are counted in parts of a pass: at this level, all windows of all pictures have been tried."""


@dataclass(frozen=True)
class Cursor:
    """Which windows have been tried; the same model, count and cursor give the same windows.

    A pass tries each window of each picture once. It goes in rounds over all pictures; a round takes a picture from
    `level` to `until`, both in parts of its windows. `behind` lists the pictures that stopped early (they had given
    their share), with the window to go on from. `position` is the number of pictures the open round has visited, -1
    where no round is open. `ratio` is the part of windows that the last model accepted, None before the first.
    """

    pass_number: int = 0
    level: int = 0
    until: int = 0
    position: int = -1
    behind: tuple[tuple[int, int], ...] = ()
    ratio: float | None = None

    @property
    def exhausted(self) -> bool:
        """Whether every window of this pass has been tried."""
        return self.level == WHOLE and self.position < 0 and not self.behind

    def next_pass(self) -> Cursor:
        """Start over with scales between those tried so far: new windows from the same pictures."""
        return Cursor(self.pass_number + 1, ratio=self.ratio)

    def to_json(self) -> dict[str, Any]:
        """As plain lists and numbers."""
        return asdict(self) | {"behind": [list(pair) for pair in self.behind]}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Cursor:
        """Read what `to_json` wrote."""
        pairs = tuple((int(picture), int(rank)) for picture, rank in values["behind"])
        return cls(**{**values, "behind": pairs})


class Pass:
    """The order of pictures and of the windows in them during one pass."""

    def __init__(
        self, number: int, sizes: list[tuple[int, int]], window: tuple[int, int], factor: float, seed: int
    ) -> None:
        random = np.random.default_rng((seed, number))
        self.number = number
        self.order = random.permutation(len(sizes))
        self._places = random.random((len(sizes), 2))
        scales = {size: scaled_sizes(size, window, first_scale(number, factor), factor) for size in set(sizes)}
        self._scales = [scales[size] for size in sizes]
        self.counts = np.array([one[-1, 2] for one in self._scales])
        self.windows = int(self.counts.sum())

    def scales(self, picture: int) -> NDArray[np.int64]:
        """The picture's `scaled_sizes`."""
        return self._scales[picture]

    def shuffle(self, picture: int) -> NDArray[np.int64]:
        """The picture's `shuffle`."""
        return shuffle(int(self.counts[picture]), self._places[picture])

    def rank(self, picture: int, level: int) -> int:
        """The first of the picture's windows that has not been tried at a level."""
        return int(self.counts[picture]) * level // WHOLE


def first_scale(pass_number: int, scale_factor: float) -> float:
    """The least reduction of the pictures in a pass.

    Pass 0 starts with the pictures as they are, later ones between that and one `scale_factor` smaller, as far from
    the earlier ones as can be: 1/2, 1/4, 3/4, 1/8, ... of the way in logarithms (van der Corput's sequence).
    """
    place, step = 0.0, 0.5
    while pass_number:
        place, step, pass_number = place + step * (pass_number % 2), step / 2, pass_number // 2
    return scale_factor**place


def scaled_sizes(size: tuple[int, int], window: tuple[int, int], first: float, factor: float) -> NDArray[np.int64]:
    """Sizes of a picture's scales that hold a window, as OpenCV's detector rounds them.

    Returns
    -------
    Rows of width, height and the number of the first window; the last row is (0, 0, number of all windows).
    """
    rows, scale, number = [], first, 0
    while (width := round(size[0] / scale)) >= window[0] and (height := round(size[1] / scale)) >= window[1]:
        rows.append((width, height, number))
        number += (width - window[0] + 1) * (height - window[1] + 1)
        scale *= factor
    return np.array([*rows, (0, 0, number)], np.int64)


def shuffle(count: int, places: NDArray[np.float64]) -> NDArray[np.int64]:
    """Multiplier, shift and inverse multiplier of a shuffled order of `count` windows.

    `places` are two random numbers from 0 to 1. The multiplier is near the golden ratio's part of `count`, which
    spreads any stretch of the order over all windows evenly.
    """
    multiplier = max(1, int(count * (0.613 + 0.01 * places[0])))
    while math.gcd(multiplier, count) != 1:
        multiplier += 1
    return np.array([multiplier, int(count * places[1]), pow(multiplier, -1, count)], np.int64)


def next_level(level: int, wanted: float, windows: int) -> int:
    """How far the next round goes, when `wanted` windows must be tried and a pass has so many `windows`.

    A few windows from each picture cost little, so a round visits all pictures as long as few are wanted. A visit with
    many windows costs the same whatever their number, so then fewer pictures are visited, each for more.
    """
    part = 1.25 * wanted / windows
    if part > 1 / 512:
        part *= 8
    rest = WHOLE - level
    step = max(1, math.ceil(min(part, 1.0) * WHOLE))
    return WHOLE if step > rest // 2 else level + step
