from __future__ import annotations

import cv2
import numpy as np
import pytest

from live.engine import Engine, TrackedFace
from pair.errors import InputError

FIVE = [("Happy", 60, 60), ("Sad", 260, 60), ("Surprise", 460, 60), ("Angry", 60, 280), ("Neutral", 260, 280)]


def test_five_faces_of_a_still_are_found_and_read(draw, new_engine) -> None:
    found = new_engine().step(draw(*((x, y, 60, name) for name, x, y in FIVE)), None)
    assert {(face.expression, round(face.box[0], -1), round(face.box[1], -1)) for face in found} == set(FIVE)
    assert sorted(face.track for face in found) == [1, 2, 3, 4, 5]
    assert all(abs(face.box[2] - 60) <= 6 and face.seen for face in found)


def test_a_still_has_nothing_to_do_with_the_one_before(draw, new_engine) -> None:
    engine = new_engine()
    image = draw((100, 100, 60, "Happy"))
    assert engine.step(image, None) == engine.step(image, None)
    assert engine.step(draw(), None) == []


def test_a_face_is_believed_when_it_was_found_twice(draw, new_engine) -> None:
    engine = new_engine(confirm=2)
    image = draw((100, 100, 60, "Happy"))
    assert engine.step(image, 0.0) == []
    assert [face.track for face in engine.step(image, 0.04)] == [1]


def test_faces_keep_their_numbers_while_they_move(draw, new_engine) -> None:
    engine = new_engine()
    names: dict[int, set[str]] = {}
    for number in range(40):
        left, right = (60 + 4 * number, 60, 60, "Happy"), (500 - 4 * number, 300, 60, "Angry")
        for face in engine.step(draw(left, right, seed=number), number / 25):
            names.setdefault(face.track, set()).add(face.expression)
    assert sorted(map(sorted, names.values())) == [["Angry"], ["Happy"]]
    assert sorted(names) == [1, 2]


def test_the_box_follows_a_face_that_moves_evenly(draw, new_engine) -> None:
    engine = new_engine()
    for number in range(30):
        faces = engine.step(draw((60 + 6 * number, 100, 60, "Happy"), seed=number), number / 25)
    x, y, side, _ = faces[0].box
    assert abs(x + side / 2 - (60 + 6 * 29 + 30)) <= 8
    assert abs(y + side / 2 - 130) <= 8
    assert 50 <= side <= 80


def test_a_face_that_is_lost_is_carried_on_and_then_let_go(draw, new_engine) -> None:
    engine = new_engine(carry=0.5)
    for number in range(10):
        engine.step(draw((100, 100, 60, "Happy")), number / 10)
    carried = engine.step(draw(), 1.3)
    assert [(face.track, face.seen, face.raw, face.expression) for face in carried] == [(1, False, None, "Happy")]
    assert engine.step(draw(), 1.5) == []


def test_a_face_that_comes_back_soon_is_the_same_and_later_a_new_one(draw, new_engine) -> None:
    for away, number in ((1.5, 1), (2.5, 2)):
        engine = new_engine(carry=0.5, memory=2.0, confirm=1)
        engine.step(draw((100, 100, 60, "Happy")), 0.0)
        engine.step(draw(), away / 2)
        assert [face.track for face in engine.step(draw((110, 100, 60, "Happy")), away)] == [number]


def test_one_frame_of_another_expression_changes_no_label(draw, new_engine) -> None:
    shown = {}
    for smoothing, margin in ((0.4, 0.1), (0.0, 0.0)):
        engine = new_engine(smoothing=smoothing, margin=margin, confirm=1)
        names = ["Happy"] * 10 + ["Angry"] + ["Happy"] * 10
        faces = [engine.step(draw((100, 100, 60, name)), n / 25)[0] for n, name in enumerate(names)]
        shown[smoothing] = [face.expression for face in faces]
        assert faces[10].raw is not None
        assert int(np.argmax(faces[10].raw)) == 3
    assert shown[0.4] == ["Happy"] * 21
    assert shown[0.0] == names


def test_a_lasting_change_is_shown_within_half_a_second(draw, new_engine) -> None:
    engine = new_engine()
    labels = []
    for number in range(50):
        name = "Happy" if number < 25 else "Angry"
        labels += [face.expression for face in engine.step(draw((100, 100, 60, name)), number / 25)]
    assert 0.15 <= labels.count("Happy") / 25 - 1 + 0.04 <= 0.5


def test_searching_around_the_known_faces_finds_what_searching_everywhere_finds(draw, new_engine) -> None:
    seen = []
    for every in (0.0, 10.0):
        engine, faces = new_engine(search_every=every, confirm=1), []
        for number in range(20):
            squares = ((60 + 5 * number, 60, 60, "Happy"), (400, 260 - 4 * number, 70, "Sad"))
            faces.append({(f.track, f.expression, f.seen) for f in engine.step(draw(*squares), number / 25)})
        seen.append(faces)
    assert seen[0] == seen[1]
    assert len(seen[0][0]) == 2


def test_a_new_face_is_found_within_search_every(draw, new_engine) -> None:
    engine, counts = new_engine(search_every=0.2, confirm=1), []
    for number in range(20):
        new = [(400, 260, 60, "Sad")] if number >= 5 else []
        counts.append(len(engine.step(draw((60, 60, 60, "Happy"), *new), number / 25)))
    assert counts[:5] == [1] * 5
    assert counts.index(2) <= 10


def test_black_and_empty_frames_are_said_and_not_searched(draw, new_engine) -> None:
    engine = new_engine(confirm=1, carry=0.5)
    engine.step(draw((100, 100, 60, "Happy")), 0.0)
    assert not engine.dark
    for level in (0, 128, 255):
        faces = engine.step(np.full((480, 640, 3), level, np.uint8), 0.1)
        assert engine.dark
        assert [face.seen for face in faces] == [False]
    assert engine.step(np.zeros((480, 640), np.uint8), 5.0) == []


def test_faces_at_the_edge_and_half_outside_are_no_error(draw, new_engine) -> None:
    engine = new_engine(confirm=1)
    for number in range(30):
        for face in engine.step(draw((600 + 2 * number, 440 + number, 60, "Happy")), number / 25):
            assert sum(face.probabilities) == pytest.approx(1, abs=1e-4)


def test_a_film_that_is_wound_back_begins_anew(draw, new_engine) -> None:
    engine = new_engine(confirm=1)
    engine.step(draw((100, 100, 60, "Happy")), 9.0)
    assert [face.track for face in engine.step(draw((100, 100, 60, "Sad")), 0.0)] == [2]


def test_reset_forgets(draw, new_engine) -> None:
    engine = new_engine(confirm=1)
    image = draw((100, 100, 60, "Happy"))
    engine.step(image, 0.0)
    engine.reset()
    assert [face.track for face in engine.step(image, 0.04)] == [1]


def test_grey_and_colour_give_the_same(draw, new_engine) -> None:
    image = draw((100, 100, 60, "Happy"))
    assert new_engine().step(image, None) == new_engine().step(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), None)


@pytest.mark.parametrize("image", [np.zeros((4, 4, 3)), np.zeros((4, 4, 2), np.uint8)])
def test_another_type_or_shape_is_refused(image, new_engine) -> None:
    with pytest.raises(InputError, match=r"uint8|channels"):
        new_engine().step(image, 0.0)


def test_sizes_that_change_on_the_way_are_no_error(draw, new_engine) -> None:
    engine = new_engine(confirm=1)
    engine.step(draw((500, 400, 60, "Happy")), 0.0)
    assert engine.step(draw(size=(120, 160)), 0.1)[0].seen is False
    assert engine.step(draw(size=(8, 6)), 5.0) == []


def test_what_it_spends_is_told(draw, new_engine) -> None:
    engine: Engine = new_engine(confirm=1)
    faces: list[TrackedFace] = engine.step(draw((100, 100, 60, "Happy")), 0.0)
    assert len(faces) == 1
    assert set(engine.spent) == {"detect", "classify", "track"}
    assert all(seconds > 0 for seconds in engine.spent.values())


@pytest.mark.parametrize(("search_every", "searched"), [(0.2, 4), (0.0, 10)])
def test_a_slow_machine_does_not_search_everywhere_in_every_frame(draw, new_engine, search_every, searched) -> None:
    engine, counted = new_engine(search_every=search_every, confirm=1), []
    everywhere = engine._search.everywhere
    engine._search.everywhere = lambda grey: counted.append(1) or everywhere(grey)
    for number in range(10):
        squares = [(100 + number, 100, 60, "Happy"), *([(300, 200, 60, "Sad")] if number >= 4 else [])]
        faces = engine.step(draw(*squares, seed=number), number / 3)
        assert len(faces) >= (2 if number >= 6 else 1)
    assert len(counted) == searched
