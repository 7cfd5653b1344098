"""The formulas against closed forms, plain counting, and what opencv_traincascade itself prints."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade import process
from cascade.errors import InputError
from cascade.opencv import apps as opencv_apps
from cascade.plans import counts as plan
from cascade.vec.file import write_vec

RATES = st.floats(0.9, 1.0)


@pytest.mark.parametrize(
    ("num_pos", "stages", "rate", "hard", "reserved"),
    [
        (7000, 21, 0.995, 7700, 8050),
        (1000, 1, 0.9, 1000, 1000),
        (1000, 20, 1.0, 1000, 1000),
        (900, 20, 0.995, 986, 1029),
        (2, 2, 0.5, 3, 4),
    ],
)
def test_required_samples(num_pos, stages, rate, hard, reserved):
    assert plan.required_samples(num_pos, stages, rate, reserve=0) == hard
    assert plan.required_samples(num_pos, stages, rate) == reserved


@given(st.integers(0, 30_000), st.integers(1, 40), RATES)
def test_the_derived_number_is_the_largest_that_fits(count, stages, rate):
    derived = plan.derive_num_pos(count, stages, rate)
    assert plan.required_samples(derived, stages, rate) <= count
    assert plan.required_samples(derived + 1, stages, rate) > count


@given(st.integers(1, 30_000), st.integers(1, 40), RATES)
def test_it_never_grows_with_more_stages(count, stages, rate):
    assert plan.derive_num_pos(count, stages + 1, rate) <= plan.derive_num_pos(count, stages, rate) <= count


def test_a_number_that_is_asked_for():
    assert plan.choose_num_pos(None, 1143, 20, 0.995) == 1000
    assert plan.choose_num_pos(7, 1143, 20, 0.995) == 7
    assert plan.choose_num_pos(1040, 1143, 20, 0.995) == 1040
    with pytest.raises(InputError, match=r"1100 need at least 1205, the \.vec holds 1143\. Use at most 1000"):
        plan.choose_num_pos(1100, 1143, 20, 0.995)
    with pytest.raises(InputError, match="holds 0 samples, too few"):
        plan.choose_num_pos(None, 0, 20, 0.995)


@pytest.mark.parametrize(
    ("window", "kind", "mode", "count"),
    [((20, 20), "HAAR", "BASIC", 78460), ((24, 24), "HAAR", "BASIC", 162336), ((20, 20), "LBP", "BASIC", 3969)],
)
def test_feature_counts_that_are_known(window, kind, mode, count):
    assert plan.count_features(*window, kind, mode) == count


@pytest.mark.parametrize("window", [(8, 8), (9, 6), (5, 11)])
def test_all_features_against_plain_counting(window):
    width, height = window
    spots = [
        (x, y, dx, dy)
        for x in range(width)
        for y in range(height)
        for dx in range(1, width + 1)
        for dy in range(1, height + 1)
    ]
    basic = ((2, 1), (1, 2), (3, 1), (1, 3), (2, 2))
    counts = {
        "BASIC": sum(x + a * dx <= width and y + b * dy <= height for a, b in basic for x, y, dx, dy in spots),
        "CORE": sum(
            x + a * dx <= width and y + b * dy <= height for a, b in ((4, 1), (1, 4), (3, 3)) for x, y, dx, dy in spots
        ),
        "ALL": sum(
            x + a * dx <= width and y + a * dx + b * dy <= height and x >= b * dy
            for a, b in ((2, 1), (1, 2), (3, 1), (1, 3), (4, 1), (1, 4))
            for x, y, dx, dy in spots
        ),
    }
    assert plan.count_features(width, height, "HAAR", "BASIC") == counts["BASIC"]
    assert plan.count_features(width, height, "HAAR", "CORE") == counts["BASIC"] + counts["CORE"]
    assert plan.count_features(width, height, "HAAR", "ALL") == sum(counts.values())


@pytest.mark.opencv
@pytest.mark.parametrize(("kind", "mode"), [("HAAR", "BASIC"), ("HAAR", "CORE"), ("HAAR", "ALL"), ("LBP", None)])
@pytest.mark.parametrize("window", [(20, 20), (24, 17), (12, 30)])
def test_opencv_counts_the_same(tmp_path, kind, mode, window):
    width, height = window
    write_vec(tmp_path / "a.vec", np.zeros((1, height, width), np.uint8))
    (tmp_path / "bg.txt").touch()
    files = {"data": tmp_path, "vec": tmp_path / "a.vec", "bg": tmp_path / "bg.txt", "num_pos": 1, "num_neg": 1}
    values = {**files, "num_stages": 0, "width": width, "height": height, "feature_type": kind, "mode": mode}
    lines = []
    process.stream(opencv_apps.command(opencv_apps.TRAINCASCADE, values), lines.append)
    said = next(line for line in lines if line.startswith("Number of unique features"))
    assert int(said.split(":")[1]) == plan.count_features(width, height, kind, mode or "BASIC")


def test_buffers_hold_every_feature_of_every_sample():
    buffers = plan.plan_buffers(78460, 10500, "HAAR", 1 << 40)
    assert buffers.values * 2**20 >= 4 * 78460 * 10500 > (buffers.values - 2) * 2**20
    assert buffers.indices * 2**20 >= 2 * 78460 * 10500 > (buffers.indices - 2) * 2**20
    assert plan.plan_buffers(100, 65536, "HAAR", 1 << 40).indices == math.ceil(4 * 100 * 65536 / 2**20) + 1


def test_buffers_that_do_not_fit_are_left_to_the_program():
    need = (4 + 2 * 2) * 1000 * 1000
    assert plan.plan_buffers(1000, 1000, "HAAR", need) is not None
    assert plan.plan_buffers(1000, 1000, "HAAR", need - 1) is None
    assert plan.plan_buffers(1000, 1000, "LBP", need // 2) is not None


def test_there_is_some_free_memory():
    assert 0 < plan.free_memory() < 1 << 50
