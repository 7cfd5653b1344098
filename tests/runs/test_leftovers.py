"""What a killed writer leaves is removed by the next one; a live writer's, and a user's own, never is."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runs.files import replacing_file, replacing_folder, write_text

WRITER = """
import sys, time
from pathlib import Path
from runs import files, leftovers
path, kind = Path(sys.argv[1]), sys.argv[2]

def wait(*_):
    print("ready", flush=True)
    time.sleep(600)

if kind == "between":  # the old folder is moved away, the new one not there yet
    rename, moves = Path.rename, []
    Path.rename = lambda self, to: wait() if moves else (moves.append(to), rename(self, to))[1]
writing = files.replacing_file if kind == "file" else files.replacing_folder
with writing(path) as beside:
    (beside if kind == "file" else beside / "half").write_text("half")
    if kind != "between":
        wait()
"""


@contextmanager
def writer(path: Path, kind: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is in the middle of writing `path`."""
    command = [sys.executable, "-c", WRITER, str(path), kind]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        try:
            yield process
        finally:
            process.kill()


def hidden(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir() if entry.name.startswith("."))


def write(path: Path, kind: str) -> None:
    with replacing_file(path) if kind == "file" else replacing_folder(path) as beside:
        (beside if kind == "file" else beside / "new").write_text("new")


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_a_killed_writer_left_goes_with_the_next_one(tmp_path: Path, kind: str) -> None:
    with writer(tmp_path / "out.a", kind) as process:
        process.kill()
    assert len(hidden(tmp_path)) == 1
    write_text(tmp_path / "another", "")
    assert len(hidden(tmp_path)) == 1
    write(tmp_path / "out.a", kind)
    assert hidden(tmp_path) == []


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_live_writers_is_left_alone(tmp_path: Path, kind: str) -> None:
    with writer(tmp_path / "out", kind):
        before = hidden(tmp_path)
        write(tmp_path / "out", kind)
        assert hidden(tmp_path) == before
        half = tmp_path / before[0] / ("out" if kind == "file" else "half")
        assert half.read_text() == "half"


def test_what_was_moved_away_and_not_replaced_comes_back(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(out, "folder")
    with writer(out, "between") as process:
        assert not out.exists()
        process.kill()

    def fail() -> None:
        with replacing_folder(out):
            assert (out / "new").read_text() == "new"
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail()
    assert (out / "new").read_text() == "new"
    assert hidden(tmp_path) == []


def test_a_users_own_hidden_folders_stay(tmp_path: Path) -> None:
    names = [".out.0123abcd", ".out.writing", ".out.0123ABCD.writing", ".outer.0123abcd.writing", "x.out.0123abcd.old"]
    for name in names:
        (tmp_path / name).mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / ".out.0123abcd.old").symlink_to(tmp_path / "elsewhere")
    write(tmp_path / "out", "folder")
    assert {entry.name for entry in tmp_path.iterdir()} == {*names, "elsewhere", ".out.0123abcd.old", "out"}
