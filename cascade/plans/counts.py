"""Will this training work? How many positives a .vec allows, how many features a window has, how large the buffers get.

The numbers follow the source of opencv_traincascade 3.4.18.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cascade.errors import InputError

RESERVE = 0.5
"""Extra samples, as a share of those that the stages may reject: see `required_samples`."""

_MEGABYTE = 1 << 20


@dataclass(frozen=True)
class Buffers:
    """The sizes of opencv_traincascade's two caches in MB, as its options take them."""

    values: int
    indices: int


def required_samples(num_pos: int, num_stages: int, min_hit_rate: float, reserve: float = RESERVE) -> int:
    """How many samples a .vec needs for a training with `num_pos` positives a stage.

    Each stage may reject up to ``(1 - min_hit_rate) * num_pos`` positives, which the next one replaces by samples
    it has not seen: ``num_pos + R + S`` with ``R = (num_stages - 1) * (1 - min_hit_rate) * num_pos``. Some of the new
    ones the stages before reject too, and these are S. Nobody knows S before the training; here it is
    ``reserve * R``: half of R is enough as long as the cascade accepts two thirds of the positives it never saw.

    Examples
    --------
    >>> required_samples(1000, 20, 0.995, reserve=0)
    1095
    >>> required_samples(1000, 20, 0.995)
    1143
    """
    rejected = (num_stages - 1) * (1 - min_hit_rate) * num_pos
    # Rounded first: (1 - 0.995) is a hair more than 0.005, and ceil would make a whole sample of it.
    return num_pos + math.ceil(round((1 + reserve) * rejected, 6))


def derive_num_pos(count: int, num_stages: int, min_hit_rate: float) -> int:
    """The largest `num_pos` whose `required_samples` a .vec with `count` samples covers; 0 when none does.

    Examples
    --------
    >>> derive_num_pos(1143, 20, 0.995), derive_num_pos(1142, 20, 0.995), derive_num_pos(0, 20, 0.995)
    (1000, 999, 0)
    """
    low, high = 0, max(count, 0)
    while low < high:
        middle = (low + high + 1) // 2
        if required_samples(middle, num_stages, min_hit_rate) <= count:
            low = middle
        else:
            high = middle - 1
    return low


def choose_num_pos(asked: int | None, count: int, num_stages: int, min_hit_rate: float) -> int:
    """`asked` if a .vec with `count` samples allows it, or the derived number when it is None.

    A number that eats into the reserve is allowed: whether it is enough shows in the training.

    Raises
    ------
    InputError
        Too many are asked, or the .vec is empty.
    """
    derived = derive_num_pos(count, num_stages, min_hit_rate)
    if derived < 1:
        raise InputError(f"The .vec holds {count} samples, too few to train with. Collect more positives.")
    if asked is not None:
        needed = required_samples(asked, num_stages, min_hit_rate, reserve=0)
        if needed > count:
            raise InputError(
                f"`num_pos` must leave spare samples for {num_stages} stages at min_hit_rate {min_hit_rate}: "
                f"{asked} need at least {needed}, the .vec holds {count}. Use at most {derived}, or leave it out."
            )
    return derived if asked is None else asked


def count_features(width: int, height: int, feature_type: Literal["HAAR", "LBP"], mode: str = "BASIC") -> int:
    """How many different features a window has; opencv_traincascade prints the same number at its start.

    Examples
    --------
    >>> count_features(24, 24, "HAAR", "BASIC"), count_features(20, 20, "LBP")
    (162336, 3969)
    """
    if feature_type == "LBP":
        return _places(width, 3) * _places(height, 3)
    shapes = [(2, 1), (1, 2), (3, 1), (1, 3), (2, 2)]
    if mode != "BASIC":
        shapes += [(4, 1), (1, 4), (3, 3)]
    upright = sum(_places(width, across) * _places(height, down) for across, down in shapes)
    return upright + (_count_tilted(width, height) if mode == "ALL" else 0)


def plan_buffers(features: int, samples: int, feature_type: str, memory: int) -> Buffers | None:
    """Caches that hold every feature of every sample, when they fit into `memory` bytes; None when they do not.

    Values take 4 bytes; sorted indices 2 (4 from 65,536 samples on), kept twice. LBP has no indices. With full caches
    a weak classifier was measured to take an eighth of the time that it takes with the program's default ones.
    """
    values = 4 * features * samples
    indices = 0 if feature_type == "LBP" else (2 if samples < 65536 else 4) * features * samples
    if values + 2 * indices > memory:
        return None
    return Buffers(math.ceil(values / _MEGABYTE) + 1, math.ceil(indices / _MEGABYTE) + 1)


def free_memory() -> int:
    """Bytes of memory that a new program can have now: what the machine has free, within the container's limit."""
    free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
        limit = Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii").strip()
        used = Path("/sys/fs/cgroup/memory.current").read_text(encoding="ascii")
        return free if limit == "max" else max(0, min(free, int(limit) - int(used)))
    except (OSError, StopIteration, ValueError):
        return free


def _places(length: int, parts: int) -> int:
    """In how many ways `parts` equal pieces in a row fit into `length`."""
    return sum(length - parts * piece + 1 for piece in range(1, length // parts + 1))


def _count_tilted(width: int, height: int) -> int:
    """Features turned by 45 degrees: of length `extent` along both axes together, they need as much on both."""
    shorter = min(width, height)
    return sum(
        (width - extent + 1) * (height - extent + 1)
        for across, down in ((2, 1), (1, 2), (3, 1), (1, 3), (4, 1), (1, 4))
        for dx in range(1, shorter // across + 1)
        for dy in range(1, shorter // down + 1)
        if (extent := across * dx + down * dy) <= shorter
    )
