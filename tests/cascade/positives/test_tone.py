"""What changes greys: closed forms, and nothing beyond the range."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cascade.positives.tone import Tone, apply


def noise(low=0, high=256, seed=0):
    return np.random.default_rng(seed).integers(low, high, (20, 20)).astype(np.uint8)


def test_no_change_gives_the_same_greys():
    assert np.array_equal(apply(Tone(), noise()), noise())


def test_light_and_contrast_are_linear():
    sample = noise(60, 190)
    assert np.array_equal(apply(Tone(light=20.0), sample), sample + 20)
    flat = apply(Tone(contrast=0.5), sample)
    assert np.abs(flat - (sample.mean() + 0.5 * (sample - sample.mean()))).max() <= 0.51


def test_blur_keeps_the_mean_and_takes_the_deviation():
    soft = apply(Tone(blur=1.0), noise(60, 190))
    assert soft.std() < 0.5 * noise(60, 190).std()
    assert abs(soft.mean() - noise(60, 190).mean()) < 1


def test_gamma_keeps_black_and_white_and_bends_between():
    ramp = np.array([[0, 64, 128, 255]], np.uint8)
    assert apply(Tone(gamma=2.0), ramp).tolist() == [[0, 16, 64, 255]]


@pytest.mark.parametrize(
    ("direction", "bright"), [(0, np.s_[:, -1]), (90, np.s_[-1, :]), (180, np.s_[:, 0]), (270, np.s_[0, :])]
)
def test_shade_lights_the_side_that_it_is_told(direction, bright):
    lit = apply(Tone(shade=0.7, shade_direction=direction), np.full((21, 21), 100, np.uint8))
    assert lit[10, 10] == 100
    assert np.abs(lit[bright] - 100 * np.exp(0.7)).max() <= 0.5


def test_shade_beyond_white_darkens_all_alike():
    lit = apply(Tone(shade=1.0), np.full((1, 21), 200, np.uint8)).astype(float)
    assert lit.max() == 255
    assert lit[0, 10] == pytest.approx(255 / np.e, abs=0.5)


def test_grain_is_the_share_of_the_deviation_and_follows_its_seed():
    sample = noise(80, 180)
    grained = apply(Tone(grain=0.3, grain_seed=4), sample)
    assert (grained - sample.astype(float)).std() == pytest.approx(0.3 * sample.std(), rel=0.1)
    assert np.array_equal(grained, apply(Tone(grain=0.3, grain_seed=4), sample))
    assert not np.array_equal(grained, apply(Tone(grain=0.3, grain_seed=5), sample))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 99), st.floats(0.1, 10), st.floats(0, 4), st.floats(0, 360), st.floats(0, 4), st.floats(0, 10))
def test_any_tone_gives_greys(seed, gamma, shade, direction, grain, contrast):
    tone = Tone(gamma=gamma, shade=shade, shade_direction=direction, grain=grain, contrast=contrast)
    toned = apply(tone, noise(seed=seed))
    assert (toned.shape, toned.dtype) == ((20, 20), np.uint8)
    assert np.array_equal(apply(Tone(shade=shade), np.zeros((3, 3), np.uint8)), np.zeros((3, 3)))
