"""The parameters of a cascade's training: opencv_traincascade's own, in Python spelling, and our trainer's."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Le, Lt

from runs.parameters import ParameterError, Parameters


@dataclass(frozen=True, kw_only=True)
class CascadeTrainParams(Parameters):
    """Which trainer, the options of opencv_traincascade, a time limit, and what only our own trainer can be told."""

    trainer: Literal["native", "opencv"] = "native"
    """native: our own, many times faster, with the same definitions and files; opencv: opencv_traincascade 3.4."""
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
    """HAAR is more accurate; LBP trains and runs many times faster. HOG: no OpenCV since 3.0 can load such cascades."""
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
    """opencv: MB for feature values; empty: enough for all, if half of the free memory allows it (8 times faster)."""
    precalc_idx_buf_size: Annotated[int, Ge(0)] | None = None
    """opencv: MB for sorted indices (it takes twice as many); empty: as for the values."""
    num_threads: Annotated[int, Ge(1)] | None = None
    """Threads; empty: all cores. The cascade does not depend on it. OpenCV's program runs little in parallel."""
    base_format_save: bool = False
    """opencv: write the cascade in the old format of OpenCV 1 (HAAR only)."""
    time_limit_minutes: Annotated[float, Gt(0)] | None = None
    """Stop after so long with the stages trained by then; the same call again goes on. Empty: no limit."""
    memory: Annotated[int, Ge(256)] = 2048
    """native: MiB for samples, features and pictures; with less, features are calculated again. The first start
    compiles, which takes up to 2 GB once."""
    split: Literal["fast", "exact"] = "fast"
    """native: exact finds the best feature, as opencv_traincascade, some 5 to 20 times slower; fast nearly always."""
    seed: Annotated[int, Ge(0)] = 0
    """native: the order in which pictures and windows are searched for negatives."""
    mining_scale_factor: Annotated[float, Gt(1), Le(4)] = 1.4142135623730951
    """native: negatives are searched in pictures each so many times smaller than the one before."""
    mirror_negatives: bool = False
    """native: search the negatives' mirror images too."""
    loosened_hit_rate: Annotated[float, Gt(0), Le(1)] | None = None
    """native: once a stage has later ones, lower its threshold until this share of all positives passes, such as
    0.9999: fewer objects are missed for the same false alarms. Empty: never, as OpenCV does."""
    loosen_after: Annotated[int, Ge(1)] = 4
    """native: how many later stages a stage must have for that."""

    def __post_init__(self) -> None:
        if str(self.feature_type) == "HOG":
            raise ParameterError(
                "`feature_type` must be 'HAAR' or 'LBP': the program would train HOG, but no OpenCV since 3.0 can load "
                "HOG cascades. Got 'HOG'."
            )
        super().__post_init__()
        if self.base_format_save and self.feature_type != "HAAR":
            raise ParameterError("`base_format_save` must be false for LBP: the old format holds HAAR only. Got True.")
        if self.base_format_save and self.trainer == "native":
            raise ParameterError(
                "`base_format_save` must be false for the native trainer: it writes the new format. Got True. "
                "Use `trainer` opencv."
            )

    def program_options(self) -> dict[str, Any]:
        """The values that opencv_traincascade takes, by the names of `cascade.opencv.apps`."""
        ours = {"trainer", "time_limit_minutes", "memory", *_FOR_NATIVE}
        return {name: value for name, value in self.as_dict().items() if name not in ours}

    def recorded(self) -> CascadeTrainParams:
        """These parameters without those that do not change the cascade: memory, threads, the time limit, and what
        only the other trainer reads."""
        own = {**_SHARED, **(_FOR_NATIVE if self.trainer == "opencv" else {})}
        return replace(self, **own)


_SHARED: dict[str, Any] = {
    "precalc_val_buf_size": None,
    "precalc_idx_buf_size": None,
    "num_threads": None,
    "time_limit_minutes": None,
    "memory": 2048,
}
_FOR_NATIVE: dict[str, Any] = {
    "split": "fast",
    "seed": 0,
    "mining_scale_factor": 2**0.5,
    "mirror_negatives": False,
    "loosened_hit_rate": None,
    "loosen_after": 4,
}
