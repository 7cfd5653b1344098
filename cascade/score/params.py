"""The parameters of an evaluation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Gt, Le

from cascade.annotations.formats import FormatName
from cascade.detect import DetectParams
from runs.parameters import Parameters


@dataclass(frozen=True, kw_only=True)
class EvaluateCascadeParams(Parameters):
    """How a cascade is run and measured."""

    scale_factor: Annotated[float, Ge(1.01), Le(4)] = 1.1
    """Each search window is so many times larger than the one before; smaller finds more and takes longer."""
    min_neighbors: Annotated[int, Ge(1), Le(10_000)] = 3
    """The operating point that is reported: more windows than this must agree on an object."""
    min_size: Annotated[int, Ge(1)] = 1
    """Windows of less width or height (pixels) are not searched; 1: the cascade's own window is the smallest."""
    max_size: Annotated[int, Ge(1)] | None = None
    """Larger windows are not searched: the greatest width and height in pixels; empty: the whole picture."""
    iou: Annotated[float, Gt(0), Le(1)] = 0.3
    """A detection is a hit when its intersection over union with a true box is at least this."""
    annotation_format: FormatName | None = None
    """The format of the scenes' annotations; empty: it is guessed."""
    label: str | None = None
    """Only objects of this label count, or of these with commas between; empty: all, where they have one label."""
    false_alarm_budget: Annotated[float, Ge(0)] = 0.5
    """The recommended point has the highest recall with at most so many false alarms an image."""
    curve_points: Annotated[int, Ge(1), Le(10_000)] = 100
    """The curve goes from `min_neighbors` 1 to this."""
    montage_scenes: Annotated[int, Ge(1), Le(48)] = 24
    """So many scenes are shown: half with the most mistakes, half with the most hits."""
    montage_columns: Annotated[int, Ge(2), Le(8)] = 4
    """Scenes in a row of the montage, which is 1600 pixels wide."""
    traced_megapixels: Annotated[float, Ge(0)] = 4.0
    """How each stage rejects is counted on scenes of so many megapixels in all, evenly chosen; 0: not at all."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.detection()

    def detection(self) -> DetectParams:
        """How the scenes are searched: every accepted window, which are grouped afterwards."""
        factor, least, most = self.scale_factor, self.min_size, self.max_size
        return DetectParams(scale_factor=factor, min_neighbors=0, min_size=least, max_size=most)
