from __future__ import annotations

import numpy as np
import pytest

from live.motion import Motion


def test_a_box_that_rests_stays() -> None:
    motion = Motion((10, 20, 40, 40))
    for _ in range(20):
        motion.predict(0.04)
        motion.correct((10, 20, 40, 40))
    assert motion.box == pytest.approx((10, 20, 40, 40))


@pytest.mark.parametrize("rate", [10, 30])
def test_it_learns_the_speed_whatever_the_frame_rate(rate: int) -> None:
    motion = Motion((0, 0, 40, 40))
    for number in range(1, 2 * rate + 1):
        motion.predict(1 / rate)
        motion.correct((60 * number / rate, 0, 40, 40))
    motion.predict(0.5)
    assert motion.box == pytest.approx((120 + 30, 0, 40, 40), abs=2)


def test_jitter_is_smoothed() -> None:
    rng = np.random.default_rng(0)
    motion, seen, shown = Motion((100, 100, 60, 60)), [], []
    for _ in range(200):
        box = np.array([100, 100, 60, 60]) + rng.normal(0, 2, 4)
        motion.predict(0.04)
        motion.correct(box)
        seen.append(box[0])
        shown.append(motion.box[0])
    assert np.abs(np.diff(shown)).mean() < 0.6 * np.abs(np.diff(seen)).mean()
    assert np.mean(shown) == pytest.approx(100, abs=1)


def test_a_face_that_is_not_seen_does_not_fly_away() -> None:
    motion = Motion((0, 0, 40, 40))
    for number in range(1, 26):
        motion.predict(0.04)
        motion.correct((8 * number, 0, 40, 40))
    for _ in range(100):
        motion.predict(0.04)
        motion.fade(0.04)
    assert 200 < motion.box[0] < 200 + 200 * 0.55


def test_time_that_does_not_pass_changes_nothing() -> None:
    motion = Motion((0, 0, 40, 40))
    motion.predict(0.0)
    motion.predict(-1.0)
    assert motion.box == pytest.approx((0, 0, 40, 40))


def test_a_box_never_loses_its_area() -> None:
    motion = Motion((0, 0, 60, 60))
    for side in range(60, 4, -4):
        motion.predict(0.04)
        motion.correct((0, 0, side, side))
    motion.predict(5.0)
    assert motion.box[2] >= 1
