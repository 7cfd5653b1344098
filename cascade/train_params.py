"""The parameters of a cascade's training: opencv_traincascade's own, in Python spelling."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, Lt

from runs.parameters import ParameterError, Parameters


@dataclass(frozen=True, kw_only=True)
class CascadeTrainParams(Parameters):
    """The options of opencv_traincascade, and a time limit."""

    width: Annotated[int, Ge(4)] = 20
    """Window width in pixels: that of the samples."""
    height: Annotated[int, Ge(4)] = 20
    """Window height in pixels: that of the samples."""
    num_pos: Annotated[int, Ge(1)] | None = None
    """Positives for every stage; empty: as many as the .vec allows, with a reserve."""
    num_neg: Annotated[int, Ge(1)] = 1000
    """Negative windows for every stage. Half to all of `num_pos` is usual."""
    num_stages: Annotated[int, Ge(1)] = 20
    """Stages to train at most."""
    feature_type: Literal["HAAR", "LBP"] = "HAAR"
    """HAAR is more accurate; LBP trains and runs many times faster."""
    mode: Literal["BASIC", "CORE", "ALL"] = "BASIC"
    """Which Haar features: upright edges and lines, more upright ones, or tilted ones too."""
    boost_type: Literal["GAB", "DAB", "RAB", "LB"] = "GAB"
    """Gentle, discrete, real AdaBoost, or LogitBoost."""
    min_hit_rate: Annotated[float, Gt(0), Le(1)] = 0.995
    """The share of the positives that every stage must accept."""
    max_false_alarm_rate: Annotated[float, Gt(0), Lt(1)] = 0.5
    """The share of the negatives that a stage may accept; a stage grows until it is reached."""
    weight_trim_rate: Annotated[float, Gt(0), Le(1)] = 0.95
    """Samples with the least weight are left out of the next weak classifier, down to this share of all weight."""
    max_depth: Annotated[int, Ge(1), Le(25)] = 1
    """Depth of a weak classifier: 1 is a stump."""
    max_weak_count: Annotated[int, Ge(1)] = 100
    """Weak classifiers in a stage at most; the stage then ends above its false alarm rate."""
    acceptance_ratio_break_value: Annotated[float, Le(1)] = -1.0
    """Stop when so small a share of the negative windows passes all stages; negative: never."""
    precalc_val_buf_size: Annotated[int, Ge(0)] | None = None
    """MB for feature values; empty: enough for all, if half of the free memory allows it (8 times faster)."""
    precalc_idx_buf_size: Annotated[int, Ge(0)] | None = None
    """MB for sorted indices (it takes twice as many); empty: as for the values."""
    num_threads: Annotated[int, Ge(1)] | None = None
    """Threads for the little that runs in parallel; empty: all cores."""
    base_format_save: bool = False
    """Write the cascade in the old format of OpenCV 1 (HAAR only)."""
    time_limit_minutes: Annotated[float, Gt(0)] | None = None
    """Stop after so long with the stages trained by then; the same call again goes on. Empty: no limit."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.base_format_save and self.feature_type != "HAAR":
            raise ParameterError("`base_format_save` must be false for LBP: the old format holds HAAR only. Got True.")

    def recorded(self) -> CascadeTrainParams:
        """These parameters without those that do not change the cascade: buffers, threads and the time limit."""
        return replace(
            self, precalc_val_buf_size=None, precalc_idx_buf_size=None, num_threads=None, time_limit_minutes=None
        )
