"""Recall by the objects' size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cascade.score.matching import Matched

SIZES = {"small": (0.0, 32.0), "medium": (32.0, 64.0), "large": (64.0, float("inf"))}
"""Objects by size: the least side (included) and the greatest (not), in pixels; the side is sqrt(width * height)."""


@dataclass(frozen=True)
class SizeRecall:
    """How many objects of a class of sizes there are and how many are found.

    Their side, sqrt(width * height), is from `least` (included) to `most` pixels (not included).
    """

    name: str
    faces: int
    hits: int
    least: float
    most: float

    @property
    def recall(self) -> float | None:
        """Found of all; None where there are none."""
        return self.hits / self.faces if self.faces else None

    @property
    def range(self) -> str:
        """The sides in words."""
        if self.least <= 0:
            return f"below {self.most:g} px"
        return f"from {self.least:g} px" if self.most == float("inf") else f"{self.least:g} to {self.most:g} px"


def recall_by_size(scenes: Sequence[Matched], min_neighbors: int) -> tuple[SizeRecall, ...]:
    """The recall of each class of `SIZES` at one operating point."""
    at = [scene.above(min_neighbors) for scene in scenes]
    sides = np.concatenate([np.sqrt(scene.truth[:, 2:].clip(0).prod(axis=1)) for scene in at])
    found = np.concatenate([scene.found for scene in at])
    classes = {name: (sides >= least) & (sides < most) for name, (least, most) in SIZES.items()}
    return tuple(
        SizeRecall(name, int(these.sum()), int(found[these].sum()), *SIZES[name]) for name, these in classes.items()
    )
