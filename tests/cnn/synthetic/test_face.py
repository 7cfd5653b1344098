"""Drawn faces: repeatable, whole, with boxes and landmarks where the drawing is, and expressions that differ."""

from dataclasses import replace

import numpy as np
import pytest

from cnn.errors import InputError
from cnn.labels import EXPRESSIONS
from cnn.synthetic import NAMES, draw_face
from cnn.synthetic.people import BEARDS, GLASSES, HAIR_STYLES, draw_person


def _faces(expression, count=12, size=128, **options):
    return [draw_face(np.random.default_rng([5, i]), expression, size, **options) for i in range(count)]


def _mean(faces, figure):
    return float(np.mean([figure(face.landmarks) / face.box[2] for face in faces]))


def _mouth_opening(points):
    return points[66, 1] - points[62, 1]


def _eye_opening(points):
    return points[[40, 41, 46, 47], 1].mean() - points[[37, 38, 43, 44], 1].mean()


def _inner_brow_gap(points):
    """From the inner ends of the brows down to the inner corners of the eyes."""
    return points[[39, 42], 1].mean() - points[[21, 22], 1].mean()


def _corners_below_lips(points):
    """How far the corners of the mouth hang below the middle of the lips."""
    return points[[48, 54], 1].mean() - points[[51, 62], 1].mean()


@pytest.mark.parametrize("expression", NAMES)
def test_the_same_seed_draws_the_same_face(expression):
    first, second = (draw_face(np.random.default_rng(3), expression, 96) for _ in range(2))

    assert first.image.tobytes() == second.image.tobytes()
    assert first.alpha.tobytes() == second.alpha.tobytes()
    assert first.landmarks.tobytes() == second.landmarks.tobytes()
    assert (first.box, first.intensity) == (second.box, second.intensity)


def test_another_seed_draws_another_face():
    first, second = (draw_face(np.random.default_rng(seed), "Happy", 96) for seed in (1, 2))

    assert np.abs(first.image.astype(int) - second.image).mean() > 5


@pytest.mark.parametrize("size", [48, 97, 160, 240])
def test_shapes_types_and_the_wanted_size(size):
    face = draw_face(np.random.default_rng(0), "Sad", size)

    assert face.image.shape == (size, size, 3)
    assert face.image.dtype == np.uint8
    assert face.alpha.shape == (size, size)
    assert face.alpha.dtype == np.uint8
    assert face.landmarks.shape == (68, 2)
    assert face.landmarks.dtype == np.float32
    assert face.expression == "Sad"


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_box_is_square_inside_the_picture_and_filled_with_face(expression):
    for face in _faces(expression):
        x, y, width, height = face.box
        assert width == height
        assert 0.35 * 128 < width < 0.48 * 128
        assert x >= 0
        assert y >= 0
        assert x + width <= 128
        assert y + height <= 128
        assert (face.alpha[y : y + height, x : x + width] > 250).mean() > 0.8


@pytest.mark.parametrize("expression", NAMES)
def test_landmarks_lie_in_or_near_the_box(expression):
    for face in _faces(expression):
        x, y, width, height = face.box
        near = 0.16 * width
        inner = face.landmarks[17:]
        assert (inner >= (x - near, y - near)).all()
        assert (inner <= (x + width + near, y + height + near)).all()
        assert (face.landmarks > (x - 0.3 * width, y - 0.3 * width)).all()
        assert (face.landmarks < (x + 1.3 * width, y + 1.3 * height)).all()


@pytest.mark.parametrize("expression", NAMES)
def test_landmarks_stand_in_the_order_of_300_w(expression):
    for face in _faces(expression):
        points = face.landmarks
        left_eye, right_eye, nose, mouth = (
            points[a:b].mean(axis=0) for a, b in ((36, 42), (42, 48), (27, 36), (48, 68))
        )
        assert left_eye[0] < nose[0] < right_eye[0]
        assert max(left_eye[1], right_eye[1]) < nose[1] < mouth[1] < points[8, 1]
        assert points[17:22, 1].mean() < points[36:42, 1].mean()
        assert points[0, 0] < points[8, 0] < points[16, 0]
        assert points[36, 0] < points[39, 0] < points[42, 0] < points[45, 0]
        assert points[17, 0] < points[21, 0] < points[22, 0] < points[26, 0]
        assert points[48, 0] < points[51, 0] < points[54, 0]
        assert points[31, 0] < points[33, 0] < points[35, 0]
        assert points[51, 1] < points[57, 1]


def test_landmarks_follow_the_drawing_the_pupils_are_dark():
    bright = []
    for face in _faces("Surprise", person=replace(draw_person(np.random.default_rng(0)), glasses="none", age=0.1)):
        grey = face.image.mean(axis=2)
        for corners in (face.landmarks[36:42], face.landmarks[42:48]):
            x, y = corners.mean(axis=0).round().astype(int)
            cheek = grey[y + 9 : y + 13, x - 2 : x + 3].mean()
            bright.append(grey[y - 1 : y + 2, x - 1 : x + 2].min() < 0.75 * cheek)
    assert np.mean(bright) > 0.9


def test_expressions_differ_where_they_should():
    clear = {name: _faces(name, intensity=0.9) for name in EXPRESSIONS}
    neutral = clear["Neutral"]

    assert _mean(clear["Surprise"], _mouth_opening) > _mean(neutral, _mouth_opening) + 0.08
    assert _mean(clear["Surprise"], _eye_opening) > 1.25 * _mean(neutral, _eye_opening)
    assert _mean(clear["Surprise"], _inner_brow_gap) > _mean(neutral, _inner_brow_gap) + 0.04
    assert _mean(clear["Angry"], _inner_brow_gap) < _mean(neutral, _inner_brow_gap) - 0.04
    assert _mean(clear["Sad"], _inner_brow_gap) > _mean(neutral, _inner_brow_gap) + 0.03
    assert _mean(clear["Sad"], _corners_below_lips) > _mean(neutral, _corners_below_lips) + 0.03
    assert _mean(clear["Happy"], _corners_below_lips) < _mean(neutral, _corners_below_lips) - 0.03


def test_a_subtle_expression_moves_less_than_a_clear_one():
    subtle, clear = (_mean(_faces("Surprise", intensity=value), _mouth_opening) for value in (0.3, 1.0))

    assert 0 < subtle < 0.6 * clear


def test_drawn_intensities_range_from_subtle_to_clear():
    values = [draw_face(np.random.default_rng(i), "Happy", 48).intensity for i in range(40)]

    assert min(values) < 0.6
    assert max(values) > 0.9
    assert all(0.35 <= value <= 1 for value in values)


@pytest.mark.parametrize("style", HAIR_STYLES)
def test_every_hair_style_changes_the_picture_above_the_brows(style):
    person = replace(draw_person(np.random.default_rng(1)), hair_style="bald", hair=(10.0, 10.0, 200.0))
    bald, styled = (
        draw_face(np.random.default_rng(2), "Neutral", 128, person=replace(person, hair_style=name))
        for name in ("bald", style)
    )
    above = slice(0, bald.box[1])
    changed = np.abs(bald.image[above].astype(int) - styled.image[above]).mean()
    assert changed == 0 if style == "bald" else changed > 2


@pytest.mark.parametrize(("trait", "names"), [("beard", BEARDS), ("glasses", GLASSES)])
def test_every_beard_and_pair_of_glasses_is_drawn(trait, names):
    person = draw_person(np.random.default_rng(1))
    drawn = [
        draw_face(np.random.default_rng(2), "Neutral", 128, person=replace(person, **{trait: name})) for name in names
    ]
    pictures = {face.image.tobytes() for face in drawn}
    assert len(pictures) == len(names)


def test_people_are_varied():
    people = [draw_person(np.random.default_rng(i)) for i in range(300)]

    assert {person.hair_style for person in people} == set(HAIR_STYLES)
    assert {person.beard for person in people} == set(BEARDS)
    assert {person.glasses for person in people} == set(GLASSES)
    assert np.std([sum(person.skin) for person in people]) > 60


def test_a_size_too_small_is_refused():
    with pytest.raises(InputError, match=r"`size` must be at least 48. Got 47."):
        draw_face(np.random.default_rng(0), "Happy", 47)


def test_an_unknown_expression_is_refused():
    with pytest.raises(InputError, match=r"`expression` must be one of Neutral, Happy.* Got 'Bored'"):
        draw_face(np.random.default_rng(0), "Bored", 64)
