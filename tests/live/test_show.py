from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from live.errors import DisplayError
from live.outputs import Lines, Output, Shown
from live.recording import Recording
from live.report import Report
from live.show import Show
from live.sources import open_source
from live.window import Window

pygame = pytest.importorskip("pygame")


@pytest.fixture
def film(draw, write_film) -> Path:
    """A face that is there from the first frame on, and three black frames."""
    images = [draw((60 + 3 * n, 80, 60, "Happy" if n < 20 else "Angry"), size=(240, 320), seed=n) for n in range(40)]
    return write_film([*images, *[np.zeros((240, 320, 3), np.uint8)] * 3])


@pytest.fixture
def quick(draw, write_film) -> Path:
    """A fifth of a second: in a window, films take their own time."""
    return write_film([draw((60, 80, 60, "Sad"), size=(120, 160))] * 20, rate=100.0)


@pytest.fixture
def window(monkeypatch: pytest.MonkeyPatch) -> Window:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    return Window("test")


def press(*keys: int) -> None:
    for key in keys:
        pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=key))


class AtFrame(Output):
    """Does something when a frame is shown, as a person would."""

    def __init__(self, number: int, act: Callable[[], None]) -> None:
        self.number, self.act, self.closed = number, act, 0

    def take(self, shown: Shown) -> None:
        if shown.frame.number == self.number:
            self.act()

    def close(self, notes: object = ()) -> None:  # noqa: ARG002
        self.closed += 1


def test_a_film_through_all_outputs(film, new_engine, tmp_path) -> None:
    source = open_source(film)
    outputs = [
        Lines(tmp_path / "out.jsonl"),
        Recording(tmp_path / "out.mkv", source.frame_rate),
        Report(tmp_path / "report", source.name, source.frame_rate),
    ]
    summary = Show(source, new_engine(), outputs, None, tmp_path).run()
    assert (summary.frames, summary.left_out, summary.dark, summary.failed) == (43, 0, 3, False)
    assert summary.tracks == {1}
    assert set(summary.spent) == {"capture", "draw", "output", "detect", "classify", "track"}
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert {line["track"] for line in lines} == {1}
    assert [line["expression"] for line in lines if line["frame"] in (10, 39)] == ["Happy", "Angry"]
    assert cv2.VideoCapture(str(tmp_path / "out.mkv")).get(cv2.CAP_PROP_FRAME_COUNT) == 43
    assert "Happy" in (tmp_path / "report/timeline.csv").read_text()


def test_ctrl_c_ends_it_and_leaves_whole_outputs(film, new_engine, tmp_path) -> None:
    source = open_source(film)
    outputs = [Recording(tmp_path / "out.mp4", 25.0), AtFrame(12, lambda: os.kill(os.getpid(), signal.SIGINT))]
    summary = Show(source, new_engine(), outputs, None, tmp_path).run()
    assert summary.frames == 13
    assert "Ctrl-C" in summary.notes[0]
    assert cv2.VideoCapture(str(tmp_path / "out.mp4")).get(cv2.CAP_PROP_FRAME_COUNT) in (12, 13)


def test_an_output_that_fails_ends_it_and_the_others_are_closed(film, new_engine, tmp_path) -> None:
    def fail() -> None:
        raise OSError(28, "No space left on device")

    last = AtFrame(-1, fail)
    show = Show(open_source(film), new_engine(), [last, AtFrame(3, fail)], None, tmp_path)
    with pytest.raises(OSError, match="No space"):
        show.run()
    assert last.closed == 1
    assert threading.active_count() < 20
    assert not any(thread.name == "film" for thread in threading.enumerate())


def test_q_ends_and_s_saves_what_is_shown(quick, new_engine, tmp_path, window) -> None:
    keys = AtFrame(5, lambda: press(pygame.K_s, pygame.K_q))
    summary = Show(open_source(quick), new_engine(), [keys], window, tmp_path / "taken").run()
    assert summary.frames == 6
    (snapshot,) = (tmp_path / "taken").iterdir()
    assert cv2.imread(str(snapshot)).shape == (480, 640, 3)
    assert str(snapshot) in summary.notes[0]


def test_space_pauses_until_space(quick, new_engine, tmp_path, window) -> None:
    def go_on() -> None:
        shown.append(show.summary.frames)
        press(pygame.K_SPACE)

    def pause() -> None:
        press(pygame.K_SPACE)
        timer.start()

    shown: list[int] = []
    timer = threading.Timer(0.3, go_on)
    show = Show(open_source(quick), new_engine(), [AtFrame(5, pause)], window, tmp_path)
    assert show.run().frames == 20
    timer.join()
    assert shown == [6]


def test_a_film_in_a_window_runs_at_its_own_speed(quick, new_engine, tmp_path, window) -> None:
    assert Show(open_source(quick), new_engine(), [], window, tmp_path).run().seconds >= 19 / 100


def test_a_still_waits_for_a_key(tmp_path, draw, new_engine, window) -> None:
    for number in range(2):
        cv2.imwrite(str(tmp_path / f"{number}.png"), draw((60, 60, 60, "Sad"), size=(240, 320)))
    press(pygame.K_RETURN)
    keys = AtFrame(1, lambda: press(pygame.K_ESCAPE))
    assert Show(open_source(tmp_path), new_engine(), [keys], window, tmp_path).run().frames == 2


def test_the_window_shows_the_picture_in_its_colours_and_shape(window) -> None:
    picture = np.zeros((120, 160, 3), np.uint8)
    picture[..., 2] = 200  # red
    window.show(picture)
    surface = pygame.display.get_surface()
    assert surface.get_size() == (160, 120)
    assert tuple(surface.get_at((80, 60)))[:3] == (200, 0, 0)
    window.show(np.full((60, 160, 3), 90, np.uint8))
    assert tuple(surface.get_at((80, 5)))[:3] == (16, 20, 24)
    assert tuple(surface.get_at((80, 60)))[:3] == (90, 90, 90)
    window.close()


def test_no_display_is_said_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER", "SDL_VIDEO_DRIVER"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(DisplayError, match=r"no display .* `--no-window --save"):
        Window("test")


def test_a_display_that_cannot_be_opened_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "nothing")
    with pytest.raises(DisplayError, match="cannot be opened"):
        Window("test")
