from __future__ import annotations

import numpy as np
import pytest

from live.drawing import COLOURS, LEAST_HEIGHT, Painter
from live.engine import TrackedFace


def face(box: tuple[int, int, int, int], name: str = "Happy", *, seen: bool = True) -> TrackedFace:
    shares = (0.7, 0.1, 0.1, 0.05, 0.05)
    return TrackedFace(1, box, 5.0, name, shares, shares if seen else None)


def pixels_of(picture: np.ndarray, name: str) -> int:
    return int((np.abs(picture.astype(int) - COLOURS[name]).max(axis=2) < 12).sum())


def test_a_box_in_the_colour_of_its_label_and_the_picture_untouched() -> None:
    image = np.zeros((480, 640, 3), np.uint8)
    picture = Painter().paint(image, [face((200, 150, 80, 80), "Sad")], "30 frames/s  1 face")
    assert image.max() == 0
    assert picture.shape == (480, 640, 3)
    assert pixels_of(picture, "Sad") > 4 * 80
    assert picture[460:].max() > 200  # the foot's words
    # inside the box the face is not covered
    assert picture[160:220, 210:270].max() == 0


def test_a_face_that_is_carried_is_drawn_thinner() -> None:
    image = np.zeros((480, 640, 3), np.uint8)
    drawn = [Painter().paint(image, [face((200, 150, 80, 80), seen=seen)]) for seen in (True, False)]
    assert pixels_of(drawn[0], "Happy") > pixels_of(drawn[1], "Happy")


def test_bars_are_as_long_as_their_shares() -> None:
    picture = Painter().paint(np.zeros((480, 640, 3), np.uint8), [face((200, 150, 80, 80), "Neutral")])
    beside = picture[:, 284:].astype(int)
    lengths = [int((np.abs(beside - colour).max(axis=2) < 12).any(axis=0).sum()) for colour in COLOURS.values()]
    assert lengths[0] == pytest.approx(0.7 * 60, abs=2)
    assert lengths[1] == pytest.approx(0.1 * 60, abs=2)


def test_small_pictures_are_enlarged_so_that_words_can_be_read() -> None:
    picture = Painter().paint(np.zeros((120, 160, 3), np.uint8), [face((60, 40, 30, 30))])
    assert picture.shape == (LEAST_HEIGHT, 4 * 160, 3)


@pytest.mark.parametrize(
    "box", [(-30, -30, 60, 60), (620, 460, 60, 60), (0, 0, 640, 480), (630, 0, 9, 9), (-90, 9, 9, 9)]
)
def test_faces_at_every_edge_are_drawn(box: tuple[int, int, int, int]) -> None:
    assert Painter().paint(np.zeros((480, 640, 3), np.uint8), [face(box)]).max() > 100


def test_a_picture_too_small_for_anything_is_no_error() -> None:
    assert Painter().paint(np.zeros((3, 5, 3), np.uint8), [face((0, 0, 3, 3))], "words").shape[2] == 3


def test_panels_hide_no_other_face() -> None:
    image = np.zeros((480, 640, 3), np.uint8)
    boxes = [(40, 60, 90, 90), (170, 60, 90, 90), (420, 60, 90, 90), (60, 290, 90, 90), (420, 290, 90, 90)]
    picture = Painter().paint(image, [face(box) for box in boxes])
    for x, y, width, height in boxes:
        assert picture[y + 6 : y + height - 6, x + 6 : x + width - 6].max() == 0


def test_a_narrow_strip_is_not_enlarged_beyond_all_measure() -> None:
    assert Painter().paint(np.zeros((8, 4000, 3), np.uint8), []).shape == (8, 4000, 3)
    assert Painter().paint(np.zeros((100, 1000, 3), np.uint8), []).shape == (200, 2000, 3)
