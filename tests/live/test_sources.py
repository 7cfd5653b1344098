from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from live.errors import SourceError
from live.frames import Frame, Source
from live.sources import open_source, without_password


def all_of(source: Source, seconds: float = 60) -> list[Frame]:
    frames, end = [], time.monotonic() + seconds
    while not source.ended and time.monotonic() < end:
        frame = source.read(0.2)
        frames += [frame] if frame else []
    source.close()
    assert source.ended
    return frames


def grey_levels(count: int) -> list[np.ndarray]:
    return [np.full((48, 64, 3), 20 + 3 * number, np.uint8) for number in range(count)]


def test_a_film_gives_every_frame_by_its_own_clock(write_film) -> None:
    source = open_source(write_film(grey_levels(60), rate=20))
    assert (source.kind, source.frame_rate, source.total) == ("film", 20, 60)
    frames = all_of(source)
    assert [frame.number for frame in frames] == list(range(60))
    assert [frame.seconds for frame in frames] == pytest.approx([number / 20 for number in range(60)])
    assert [round((float(frame.image.mean()) - 20) / 3) for frame in frames] == list(range(60))
    assert source.notes == []
    assert not source.failed


@pytest.mark.parametrize(("name", "code"), [("film.avi", "MJPG"), ("film.mkv", "mp4v")])
def test_a_film_that_ends_in_the_middle_gives_what_it_has_and_says_so(write_film, name, code) -> None:
    rng = np.random.default_rng(0)
    path = write_film((rng.integers(0, 255, (48, 64, 3), dtype=np.uint8) for _ in range(60)), name, code=code)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    source = open_source(path)
    frames = all_of(source)
    assert 15 < len(frames) < 45
    assert [f"{len(frames)} of the 60 frames" in note for note in source.notes] == [True]
    assert not source.failed


def test_an_mp4_that_was_cut_off_is_refused_with_the_reason(write_film) -> None:
    path = write_film(grey_levels(30), "film.mp4", code="mp4v")
    path.write_bytes(path.read_bytes()[:-400])
    with pytest.raises(SourceError, match="index stands at its end"):
        open_source(path)


def test_a_film_that_nobody_reads_to_its_end_is_closed_at_once(write_film) -> None:
    source = open_source(write_film(grey_levels(70)))
    assert source.read(5.0) is not None
    began = time.monotonic()
    source.close()
    source.close()
    assert time.monotonic() - began < 5


def test_a_film_without_a_frame_is_a_failure_and_said(tmp_path: Path) -> None:
    code = cv2.VideoWriter.fourcc(*"MJPG")
    cv2.VideoWriter(str(tmp_path / "none.avi"), cv2.CAP_FFMPEG, code, 25.0, (64, 48)).release()
    source = open_source(tmp_path / "none.avi")
    assert all_of(source) == []
    assert source.failed
    assert ["has no frame" in note for note in source.notes] == [True]


def test_a_colon_in_a_film_s_name_is_no_protocol(write_film, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_film(grey_levels(5)).rename(tmp_path / "a talk: one.avi")
    assert len(all_of(open_source("a talk: one.avi"))) == 5


def test_no_file_and_no_film_are_refused(tmp_path: Path) -> None:
    for name in ("none.avi", "none.png", "none"):
        with pytest.raises(SourceError, match=r"none.*: no such file\. Give a film"):
            open_source(tmp_path / name)
    (tmp_path / "words.avi").write_text("not a film")
    with pytest.raises(SourceError, match="not a film"):
        open_source(tmp_path / "words.avi")


def test_a_folder_gives_its_pictures_and_names_those_that_do_not_decode(tmp_path: Path) -> None:
    for name in ("b.png", "a.jpg"):
        cv2.imwrite(str(tmp_path / name), np.full((20, 30, 3), 90, np.uint8))
    (tmp_path / "c.png").write_bytes(b"\x89PNG no")
    (tmp_path / "d.jpg").write_bytes((tmp_path / "a.jpg").read_bytes()[:-20])
    (tmp_path / "notes.txt").write_text("x")
    source = open_source(tmp_path)
    frames = all_of(source)
    assert [(Path(frame.name).name, frame.seconds) for frame in frames] == [("a.jpg", None), ("b.png", None)]
    assert (source.kind, source.total, len(source.notes), source.failed) == ("pictures", 4, 2, False)
    assert "c.png was passed over" in source.notes[0]
    assert "cut off" in source.notes[1]


def test_one_picture_in_colour(tmp_path: Path) -> None:
    image = np.zeros((20, 30, 3), np.uint8)
    image[..., 2] = 200
    cv2.imwrite(str(tmp_path / "red.png"), image)
    (frame,) = all_of(open_source(str(tmp_path / "red.png")))
    assert (frame.image == image).all()


def test_pictures_none_of_which_can_be_read_are_a_failure(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no")
    source = open_source(tmp_path / "a.png")
    assert all_of(source) == []
    assert source.failed


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds no picture"):
        open_source(tmp_path)


@pytest.mark.parametrize("address", ["97", "/dev/video97"])
def test_a_camera_that_is_not_there_is_said(address: str) -> None:
    with pytest.raises(SourceError, match="Camera 97 is not there"):
        open_source(address)


@pytest.mark.parametrize("address", ["ftp://host/film.mp4", "file:///etc/passwd", "concat://a"])
def test_other_kinds_of_addresses_are_refused(address: str) -> None:
    with pytest.raises(SourceError, match="must begin with"):
        open_source(address)


def test_a_network_camera_that_cannot_be_reached_is_said_without_its_password() -> None:
    with pytest.raises(SourceError, match=r"^http://127.0.0.1:9/x cannot be reached") as told:
        open_source("http://me:secret@127.0.0.1:9/x?key=secret")
    assert "secret" not in str(told.value)


def test_names_have_no_password() -> None:
    assert without_password("rtsp://a:b@[::1]:554/s?token=b") == "rtsp://[::1]:554/s"


class NetworkCamera(BaseHTTPRequestHandler):
    """Pictures without end, as network cameras send them; `pictures` of them, then the line is cut."""

    pictures = 40
    lines = 1
    pause = 0.02

    def do_GET(self) -> None:
        cls = type(self)
        if cls.lines <= 0:
            return self.send_error(503)
        cls.lines -= 1
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        try:
            for number in range(cls.pictures):
                data = cv2.imencode(".jpg", np.full((48, 64, 3), 3 * number, np.uint8))[1].tobytes()
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n".encode()
                self.wfile.write(head + data + b"\r\n")
                time.sleep(cls.pause)
        except OSError:
            pass
        return None

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture
def serve() -> Iterator:
    servers = []

    def start(**behaviour: float) -> str:
        handler = type("Handler", (NetworkCamera,), behaviour)
        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}/video"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_network_camera_that_is_lost_ends_with_a_failure(serve) -> None:
    source = open_source(serve(pictures=30), patience=0.2)
    assert source.kind == "camera"
    frames = all_of(source)
    assert 5 <= len(frames) <= 30
    times = [frame.seconds or 0.0 for frame in frames]
    assert times == sorted(times)
    assert source.failed
    assert "gives no more pictures" in source.notes[-1]


def test_a_network_camera_that_comes_back_goes_on(serve) -> None:
    source = open_source(serve(pictures=20, lines=2), patience=5.0)
    frames = []
    while not any("was away" in note for note in source.notes) and not source.ended:
        frame = source.read(0.2)
        frames += [frame] if frame else []
    assert source.read(20.0) is not None
    source.close()
    assert not source.failed


def test_a_slow_reader_gets_the_newest_picture(serve) -> None:
    source = open_source(serve(pictures=60, pause=0.03), patience=0.1)
    numbers = []
    for _ in range(4):
        frame = source.read(20.0)
        assert frame is not None
        numbers.append(frame.number)
        time.sleep(0.2)  # the reader's own work, not a wait for something
    source.close()
    assert all(later - earlier >= 2 for earlier, later in pairwise(numbers))


def test_a_network_camera_that_hangs_up_again_and_again_is_asked_gently_and_noted_once(serve) -> None:
    source = open_source(serve(pictures=20, lines=1000, pause=0.0), patience=5.0)
    last, end = 0, time.monotonic() + 3
    while time.monotonic() < end:
        frame = source.read(0.1)
        last = frame.number if frame else last
    source.close()
    assert 20 < last < 20 * (3 / 0.5 + 2), "half a second between two calls"
    assert len(source.notes) == 1
    assert re.search(r"was away (\d times|for a moment)", source.notes[0])
