"""The count of negative windows against a plain walk over them, and against the program itself."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade import process
from cascade.opencv import apps as opencv_apps
from cascade.plans.windows import (
    WindowSupply,
    count_windows,
    list_negatives,
    native_supply,
    read_sizes,
    supply,
)
from cascade.vec.file import write_vec

SIDES = st.integers(1, 120)
WINDOWS = st.integers(4, 30)


def walk(width, height, window_width, window_height, number):
    """Every window of one pass over one picture, one after the other, in single precision as the program counts."""
    single = np.float32
    left, top = min(number % window_width, width - window_width), min(number // window_width, height - window_height)
    if left < 0 or top < 0:
        return 0
    scale = max(single(window_width + left) / single(width), single(window_height + top) / single(height))
    across, down = (int(scale * single(side) + single(0.5)) for side in (width, height))
    count = 0
    while True:
        y = top
        while True:
            x = left
            while True:
                count += 1
                if int(x + 1.5 * window_width) >= across:
                    break
                x += window_width // 2
            if int(y + 1.5 * window_height) >= down:
                break
            y += window_height // 2
        scale = single(scale * single(2**0.5))
        if scale > 1:
            return count
        across, down = int(scale * single(width)), int(scale * single(height))


@given(SIDES, SIDES, WINDOWS, WINDOWS, st.integers(0, 1000))
def test_the_count_is_that_of_a_walk_over_the_windows(width, height, window_width, window_height, number):
    number %= window_width * window_height
    counted = count_windows([(width, height)], window_width, window_height, number)
    assert counted.tolist() == [walk(width, height, window_width, window_height, number)]


def test_all_passes_are_counted_where_they_are_few():
    sizes = [(40, 30), (40, 30), (17, 60), (3, 3)]
    every = sum(walk(*size, 8, 7, number) for size in sizes for number in range(56))
    found = supply(sizes, 8, 7)
    assert (found.pictures, found.one_pass, found.all_passes) == (3, sum(walk(*size, 8, 7, 0) for size in sizes), every)


def test_all_passes_are_estimated_closely_where_they_are_many():
    sizes = [(400, 300), (123, 77)]
    every = sum(walk(*size, 20, 20, number) for size in sizes for number in range(400))
    assert supply(sizes, 20, 20).all_passes == pytest.approx(every, rel=0.05)


def test_nothing_yields_nothing():
    assert supply([], 20, 20).all_passes == 0


def test_negatives_are_listed_from_a_folder_and_a_list(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((30, 50), np.uint8))
    (tmp_path / "broken.png").write_bytes(b"no picture")
    (tmp_path / "bg.txt").write_text("a.png\n\nbroken.png\ngone.png\n", encoding="ascii")
    assert len(list_negatives(tmp_path)) == 2
    assert read_sizes(list_negatives(tmp_path / "bg.txt")) == [(50, 30)]


@pytest.mark.opencv
@pytest.mark.parametrize(("extra", "reached"), [(-1, False), (0, True)])
def test_the_program_goes_on_to_the_next_picture_after_so_many_windows(tmp_path, extra, reached):
    """The second picture is broken, and the program's PNG reader complains when it gets there."""
    rng = np.random.default_rng(0)
    write_vec(tmp_path / "a.vec", rng.integers(0, 256, (20, 10, 12), np.uint8))
    cv2.imwrite(str(tmp_path / "a.png"), rng.integers(0, 256, (61, 97), np.uint8))
    whole = (tmp_path / "a.png").read_bytes()
    (tmp_path / "broken.png").write_bytes(whole[:60] + bytes(200) + whole[260:])
    (tmp_path / "bg.txt").write_text("a.png\nbroken.png\n", encoding="ascii")
    (tmp_path / "out").mkdir()
    windows = int(count_windows([(97, 61)], 12, 10)[0])
    values = {"data": "out", "vec": "a.vec", "bg": "bg.txt", "num_pos": 20, "num_neg": windows + extra, "num_stages": 1}
    values |= {"width": 12, "height": 10, "feature_type": "LBP", "max_weak_count": 1}
    lines = []
    process.stream(opencv_apps.command(opencv_apps.TRAINCASCADE, values), lines.append, cwd=tmp_path)
    assert any(f"NEG count : acceptanceRatio    {windows + extra}" in line for line in lines)
    assert any("libpng" in line for line in lines) == reached


def test_our_own_trainers_first_pass_is_every_place_at_every_scale():
    sizes = [(40, 40), (40, 40), (19, 100), (57, 30)]
    found = native_supply(sizes, 20, 20)
    places = [21**2 + 9**2 + 1] * 2 + [0, 38 * 11 + 21 * 2]
    assert (found.pictures, found.one_pass) == (3, sum(places))
    assert native_supply(sizes, 20, 20, mirror=True).all_passes == 2 * found.all_passes


def test_our_own_trainers_passes_end_where_the_scales_are_half_a_pixel_apart():
    # log(sqrt(2)) / log(1 + 0.5 / 20) = 14.04 scales at least between two: so 16 passes, as each halves the steps.
    scales = [2 ** (number / 32) for number in range(-80, 80)]
    sides = [round(100 / scale) for scale in scales if scale >= 0.999]
    assert native_supply([(100, 100)], 20, 20).all_passes == sum((side - 19) ** 2 for side in sides if side >= 20)


def test_no_pictures_hold_no_windows_for_our_own_trainer():
    assert native_supply([], 20, 20) == WindowSupply(0, 0, 0)
