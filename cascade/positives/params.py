"""The parameters of the third step, `cascade.samples`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le

from cascade.positives.vary import Spread
from runs.parameters import ParameterError, Parameters


@dataclass(frozen=True, kw_only=True)
class SampleParams(Parameters):
    """The window of the samples, which must be the window of the training too, and how many to make."""

    width: Annotated[int, Ge(1)] = 20
    """Window width in pixels."""
    height: Annotated[int, Ge(1)] = 20
    """Window height in pixels."""
    num: Annotated[int, Ge(1)] | None = None
    """How many samples to make, the first of them; empty: `copies` of every box."""
    copies: Annotated[int, Ge(1)] = 1
    """Samples of every box: the file holds one of each, then a second of each, and so on."""
    keep_first: bool = True
    """Whether the first sample of every box is as the box says; the others vary."""
    mirror: Annotated[float, Ge(0), Le(1)] = 0.0
    """Chance that a sample is mirrored left to right: 0.5 for objects without a left and a right."""
    shift: Annotated[float, Ge(0), Le(1)] = 0.0
    """Most shift, as a fraction of the box's width and height: 0.05."""
    scale: Annotated[float, Ge(0), Le(1)] = 0.0
    """Most change of the box's size, as a fraction: 0.1 makes it up to 1.1 times larger or smaller."""
    rotation: Annotated[float, Ge(0), Le(180)] = 0.0
    """Most rotation either way, in degrees: 8."""
    light: Annotated[float, Ge(0), Le(1)] = 0.0
    """Most change of brightness, as a fraction of the range of grey: 0.1."""
    contrast: Annotated[float, Ge(0), Le(9)] = 0.0
    """Most change of contrast, as a fraction: 0.2 makes it up to 1.2 times stronger or weaker."""
    blur: Annotated[float, Ge(0), Le(20)] = 0.0
    """Most blur: the sigma of a Gaussian, in pixels of the sample: 0.7."""
    gamma: Annotated[float, Ge(0), Le(9)] = 0.0
    """Most change of the tone curve, as of darker skins and prints: 0.4 makes the exponent up to 1.4 or 1/1.4."""
    shade: Annotated[float, Ge(0), Le(4)] = 0.0
    """Most light from one side: 0.8 lights that side up to e^0.8 = 2.2 times more than the middle."""
    grain: Annotated[float, Ge(0), Le(4)] = 0.0
    """Most noise, as of film and print, as a fraction of the sample's own deviation: 0.25."""
    margin: Annotated[float, Gt(-1), Le(4)] = 0.0
    """Make every box larger by this fraction of its sides, about its middle, also the first samples; negative: smaller.

    For boxes that are tighter or looser than what the cascade shall find."""
    seed: Annotated[int, Ge(0)] = 0
    """Seed of all that is drawn. A box's samples depend on it, on the box's number and the copy's, on nothing else."""
    cutter: Literal["auto", "opencv", "native"] = "auto"
    """Who cuts. `opencv`: opencv_createsamples, which knows no variations. `native`: this program, which gives the same
    samples where nothing varies. `auto`: opencv where it is there and nothing varies."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.spread != Spread() and self.copies == 1 and self.keep_first:
            raise ParameterError(
                "`copies` must be at least 2 for samples to vary while `keep_first` keeps the first of each box. "
                "Got 1. Make more copies, or set `keep_first` to false."
            )
        if self.cutter == "opencv" and not self.is_plain:
            raise ParameterError(
                "`cutter` must be 'auto' or 'native' where samples vary, have a margin or several copies. Got 'opencv'."
            )

    @property
    def window(self) -> tuple[int, int]:
        """Width and height of the window in pixels."""
        return self.width, self.height

    @property
    def is_plain(self) -> bool:
        """Whether every box gives one sample as it is."""
        return self.copies == 1 and self.margin == 0 and self.spread == Spread()

    @property
    def spread(self) -> Spread:
        """How far the varied samples vary."""
        return Spread(**{name: getattr(self, name) for name in Spread.__dataclass_fields__})
