"""The parameters of an evaluation of the pair."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Annotated

from annotated_types import Ge, Gt, Le

from cascade.annotations.formats import FormatName
from pair.find import PairParams


@dataclass(frozen=True, kw_only=True)
class EvaluatePairParams(PairParams):
    """How a cascade and a network are run together and measured."""

    own_point: bool = True
    """Search as the cascade does best by its own figures, where those are given; else, or switched off, as
    `scale_factor`, `min_neighbors`, `min_size` and `max_size` say."""
    iou: Annotated[float, Gt(0), Le(1)] = 0.3
    """A face is found when a box's intersection over union with the true one is at least this."""
    annotation_format: FormatName | None = None
    """The format of the scenes' annotations; empty: it is guessed."""
    montage_scenes: Annotated[int, Ge(1), Le(48)] = 24
    """So many scenes are shown: half with the most mistakes, half with the most faces rightly told."""
    montage_columns: Annotated[int, Ge(2), Le(8)] = 4
    """Scenes in a row of the montage, which is 1600 pixels wide."""

    def pair(self) -> PairParams:
        """The part that says how faces are found and cut out: the pair's operating point."""
        return PairParams(**{field.name: getattr(self, field.name) for field in fields(PairParams)})
