"""Rules on the parameters: will this training start, last, and fit."""

from __future__ import annotations

from collections.abc import Iterator

from cascade.doctor.evidence import Evidence
from cascade.doctor.findings import Finding, rule
from cascade.plans import counts as plan

_GIGABYTE = 1 << 30


@rule
def different_windows(evidence: Evidence) -> Iterator[Finding]:
    """Samples of one window, a training for another."""
    samples, training = evidence.samples, evidence.training
    if (samples.width, samples.height) != (training.width, training.height):
        value = f"samples {samples.width}x{samples.height}, training {training.width}x{training.height}"
        remedy = "Give `width` and `height` the same values in both steps."
        yield Finding("error", "two different windows", "parameters", 0, value, remedy)


@rule
def too_few_samples(evidence: Evidence) -> Iterator[Finding]:
    """Stages reject positives, and the .vec must replace them."""
    planned = evidence.plan
    if planned is None or planned.samples == 0:
        return
    value = f"num_pos {planned.num_pos}, {planned.samples} samples"
    if not planned.enough_positives:
        remedy = (
            f"{planned.formula}. Use `num_pos` {planned.largest_num_pos} at most, or leave it out."
            if planned.largest_num_pos
            else "Add positives."
        )
        yield Finding("error", "too few samples for num_pos", "parameters", 0, value, remedy)
    elif planned.samples_with_reserve > planned.samples:
        remedy = f"The last stages may run out: use {planned.largest_num_pos} at most, or leave it out."
        yield Finding("warning", "num_pos leaves little reserve", "parameters", 0, value, remedy)


@rule
def too_few_windows(evidence: Evidence) -> Iterator[Finding]:
    """After k stages the next must look at num_neg / f**k windows, and pictures hold so many."""
    planned = evidence.plan
    if planned is None or planned.fills_all_stages or not planned.windows.pictures:
        return
    filled = planned.stages_filled
    lacking = planned.stages[filled]
    value = f"stage {lacking.stage} needs {lacking.windows}, the pictures hold {planned.windows.all_passes}"
    if not filled:
        remedy = f"Not even the first stage can be filled: use `num_neg` {planned.windows.all_passes} at most."
        yield Finding("error", "too few negative windows", str(evidence.negatives), 0, value, remedy)
        return
    smaller = f", `num_neg` {planned.largest_num_neg}" if planned.largest_num_neg else ""
    remedy = (
        f"Much the same windows would return again and again: add negatives, or use `num_stages` {filled}{smaller}."
    )
    yield Finding("warning", "too few negative windows", str(evidence.negatives), 0, value, remedy)


@rule
def too_little_memory(evidence: Evidence) -> Iterator[Finding]:
    """Caches that do not fit make training many times slower; what does not fit at all fails."""
    if evidence.plan is None:
        return
    cost, free = evidence.plan.cost, plan.free_memory()
    value = f"{cost.memory / _GIGABYTE:.1f} GB needed, {free / _GIGABYTE:.1f} GB free"
    if cost.memory > free:
        buffers = "smaller `precalc_val_buf_size` and `precalc_idx_buf_size`"
        smaller = "a smaller `memory`" if evidence.training.trainer == "native" else buffers
        remedy = f"Use fewer samples, a smaller window, LBP, or {smaller}."
        yield Finding("error", "too little memory", "parameters", 0, value, remedy)
    elif not cost.buffers_hold_all:
        remedy = "The caches hold a part of the features: expect some 8 times the time, or use fewer samples."
        yield Finding("warning", "caches do not fit", "parameters", 0, value, remedy)


@rule
def stages_too_deep(evidence: Evidence) -> Iterator[Finding]:
    """What a hit rate a stage leaves after all stages."""
    training = evidence.training
    left = training.min_hit_rate**training.num_stages
    if left < 0.8:
        value = f"{training.min_hit_rate} ** {training.num_stages} = {left:.2f} of the positives pass all stages"
        remedy = "Raise `min_hit_rate` or use fewer stages."
        yield Finding("warning", "the stages lose many positives", "parameters", 0, value, remedy)
