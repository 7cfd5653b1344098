"""What a training will cost: memory, which can be known, and time, which can be guessed.

The memory formula was held against the peak resident size of opencv_traincascade 3.4.18: 691 MB measured and 693
computed for 1000 + 500 samples of 20x20, HAAR BASIC, stumps; 646 and 647 for 700 + 350 samples and depth 2.
"""

from __future__ import annotations

from dataclasses import dataclass

from cascade.plans import counts as plan
from cascade.train_params import CascadeTrainParams

DEFAULT_BUFFER = 1024
"""Megabytes of either cache where opencv_traincascade is not told."""

_MEGABYTE = 1 << 20
_PROGRAM_BYTES = 8 << 20
_FEATURE_BYTES = 120


@dataclass(frozen=True)
class Cost:
    """What a training takes: bytes of memory; seconds at least and at most, and a value between."""

    memory: int
    buffers_hold_all: bool
    seconds_low: float
    seconds: float
    seconds_high: float


@dataclass(frozen=True)
class _Pace:
    """Seconds for a feature's value of one sample (sorted; searched), for a window looked at, and stumps a stage."""

    precompute: float
    search: float
    window: float
    weak_count: float
    false_alarm_share: float


_OPENCV = (
    # Quiet, four cores, 1000 + 500 and (LBP) 3500 + 1750 samples of 20x20: 1.9e-8, 5.8e-9, 1.0e-6.
    _Pace(1.9e-8, 5.8e-9, 1.0e-6, 10, 1.0),
    _Pace(6e-8, 8e-9, 1.5e-6, 20, 0.95),
    # Beside other work, 7000 + 3500 samples of 20x20: 95 s a stage and 7 to 17 s a stump of 8.2e8 values.
    _Pace(1.2e-7, 2.1e-8, 3.0e-6, 40, 0.9),
)
# Four cores beside other work, the same samples: 0.45 to 1 s a stage, 0.1 s a stump, 16 to 44 million windows a second.
_NATIVE = (
    _Pace(5e-10, 8e-11, 2.2e-8, 10, 1.0),
    _Pace(9e-10, 1.3e-10, 4e-8, 25, 0.95),
    _Pace(2.5e-9, 4e-10, 2e-7, 60, 0.9),
)
_NATIVE_START = 15.0  # seconds to compile, the first time
_UNBUFFERED = 8.0


def estimate(params: CascadeTrainParams, num_pos: int, memory: int) -> Cost:
    """The cost of a training with `num_pos` positives where `memory` bytes may be used for its caches.

    Our own trainer keeps to its `memory`. opencv_traincascade takes ``values + indices + integrals + features + 8 MB``:
    4 bytes a value; 2 an index (4 from 65,536 samples on), once for stumps and twice for deeper trees, none for LBP;
    ``4 * (width + 1) * (height + 1)`` bytes a sample, twice with tilted features; 120 bytes a feature.

    Seconds are ``stages * V * p + weak * splits * V * s + windows * t``, where V is features times samples, and p, s
    and t are seconds to sort a value, to search it, and to look at a window. A stage is taken to have 10 to 40 weak
    classifiers (20 in the middle: 19 were measured on faces, 38 in a published cascade), and to pass 0.9 to 1 times
    `max_false_alarm_rate`. This is a rough estimate: expect the truth within the range, not near its middle.
    """
    features = plan.count_features(params.width, params.height, params.feature_type, params.mode)
    samples = num_pos + params.num_neg
    if params.trainer == "native":
        native = [_NATIVE_START + _seconds(params, features * samples, pace, True) for pace in _NATIVE]
        return Cost(params.memory * _MEGABYTE, True, *native)
    values, indices, all_held = _caches(params, features, samples, memory)
    integrals = 4 * samples * (params.width + 1) * (params.height + 1)
    integrals *= 2 if params.feature_type == "HAAR" and params.mode == "ALL" else 1
    caches = values + indices * (1 if params.max_depth == 1 else 2)
    seconds = [_seconds(params, features * samples, pace, all_held) for pace in _OPENCV]
    return Cost(caches + integrals + _FEATURE_BYTES * features + _PROGRAM_BYTES, all_held, *seconds)


def _caches(params: CascadeTrainParams, features: int, samples: int, memory: int) -> tuple[int, int, bool]:
    """Bytes of values and indices that the program will keep, and whether that is all of them."""
    chosen = plan.plan_buffers(features, samples, params.feature_type, memory)
    buffers = chosen or plan.Buffers(DEFAULT_BUFFER, DEFAULT_BUFFER)
    limits = (
        buffers.values if params.precalc_val_buf_size is None else params.precalc_val_buf_size,
        buffers.indices if params.precalc_idx_buf_size is None else params.precalc_idx_buf_size,
    )
    index_bytes = 0 if params.feature_type == "LBP" else 2 if samples < 65536 else 4
    whole = (4 * features * samples, index_bytes * features * samples)
    kept = [min(size, limit * _MEGABYTE) for size, limit in zip(whole, limits, strict=True)]
    return kept[0], kept[1], (kept[0], kept[1]) == whole


def _seconds(params: CascadeTrainParams, values: int, pace: _Pace, all_held: bool) -> float:
    weak = min(pace.weak_count, params.max_weak_count) * params.num_stages * (2**params.max_depth - 1)
    search = weak * values * pace.search * (1 if all_held else _UNBUFFERED)
    rate = params.max_false_alarm_rate * pace.false_alarm_share
    most = params.num_neg * params.max_depth / params.max_false_alarm_rate**params.num_stages
    windows = sum(min(params.num_neg / rate**stage, most) for stage in range(params.num_stages))
    return params.num_stages * values * pace.precompute + search + windows * pace.window
