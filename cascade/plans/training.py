"""The whole plan of a training, before it starts: positives and negatives by stage, memory, features, time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cascade.errors import InputError
from cascade.plans import counts as plan
from cascade.plans.cost import Cost, estimate
from cascade.plans.windows import WindowSupply, list_negatives, native_supply, read_sizes, supply
from cascade.train_params import CascadeTrainParams
from cascade.vec.file import inspect


@dataclass(frozen=True)
class StagePlan:
    """What one stage (the first is 1) needs.

    `positives` are samples taken from the .vec up to and with this stage, the reserve not counted; `windows` are those
    that must be looked at to find `num_neg` which the stages before accept; `source` is where they can come from:
    ``first pass`` over the pictures, ``later passes`` (windows moved a little, or scales between: nearly the same
    again), or ``not enough``.
    """

    stage: int
    positives: int
    windows: int
    source: str


@dataclass(frozen=True)
class TrainingPlan:
    """What a training needs against what there is; `num_pos` is what it will take, 0 where it cannot start."""

    samples: int
    num_pos: int
    largest_num_pos: int
    samples_needed: int
    samples_with_reserve: int
    num_neg: int
    largest_num_neg: int
    windows: WindowSupply
    stages_filled: int
    features: int
    cost: Cost
    formula: str
    stages: tuple[StagePlan, ...]

    @property
    def fills_all_stages(self) -> bool:
        """Whether the pictures can yield different negative windows for every stage."""
        return self.stages_filled == len(self.stages)

    @property
    def enough_positives(self) -> bool:
        """Whether the samples last for all stages, the reserve not counted."""
        return self.num_pos > 0 and self.samples_needed <= self.samples


def plan_training(
    samples: int,
    negatives: Path | Sequence[tuple[int, int]],
    training: CascadeTrainParams = CascadeTrainParams(),
    *,
    memory: int | None = None,
) -> TrainingPlan:
    """Plan a training.

    Parameters
    ----------
    samples
        How many samples the .vec will hold.
    negatives
        A background file or a folder of pictures; or the pictures' sizes, each ``(width, height)``.
    memory
        Bytes that the trainer's caches may take; None: half of what is free now, as `train_cascade` allows.

    Raises
    ------
    InputError
        There are no such negatives.

    Notes
    -----
    At a false alarm rate of f a stage, one window in ``f ** -k`` passes k stages, so that ``num_neg / f ** k`` must be
    looked at for the next. Stages often do better than f and then need more: it is the least.
    """
    sizes = read_sizes(list_negatives(negatives)) if isinstance(negatives, Path) else negatives
    yields = _supply(sizes, training)
    largest = plan.derive_num_pos(samples, training.num_stages, training.min_hit_rate)
    num_pos = largest if training.num_pos is None else training.num_pos
    stages = tuple(_plan_stage(stage, num_pos, yields, training) for stage in range(1, training.num_stages + 1))
    return TrainingPlan(
        samples=samples,
        num_pos=num_pos,
        largest_num_pos=largest,
        samples_needed=plan.required_samples(num_pos, training.num_stages, training.min_hit_rate, reserve=0),
        samples_with_reserve=plan.required_samples(num_pos, training.num_stages, training.min_hit_rate),
        num_neg=training.num_neg,
        largest_num_neg=_largest_num_neg(yields, training),
        windows=yields,
        stages_filled=sum(stage.source != "not enough" for stage in stages),
        features=plan.count_features(training.width, training.height, training.feature_type, training.mode),
        cost=estimate(training, num_pos, plan.free_memory() // 2 if memory is None else memory),
        formula=_formula(num_pos, training),
        stages=stages,
    )


def count_samples(positives: str) -> int:
    """How many samples there are: a number as it is, or the count in a .vec file.

    Raises
    ------
    InputError
        It is neither.
    """
    if positives.isascii() and positives.isdigit() and len(positives) < 10:
        return int(positives)
    if not Path(positives).is_file():
        raise InputError(f"`positives` must be a number or a .vec file. Got {positives!r}, which is no file.")
    return inspect(Path(positives)).count


def _supply(sizes: Sequence[tuple[int, int]], training: CascadeTrainParams) -> WindowSupply:
    if training.trainer == "opencv":
        return supply(sizes, training.width, training.height)
    factor, mirror = training.mining_scale_factor, training.mirror_negatives
    return native_supply(sizes, training.width, training.height, factor, mirror=mirror)


def _plan_stage(stage: int, num_pos: int, yields: WindowSupply, training: CascadeTrainParams) -> StagePlan:
    positives = plan.required_samples(num_pos, stage, training.min_hit_rate, reserve=0)
    windows = math.ceil(round(training.num_neg / training.max_false_alarm_rate ** (stage - 1), 6))
    enough = [("first pass", yields.one_pass), ("later passes", yields.all_passes)]
    source = next((name for name, most in enough if windows <= most), "not enough")
    return StagePlan(stage, positives, windows, source)


def _largest_num_neg(yields: WindowSupply, training: CascadeTrainParams) -> int:
    return math.floor(yields.all_passes * training.max_false_alarm_rate ** (training.num_stages - 1))


def _formula(num_pos: int, training: CascadeTrainParams) -> str:
    stages, rate = training.num_stages, training.min_hit_rate
    rejected = plan.required_samples(num_pos, stages, rate, reserve=0) - num_pos
    reserve = plan.required_samples(num_pos, stages, rate) - num_pos - rejected
    return (
        f"num_pos {num_pos} + {rejected} that {stages - 1} earlier stages may reject "
        f"((num_stages - 1) * (1 - min_hit_rate) * num_pos = {stages - 1} * {1 - rate:.4g} * {num_pos}) "
        f"+ {reserve} in reserve = {num_pos + rejected + reserve} samples"
    )
