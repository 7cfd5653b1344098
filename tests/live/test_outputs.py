from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from live.engine import TrackedFace
from live.errors import OutputError
from live.frames import Frame
from live.outputs import Lines, PaintedPictures, Shown
from live.recording import Recording
from live.report import Report

FACE = TrackedFace(3, (10, 12, 40, 40), 7.0, "Sad", (0.1, 0.6, 0.1, 0.1, 0.1), None)


def shown(number: int, seconds: float | None, faces: tuple[TrackedFace, ...] = (), size=(96, 128)) -> Shown:
    image = np.full((*size, 3), 90, np.uint8)
    image[:, 4 * number : 4 * number + 4] = 250
    return Shown(Frame(image, number, seconds, "film.avi"), faces, False, lambda: image)


def number_of(image: np.ndarray) -> int:
    return int(image.mean(axis=(0, 2)).argmax()) // 4


def read_film(path: Path) -> list[np.ndarray]:
    capture, images = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG), []
    while True:
        taken, image = capture.read()
        if not taken:
            return images
        images.append(image)


def test_a_line_a_face_at_once(tmp_path: Path) -> None:
    lines = Lines(tmp_path / "out.jsonl")
    lines.take(shown(5, 0.2, (FACE, FACE)))
    read = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    lines.close()
    assert len(read) == 2
    assert read[0] == {
        "source": "film.avi",
        "frame": 5,
        "seconds": 0.2,
        "track": 3,
        "box": [10, 12, 40, 40],
        "score": 7.0,
        "seen": False,
        "expression": "Sad",
        "probabilities": {"Happy": 0.1, "Sad": 0.6, "Surprise": 0.1, "Angry": 0.1, "Neutral": 0.1},
        "raw": None,
    }


def test_lines_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines(Path("-"))
    lines.take(shown(0, None, (FACE,)))
    lines.close()
    assert json.loads(capsys.readouterr().out)["seconds"] is None


def test_lines_that_cannot_be_written_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"`--json` .* cannot be written"):
        Lines(tmp_path / "none" / "out.jsonl")


@pytest.mark.parametrize("ending", [".mp4", ".mkv", ".avi", ".webm"])
def test_a_recording_has_every_frame_of_a_film(tmp_path: Path, ending: str) -> None:
    recording = Recording(tmp_path / f"out{ending}", 20.0)
    for number in range(30):
        recording.take(shown(number, number / 20))
    recording.close()
    images = read_film(tmp_path / f"out{ending}")
    assert [number_of(image) for image in images] == list(range(30))
    assert [path.name for path in tmp_path.iterdir()] == [f"out{ending}"]


def test_a_recording_keeps_the_time_of_frames_that_come_unevenly(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "out.avi", 10.0)
    for number, seconds in enumerate((100.0, 100.1, 100.5, 100.52, 101.0)):
        recording.take(shown(number, seconds))
    recording.close()
    numbers = [number_of(image) for image in read_film(tmp_path / "out.avi")]
    # A frame stands until the next comes; of two that come within a tenth of a second, one is left out.
    assert numbers == [0, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4]


def test_a_long_pause_does_not_fill_the_disk(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "out.avi", 25.0)
    for number, seconds in enumerate((0.0, 0.04, 7200.0, 7200.04)):
        recording.take(shown(number, seconds))
    recording.close()
    assert len(read_film(tmp_path / "out.avi")) == 4


def test_pictures_of_other_sizes_are_fitted(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "out.avi", 25.0)
    for number, size in enumerate(((97, 129), (200, 100), (40, 300))):
        recording.take(shown(number + 20, number / 25, size=size))
    recording.close()
    images = read_film(tmp_path / "out.avi")
    assert [image.shape for image in images] == [(96, 128, 3)] * 3
    assert images[1][:, :30].mean() < 5 < images[1][:, 45:80].mean()


def test_without_a_frame_there_is_no_film_and_an_old_one_stays(tmp_path: Path) -> None:
    (tmp_path / "out.mp4").write_bytes(b"old")
    Recording(tmp_path / "out.mp4", None).close()
    assert (tmp_path / "out.mp4").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"writes films as .mp4"):
        Recording(tmp_path / "out.gif", 25.0)


def test_two_recordings_of_one_name_are_refused(tmp_path: Path) -> None:
    first = Recording(tmp_path / "out.avi", 25.0)
    with pytest.raises(OutputError, match="Another process is recording"):
        Recording(tmp_path / "out.avi", 25.0)
    first.close()


def test_a_film_that_was_not_written_whole_is_said_and_the_old_one_stays(tmp_path: Path) -> None:
    (tmp_path / "out.mp4").write_bytes(b"old")
    recording = Recording(tmp_path / "out.mp4", 25.0)
    recording.take(shown(0, 0.0))
    (tmp_path / "full").symlink_to("/dev/full")
    os.replace(tmp_path / "full", tmp_path / "out.part.mp4")
    with pytest.raises(OutputError, match="Is the disk full"):
        recording.close()
    assert (tmp_path / "out.mp4").read_bytes() == b"old"


KILLED = """
import sys
from pathlib import Path
import numpy as np
from live.frames import Frame
from live.outputs import Shown
from live.recording import Recording
recording = Recording(Path(sys.argv[1]), 25.0)
rng = np.random.default_rng(0)
for number in range(100_000):
    image = rng.integers(0, 255, (240, 320, 3), dtype=np.uint8)
    recording.take(Shown(Frame(image, number, number / 25, "x"), (), False, lambda: image))
    print(number, flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("ending", [".mkv", ".avi"])
def test_a_killed_recording_leaves_what_it_had_beside_the_old_film(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"out{ending}"
    path.write_bytes(b"old")
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if int(line) >= 150:
            break
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert path.read_bytes() == b"old"
    assert len(read_film(tmp_path / f"out.part{ending}")) >= 50
    again = Recording(path, 25.0)
    again.take(shown(0, 0.0))
    again.close()
    assert [one.name for one in tmp_path.iterdir()] == [path.name]
    assert len(read_film(path)) == 1


def test_painted_pictures(tmp_path: Path) -> None:
    PaintedPictures(tmp_path / "one.png").take(shown(7, None))
    folder = PaintedPictures(tmp_path / "many")
    folder.take(shown(0, None))
    folder.take(shown(1, None))
    assert number_of(cv2.imread(str(tmp_path / "one.png"))) == 7
    assert sorted(path.name for path in (tmp_path / "many").iterdir()) == ["00000_film.png", "00001_film.png"]


def test_a_colon_in_a_film_s_name_is_no_protocol(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    recording = Recording(Path("12:30.mp4"), 25.0)
    recording.take(shown(0, 0.0))
    recording.close()
    assert len(read_film(tmp_path / "12:30.mp4")) == 1


def test_a_film_that_cannot_be_begun_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "out.mp4", 25.0)
    (tmp_path / "out.part.mp4").unlink()
    (tmp_path / "out.part.mp4").mkdir()
    with pytest.raises(OutputError, match="OpenCV cannot write"):
        recording.take(shown(0, 0.0))
    (tmp_path / "out.part.mp4").rmdir()
    recording.close()
    assert list(tmp_path.iterdir()) == []


def test_old_lines_stay_until_the_first_frame(tmp_path: Path) -> None:
    old, new = tmp_path / "old.jsonl", tmp_path / "new.jsonl"
    old.write_text("old\n")
    for path in (old, new):
        Lines(path).close()
    assert (old.read_text(), new.exists()) == ("old\n", False)
    lines = Lines(old)
    lines.take(shown(0, 0.0))
    lines.take(shown(1, 0.1, (FACE,)))
    lines.close()
    assert [json.loads(line)["frame"] for line in old.read_text().splitlines()] == [1]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda place: PaintedPictures(place / "one.docx"), "pictures are written as"),
        (lambda place: PaintedPictures(place / "file" / "painted"), "cannot be written: "),
        (lambda place: PaintedPictures(place / "file" / "one.png"), "cannot be written: "),
        (lambda place: Recording(place / "folder.mp4", None), "is a folder"),
        (lambda place: Report(place / "file" / "out.html", "x", None), "cannot be written: "),
        (lambda place: Report(place / "file", "x", None), "must be a folder, or end in .html"),
        (lambda place: Report(place / "folder.html", "x", None), "must be a file, since it ends in .html"),
    ],
)
def test_what_cannot_be_written_is_refused_before_the_first_frame(tmp_path: Path, make, words: str) -> None:
    (tmp_path / "file").write_text("x")
    for name in ("folder.mp4", "folder.html"):
        (tmp_path / name).mkdir()
    with pytest.raises(OutputError, match=words):
        make(tmp_path)
    assert (tmp_path / "file").read_text() == "x"
