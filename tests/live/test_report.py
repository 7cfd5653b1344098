from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pytest

from live.engine import TrackedFace
from live.errors import OutputError
from live.frames import Frame
from live.outputs import Shown
from live.report import Report
from live.timeline import Timeline

IMAGE = np.random.default_rng(0).integers(0, 255, (120, 160, 3), dtype=np.uint8)


def face(number: int, name: str) -> TrackedFace:
    shares = tuple(0.8 if name == one else 0.05 for one in ("Happy", "Sad", "Surprise", "Angry", "Neutral"))
    return TrackedFace(number, (30, 30, 40, 40), 5.0, name, shares, shares)


def play(report: Report, names: str, rate: float = 10.0, first: float = 0.0) -> None:
    """A letter a frame: the first of the expression of face 1; a dot for nobody."""
    words = {"H": "Happy", "S": "Sad", "A": "Angry"}
    for number, letter in enumerate(names):
        faces = () if letter == "." else (face(1, words[letter]),)
        report.take(Shown(Frame(IMAGE, number, first + number / rate, "film.avi"), faces, letter == ".", lambda: IMAGE))


def test_seconds_and_spans_are_those_that_were_shown(tmp_path: Path) -> None:
    report = Report(tmp_path / "out", "film.avi", 10.0)
    play(report, "HHHHHSSS..SSHH")
    report.close(["it rained"])
    seconds = list(csv.reader((tmp_path / "out/expressions.csv").read_text().splitlines()))
    assert seconds[:3] == [["face", "expression", "seconds"], ["1", "Happy", "0.7"], ["1", "Sad", "0.5"]]
    spans = (tmp_path / "out/timeline.csv").read_text().splitlines()[1:]
    assert spans == ["1,0.0,0.5,Happy", "1,0.5,0.8,Sad", "1,1.0,1.2,Sad", "1,1.2,1.4,Happy"]
    page = (tmp_path / "out/report.html").read_text()
    assert "it rained" in page
    assert "1 face in 1.4 s (14 frames)" in page
    assert "14%" in page  # two of fourteen frames show nobody


def test_what_was_not_filmed_is_counted_for_nobody() -> None:
    timeline = Timeline()
    for seconds in (0.0, 0.1, 60.0):
        timeline.add(IMAGE, [face(1, "Happy")], seconds)
    timeline.finish(0.1)
    assert timeline.totals()["Happy"] == pytest.approx(0.1 + 0.5 + 0.1)
    assert len(timeline.faces[1].spans) == 2
    assert timeline.faces[1].changes == 0


def test_changes_are_those_in_sight() -> None:
    timeline = Timeline()
    for number, name in enumerate(("Happy", "Happy", "Sad", None, "Angry")):
        timeline.add(IMAGE, [face(1, name)] if name else [], number / 10)
    timeline.finish(0.1)
    assert timeline.faces[1].changes == 1


def test_an_hour_takes_little_memory() -> None:
    timeline = Timeline()
    for number in range(36_000):
        timeline.add(IMAGE, [face(1, "Happy")], number / 10)
    assert len(timeline.faces[1].samples) <= 18_001
    assert len(timeline.faces[1].spans) == 1


def test_one_page_that_needs_nothing_else(tmp_path: Path) -> None:
    report = Report(tmp_path / "new" / "out.html", "<b>film</b>.avi", None)
    play(report, "H" * 30 + "S" * 30, first=3.0)
    report.close()
    page = (tmp_path / "new/out.html").read_text()
    assert not re.search(r'(src|href)="(?!data:)', page)
    assert "<script" not in page
    assert "&lt;b&gt;film" in page or "b&gt;.avi" in page
    assert "<b>film" not in page
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["out.html"]


def test_a_film_without_faces_has_a_report(tmp_path: Path) -> None:
    report = Report(tmp_path / "none", "film.avi", 25.0)
    play(report, "....")
    report.close()
    assert "No face was found" in (tmp_path / "none" / "report.html").read_text()


def test_a_folder_with_other_files_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(OutputError, match="not touched"):
        Report(tmp_path, "film.avi", 25.0)


def test_without_a_frame_an_old_report_stays(tmp_path: Path) -> None:
    (tmp_path / "out.html").write_text("old")
    Report(tmp_path / "out.html", "film.avi", 10.0).close()
    assert (tmp_path / "out.html").read_text() == "old"
