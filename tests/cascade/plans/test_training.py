"""The plan against closed forms and the trainer's own memory."""

import subprocess
import sys

import cv2
import numpy as np
import pytest

from cascade.errors import InputError
from cascade.opencv import apps as opencv_apps
from cascade.plans import counts as plan
from cascade.plans.cost import estimate
from cascade.plans.training import count_samples, plan_training
from cascade.train_params import CascadeTrainParams
from cascade.vec.file import write_vec

MEASURE = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def test_each_stage_doubles_what_must_be_looked_at():
    planned = plan_training(2000, [(100, 100)], CascadeTrainParams(num_neg=10, num_stages=5))
    assert [stage.stage for stage in planned.stages] == [1, 2, 3, 4, 5]
    assert [stage.windows for stage in planned.stages] == [10, 20, 40, 80, 160]
    assert planned.stages[-1].positives == planned.samples_needed


def test_the_sources_follow_the_supply():
    # In a 40x40 picture: one window at 20x20, one at 28x28, and four at 39x39, which single precision makes of 40.
    training = CascadeTrainParams(trainer="opencv", num_neg=6, num_stages=12)
    planned = plan_training(1000, [(40, 40)], training)
    every = planned.windows.all_passes
    assert planned.windows.one_pass == 6
    assert planned.stages[0].source == "first pass"
    assert planned.stages[1].source == "later passes"
    assert planned.stages_filled == max(stage for stage in range(1, 13) if 6 * 2 ** (stage - 1) <= every)
    assert planned.largest_num_neg == every // 2**11
    assert not planned.fills_all_stages


def test_our_own_trainer_finds_more_windows_in_the_same_pictures():
    own, theirs = (
        plan_training(1000, [(40, 40)], CascadeTrainParams(trainer=trainer, num_neg=6, num_stages=12))
        for trainer in ("native", "opencv")
    )
    # 21 * 21 places at 40x40, 9 * 9 at 28x28, and one at 20x20
    assert own.windows.one_pass == 21**2 + 9**2 + 1
    assert own.windows.all_passes > theirs.windows.all_passes
    assert own.stages_filled > theirs.stages_filled


def test_a_training_that_filled_its_stages_is_not_said_to_lack_negatives():
    """160 pictures as large as the sample data's, whose 17 stages of 2,500 our own trainer filled in half a minute."""
    training = CascadeTrainParams(num_neg=2500, num_stages=17, min_hit_rate=0.999)
    assert plan_training(3200, [(270, 225)] * 160, training).fills_all_stages


def test_the_largest_num_neg_fills_all_stages_and_one_more_does_not():
    sizes = [(200, 150)] * 30
    most = plan_training(1000, sizes, CascadeTrainParams(num_stages=8)).largest_num_neg
    for num_neg, enough in ((most, True), (most + 1, False)):
        assert plan_training(1000, sizes, CascadeTrainParams(num_stages=8, num_neg=num_neg)).fills_all_stages is enough


def test_the_formula_has_the_numbers_in_it():
    planned = plan_training(5000, [(50, 50)], CascadeTrainParams(num_pos=1000, min_hit_rate=0.995))
    assert planned.formula.startswith("num_pos 1000 + 95 that 19 earlier stages may reject")
    assert planned.formula.endswith("+ 48 in reserve = 1143 samples")
    assert planned.samples_with_reserve == 1143


@pytest.mark.parametrize(("samples", "num_pos", "enough"), [(1095, 1000, True), (1094, 1000, False), (0, None, False)])
def test_enough_positives(samples, num_pos, enough):
    assert (
        plan_training(samples, [(50, 50)], CascadeTrainParams(trainer="opencv", num_pos=num_pos)).enough_positives
        is enough
    )


def test_a_number_or_a_vec_file_says_how_many_samples_there_are(tmp_path):
    write_vec(tmp_path / "a.vec", np.zeros((7, 20, 20), np.uint8))
    assert count_samples("12") == 12
    assert count_samples(str(tmp_path / "a.vec")) == 7
    with pytest.raises(InputError, match=r"must be a number or a \.vec file\. Got 'gone\.vec'"):
        count_samples("gone.vec")


def test_the_estimates_are_in_order_and_grow():
    small = estimate(CascadeTrainParams(trainer="opencv", num_neg=500, num_stages=5), 1000, 1 << 40)
    large = estimate(CascadeTrainParams(trainer="opencv", num_neg=500, num_stages=10), 1000, 1 << 40)
    assert small.seconds_low < small.seconds < small.seconds_high < large.seconds_high
    assert small.memory == large.memory
    assert small.buffers_hold_all


def test_the_estimate_holds_the_run_that_was_measured():
    """7000 + 3500 faces of 20x20, 17 stages and 323 stumps: 92 minutes beside other work."""
    cost = estimate(
        CascadeTrainParams(trainer="opencv", num_neg=3500, num_stages=17, min_hit_rate=0.998), 7000, 1 << 40
    )
    assert cost.seconds_low < 92 * 60 < cost.seconds_high


def test_the_estimate_of_our_own_trainer_holds_what_was_measured_and_keeps_to_its_memory():
    """12000 + 6000 faces of 20x20, 20 stages and 794 stumps: 453 seconds beside other work."""
    training = CascadeTrainParams(num_neg=6000, num_stages=20, max_weak_count=200, memory=5000)
    cost = estimate(training, 12000, 1 << 40)
    assert cost.seconds_low < 453 < cost.seconds_high
    assert cost.memory == 5000 << 20


def test_caches_that_do_not_fit_take_the_programs_own_sizes():
    cost = estimate(CascadeTrainParams(trainer="opencv"), 100_000, 0)
    assert not cost.buffers_hold_all
    assert cost.memory > 2048 << 20
    told = estimate(CascadeTrainParams(trainer="opencv", precalc_val_buf_size=10, precalc_idx_buf_size=10), 100_000, 0)
    assert cost.memory - told.memory == 2 * 1014 << 20


@pytest.mark.opencv
@pytest.mark.parametrize("depth", [1, 2])
def test_memory_is_what_the_program_takes(tmp_path, depth):
    rng = np.random.default_rng(0)
    write_vec(tmp_path / "a.vec", rng.integers(0, 256, (300, 20, 20), np.uint8))

    cv2.imwrite(str(tmp_path / "a.png"), rng.integers(0, 256, (300, 400), np.uint8))
    (tmp_path / "bg.txt").write_text("a.png\n", encoding="ascii")
    (tmp_path / "out").mkdir()
    training = CascadeTrainParams(trainer="opencv", num_neg=200, max_depth=depth)
    buffers = plan.plan_buffers(plan.count_features(20, 20, "HAAR"), 500, "HAAR", 1 << 40)
    values = {"data": "out", "vec": "a.vec", "bg": "bg.txt", "num_pos": 300, "num_neg": 200, "num_stages": 1}
    values |= {"width": 20, "height": 20, "max_depth": depth, "max_weak_count": 1}
    values |= {"precalc_val_buf_size": buffers.values, "precalc_idx_buf_size": buffers.indices}
    command = [sys.executable, "-c", MEASURE, *map(str, opencv_apps.command(opencv_apps.TRAINCASCADE, values))]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    kilobytes = int(done.stdout)
    assert 1024 * kilobytes == pytest.approx(estimate(training, 300, 1 << 40).memory, rel=0.1)
