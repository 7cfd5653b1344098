"""A digest is remembered while nothing changed, and is what reading everything gives."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from runs.record import digest
from tasks.content_digest import content_digest


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    (folder / "deeper").mkdir(parents=True)
    (folder / "a.txt").write_text("a")
    (folder / "deeper" / "b.txt").write_text("b")
    return folder


@pytest.fixture
def remembered(tmp_path: Path) -> Path:
    return tmp_path / "remembered"


def test_it_is_the_digest_of_all_bytes_each_time(data: Path, remembered: Path) -> None:
    for _ in range(2):
        assert content_digest(data, remembered) == digest(data)
        assert content_digest(data / "a.txt", remembered) == digest(data / "a.txt")


def test_the_second_time_no_file_is_read(data: Path, remembered: Path) -> None:
    content_digest(data, remembered)
    (note,) = remembered.iterdir()
    note.write_text(json.dumps({**json.loads(note.read_text()), "sha256": "remembered"}))
    assert content_digest(data, remembered) == "remembered"


@pytest.mark.parametrize("change", ["content", "name", "added", "removed", "same size and time"])
def test_every_change_is_seen(data: Path, remembered: Path, change: str) -> None:
    before, file = content_digest(data, remembered), data / "deeper" / "b.txt"
    if change == "content":
        file.write_text("other")
    elif change == "name":
        file.rename(file.with_name("c.txt"))
    elif change == "added":
        (data / "deeper" / "empty").touch()
    elif change == "removed":
        file.unlink()
    else:
        times = file.stat()
        file.write_text("c")
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert content_digest(data, remembered) == digest(data) != before


@pytest.mark.parametrize("broken", ["", "[]", "{", '{"listing": 3}'])
def test_a_broken_note_is_written_anew(data: Path, remembered: Path, broken: str) -> None:
    content_digest(data, remembered)
    (note,) = remembered.iterdir()
    note.write_text(broken)
    assert content_digest(data, remembered) == digest(data)
    assert json.loads(note.read_text())["sha256"] == digest(data)


def test_what_is_not_there_is_an_error(tmp_path: Path, remembered: Path) -> None:
    with pytest.raises(FileNotFoundError, match="missing"):
        content_digest(tmp_path / "missing", remembered)
