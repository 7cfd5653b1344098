from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from runs.errors import RunMismatchError
from runs.files import replacing_file, replacing_folder, write_json, write_text


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "a.txt"
    write_text(path, "old")
    with replacing_file(path) as beside:
        beside.write_text("new")
        assert path.read_text() == "old"
        assert beside.suffix == ".txt"
    assert path.read_text() == "new"
    assert list(path.parent.iterdir()) == [path]


def test_an_error_leaves_the_old_file_and_nothing_beside(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")

    def fail() -> None:
        with replacing_file(path) as beside:
            beside.write_text("half")
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_block_that_wrote_nothing_is_an_error(tmp_path: Path) -> None:
    def forget() -> None:
        with replacing_file(tmp_path / "a.txt"):
            pass

    with pytest.raises(FileNotFoundError, match=r"a\."):
        forget()


def test_a_folder_is_replaced_whole_and_old_files_go(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.mkdir()
    (path / "old").touch()
    with replacing_folder(path) as beside:
        (beside / "new").touch()
        assert (path / "old").exists()
    assert [entry.name for entry in path.iterdir()] == ["new"]
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_leaves_the_old_folder(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.mkdir()
    (path / "old").touch()

    def fail() -> None:
        with replacing_folder(path) as beside:
            (beside / "half").touch()
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail()
    assert [entry.name for entry in path.iterdir()] == ["old"]
    assert list(tmp_path.iterdir()) == [path]


def test_a_killed_writer_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")
    script = (
        "import sys, time; from pathlib import Path; from runs.files import replacing_file\n"
        "with replacing_file(Path(sys.argv[1])) as b:\n"
        "    b.write_text('half'); print('ready', flush=True); time.sleep(60)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    time.sleep(0.01)
    assert path.read_text() == "old"


def test_json_refuses_nan(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"x": float("nan")})
    assert not (tmp_path / "a.json").exists()
    write_json(tmp_path / "a.json", {"x": 1})
    assert json.loads((tmp_path / "a.json").read_text()) == {"x": 1}


def test_a_folder_of_known_names_is_replaced(tmp_path: Path) -> None:
    for text in ("one", "two"):
        with replacing_folder(tmp_path / "out", known={"a.txt"}) as beside:
            (beside / "a.txt").write_text(text)
    assert (tmp_path / "out/a.txt").read_text() == "two"


@pytest.mark.parametrize("name", ["out/diary.txt", "out"])
def test_a_folder_with_other_names_is_not_touched(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("dear")

    def replace() -> None:
        with replacing_folder(tmp_path / "out", known={"a.txt"}):
            raise AssertionError("the block must not run")

    with pytest.raises(RunMismatchError, match=r"out holds files that no step wrote \((diary.txt|out)\)"):
        replace()
    assert (tmp_path / name).read_text() == "dear"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_link_to_a_folder_stays_and_the_folder_behind_it_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "big" / "disk").mkdir(parents=True)
    (tmp_path / "big" / "disk" / "old").touch()
    (tmp_path / "out").symlink_to(tmp_path / "big" / "disk")
    with replacing_folder(tmp_path / "out") as beside:
        (beside / "new").touch()
    assert (tmp_path / "out").is_symlink()
    assert [entry.name for entry in (tmp_path / "big" / "disk").iterdir()] == ["new"]
    assert [entry.name for entry in (tmp_path / "big").iterdir()] == ["disk"]
