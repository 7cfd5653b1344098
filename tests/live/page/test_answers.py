from __future__ import annotations

import struct
from dataclasses import astuple

import cv2
import numpy as np
import pytest

from cnn.labels import EXPRESSIONS
from live.page.answers import MOST_PIXELS, Models, Request, RequestError, answer

STILL = Request(None, False)


def test_a_still_is_answered_as_the_engine_answers(models: Models, draw, web) -> None:
    picture = web.jpeg(draw((60, 80, 60, "Sad"), (300, 200, 60, "Happy")))
    told = answer(models, models.new_engine(), STILL, picture)
    grey = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_GRAYSCALE)
    known = models.new_engine().step(grey, None)
    assert [(face["track"], face["box"], face["expression"]) for face in told["faces"]] == [
        (face.track, face.box, face.expression) for face in known
    ]
    assert {face["expression"] for face in told["faces"]} == {"Sad", "Happy"}
    for face in told["faces"]:
        assert EXPRESSIONS[int(np.argmax(face["probabilities"]))] == face["expression"]
        assert sum(face["probabilities"]) == pytest.approx(1, abs=1e-3)
        left, top, side = face["square"]
        x, y, width, height = face["box"]
        assert (left + side / 2, side) == (pytest.approx(x + width / 2, abs=1), pytest.approx(width / 2, abs=1))
        assert y < top < y + height
    assert (told["width"], told["height"], told["dark"]) == (640, 480, False)


def test_a_film_s_face_keeps_its_number_and_a_black_frame_is_said(models: Models, draw, web) -> None:
    engine = models.new_engine()
    shown = [
        answer(models, engine, Request(n / 20, False), web.jpeg(draw((60 + 2 * n, 80, 60, "Angry")))) for n in range(6)
    ]
    assert [[face["track"] for face in one["faces"]] for one in shown] == [[], *[[1]] * 5]
    assert answer(models, engine, Request(0.3, False), web.jpeg(np.zeros((480, 640), np.uint8)))["dark"] is True


def resized(picture: bytes, width: int, height: int) -> bytes:
    """The same JPEG, whose header claims another size."""
    place = picture.index(b"\xff\xc0") + 5
    return picture[:place] + struct.pack(">HH", height, width) + picture[place + 4 :]


def test_what_is_no_whole_jpeg_of_a_fit_size_is_refused_in_words(models: Models, draw, web) -> None:
    image = draw((60, 80, 60, "Sad"))
    whole = web.jpeg(image)
    wrong = {
        b"": "no JPEG",
        b"GIF89a" + b"0" * 100: "no JPEG",
        bytes(cv2.imencode(".png", image)[1]): "no JPEG",
        whole[: len(whole) // 2]: "cut off",
        whole[:3] + b"0" * 500 + whole[-2:]: "not decodable",
        resized(whole, 60_000, 60_000): "too large (got 60000x60000 pixels)",
        web.jpeg(image[:20]): "too small",
    }
    for picture, words in wrong.items():
        told = answer(models, models.new_engine(), STILL, picture)
        assert list(told) == ["error"]
        assert words in told["error"]
    assert resized(whole, 640, 480) == whole
    assert MOST_PIXELS >= 1600 * 1600  # what the page may send


def test_requests() -> None:
    assert astuple(Request.read('{"seconds": 1, "maps": true}')) == (1.0, True)
    assert astuple(Request.read('{"maps": false, "seconds": null}')) == (None, False)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", "[" * 150, '{"seconds": 1}', '{"seconds": 1, "maps": 1}', '{"seconds": true, "maps": true}']
    + ['{"seconds": NaN, "maps": true}', '{"seconds": 1e999, "maps": true}', '{"seconds": "1", "maps": true}']
    + ['{"seconds": 1, "maps": true, "more": 1}', " " * 300 + '{"seconds": 1, "maps": true}'],
)
def test_what_is_no_request(text: str) -> None:
    with pytest.raises(RequestError, match=r"`seconds`"):
        Request.read(text)
