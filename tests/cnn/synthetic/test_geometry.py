"""Curves and pose: symmetric at rest, turned by the pose as a head turns."""

from dataclasses import replace

import numpy as np
import pytest

from cnn.synthetic.expressions import Muscles, move
from cnn.synthetic.geometry import FaceCurves, Pose, face_box, landmarks
from cnn.synthetic.people import draw_person

FRONT = Pose(0.0, 0.0, 0.0, 50.0, (100.0, 90.0))
PERSON = draw_person(np.random.default_rng(4))
REST = FaceCurves(PERSON, Muscles())

# The partner of every landmark in the mirror.
MIRROR = (
    [*range(16, -1, -1), *range(26, 16, -1), 27, 28, 29, 30, 35, 34, 33, 32, 31]
    + [45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40]
    + [54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65]
)


def test_a_face_at_rest_from_the_front_is_its_own_mirror_image():
    points = landmarks(REST, FRONT)
    mirrored = points[MIRROR] * (-1, 1) + (200, 0)

    assert np.abs(points - mirrored).max() < 0.8


def test_roll_turns_all_landmarks_round_the_centre():
    angle = np.radians(10)
    turned = landmarks(REST, replace(FRONT, roll=float(angle)))
    front = landmarks(REST, FRONT) - FRONT.centre
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])

    np.testing.assert_allclose(turned - FRONT.centre, front @ rotation.T, atol=1e-9)


@pytest.mark.parametrize("sign", [-1, 1])
def test_yaw_moves_the_tip_of_the_nose_more_than_the_ears(sign):
    front, turned = landmarks(REST, FRONT), landmarks(REST, replace(FRONT, yaw=sign * 0.3))
    moved = (turned - front)[:, 0] * sign

    assert moved[30] > 5
    assert moved[30] > moved[[0, 16]].max()


def test_pitch_up_moves_the_nose_up():
    front, turned = landmarks(REST, FRONT), landmarks(REST, replace(FRONT, pitch=0.2))

    assert turned[30, 1] < front[30, 1] - 2


def test_unit_scales_landmarks_and_box():
    small, large = face_box(REST, FRONT), face_box(REST, replace(FRONT, unit=100.0))

    assert large[2] == pytest.approx(2 * small[2], abs=1)


def test_the_box_reaches_from_above_the_brows_to_the_chin():
    _, y, _, height = face_box(REST, FRONT)
    points = landmarks(REST, FRONT)

    assert y < points[17:27, 1].min()
    assert y + height == pytest.approx(points[8, 1], abs=2)


def test_an_open_jaw_opens_the_mouth_and_lowers_the_chin():
    opened = FaceCurves(PERSON, Muscles(jaw=0.3))

    assert opened.chin_y > REST.chin_y + 0.1
    _, upper, lower, _ = opened.lips
    assert (lower[12] - upper[12])[1] == pytest.approx(0.3)
    assert (lower[[0, -1]] - upper[[0, -1]] == 0).all()


@pytest.mark.parametrize("seed", range(8))
def test_lips_and_lids_never_cross(seed):
    rng = np.random.default_rng(seed)
    for name in ("Happy", "Sad", "Surprise", "Angry", "Fear", "Disgust", "Contempt"):
        curves = FaceCurves(draw_person(rng), move(rng, name, 1.0))
        outer_upper, inner_upper, inner_lower, outer_lower = curves.lips
        assert (outer_upper[:, 1] <= inner_upper[:, 1] + 1e-9).all()
        assert (inner_upper[:, 1] <= inner_lower[:, 1] + 1e-9).all()
        assert (inner_lower[:, 1] <= outer_lower[:, 1] + 1e-9).all()
        upper, lower = curves.lids(1)
        assert (upper[:, 1] <= lower[:, 1] + 1e-9).all()


def test_movements_stay_possible():
    rng = np.random.default_rng(0)
    for _ in range(200):
        muscles = move(rng, "Neutral", 1.0)
        assert muscles.jaw >= 0
        assert muscles.lid_lower <= 0.8
        assert 0 <= muscles.press <= 1


def test_the_jaw_line_is_evenly_spaced():
    steps = np.linalg.norm(np.diff(REST.jaw, axis=0), axis=1)

    assert len(REST.jaw) == 65
    assert steps.max() / steps.min() < 1.1
