"""The small painter: coverage, softness, and that it never paints outside."""

import numpy as np
import pytest

from cnn.synthetic.canvas import Canvas, ellipse, ribbon


def _square(low, high):
    return np.array([(low, low), (high, low), (high, high), (low, high)], float)


def test_fill_paints_the_inside_only():
    canvas = Canvas(32)
    canvas.fill(_square(8, 16), (10, 20, 30))

    assert canvas.image[12, 12].tolist() == [10, 20, 30]
    assert canvas.image[12, 20].tolist() == [0, 0, 0]
    assert canvas.alpha.max() == 0


def test_cover_makes_opaque_where_it_paints():
    canvas = Canvas(32)
    canvas.fill(_square(8, 16), (10, 20, 30), opacity=0.5, cover=True)

    assert canvas.alpha[12, 12] == pytest.approx(0.5)
    assert canvas.alpha[2, 2] == 0


@pytest.mark.parametrize("offset", [-200.0, 200.0])
def test_shapes_wholly_outside_change_nothing(offset):
    canvas = Canvas(32)
    canvas.fill(_square(4, 20) + offset, (255, 255, 255), blur=2, cover=True)
    canvas.shade(_square(4, 20) + offset, 0.5, blur=2)

    assert canvas.image.max() == 0
    assert canvas.alpha.max() == 0
    assert canvas.mask(_square(4, 20) + offset).max() == 0


def test_a_shape_across_the_edge_is_cut():
    canvas = Canvas(32)
    canvas.fill(_square(-10, 6), (255, 255, 255))

    assert canvas.image[0, 0, 0] == 255
    assert canvas.image[10, 10, 0] == 0


def test_blur_softens_the_edge_and_keeps_the_amount():
    sharp, soft = Canvas(64), Canvas(64)
    sharp.fill(_square(20, 40), (200, 200, 200))
    soft.fill(_square(20, 40), (200, 200, 200), blur=3)

    assert 0 < soft.image[30, 17, 0] < soft.image[30, 30, 0]
    assert soft.image.sum() == pytest.approx(sharp.image.sum(), rel=0.02)


def test_within_and_texture_limit_and_multiply():
    canvas = Canvas(32)
    left = np.zeros((32, 32), np.float32)
    left[:, :12] = 1
    canvas.fill(_square(8, 16), (100, 100, 100), within=left, texture=np.full((32, 32), 1.5, np.float32))

    assert canvas.image[12, 10, 0] == pytest.approx(150)
    assert canvas.image[12, 14, 0] == 0


@pytest.mark.parametrize(("factor", "wanted"), [(0.5, 50), (1.2, 120)])
def test_shade_multiplies(factor, wanted):
    canvas = Canvas(64)
    canvas.image[...] = 100
    canvas.shade(_square(10, 54), factor, blur=2)

    assert canvas.image[32, 32, 0] == pytest.approx(wanted, rel=0.01)
    assert canvas.image[0, 0, 0] == pytest.approx(100)


def test_ribbon_is_as_wide_as_asked():
    line = np.column_stack([np.linspace(10, 50, 9), np.full(9, 30.0)])
    outline = ribbon(line, 4.0)

    assert outline.shape == (18, 2)
    assert np.ptp(outline[:, 1]) == pytest.approx(4.0)
    assert np.ptp(outline[:, 0]) == pytest.approx(40.0)


def test_ribbon_tapers():
    line = np.column_stack([np.linspace(10, 50, 9), np.full(9, 30.0)])
    outline = ribbon(line, np.linspace(6, 0, 9))

    assert abs(outline[0, 1] - outline[-1, 1]) == pytest.approx(6)
    assert abs(outline[8, 1] - outline[9, 1]) == pytest.approx(0)


def test_ellipse_has_its_radii_round_its_centre():
    outline = ellipse(np.array([10.0, 20.0]), 4, 2)

    assert outline.mean(axis=0).tolist() == pytest.approx([10, 20])
    assert np.ptp(outline, axis=0).tolist() == pytest.approx([8, 4])
