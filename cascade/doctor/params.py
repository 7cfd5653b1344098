"""The doctor's own parameters."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from annotated_types import Ge, Gt, Le

from runs.parameters import Parameters


@dataclass(frozen=True, kw_only=True)
class CheckParams(Parameters):
    """What counts as a fault, and how it weighs."""

    label: str | None = None
    """Take only boxes with this label, or these with commas between them; empty: all, where all have the same."""
    known_cascade: Path | None = None
    """A cascade for the same object, to find positives that hide among the negatives; empty: not looked for."""
    known_min_neighbors: Annotated[int, Ge(0), Le(10_000)] = 5
    """More windows than this must agree before the known cascade's find counts."""
    few_positives: Annotated[int, Ge(0)] = 1000
    """Warn below so many samples."""
    few_negatives: Annotated[int, Ge(0)] = 500
    """Warn below so many negative pictures."""
    max_distortion: Annotated[float, Ge(1)] = 1.15
    """Warn where the window is so many times wider or narrower than the boxes are shaped."""
    near_duplicates: bool = True
    """Look for pictures that are nearly the same, too, such as one picture saved twice."""
    max_clip: Annotated[float, Ge(0), Le(1)] = 0.1
    """A box with at most this share of its area outside is clipped by `--fix`; others are left out."""
    max_megapixels: Annotated[float, Gt(0)] = 100.0
    """Larger pictures count as broken."""
