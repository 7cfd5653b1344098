"""The `vec` commands by their words: arguments reach the functions, and a bad file gives status 1."""

import numpy as np
import pytest

from cascade.vec.file import inspect, write_vec
from flows.commands.vec_commands import vec_app


def run(*words):
    return vec_app([str(word) for word in words], exit_on_error=False, result_action="return_value")


@pytest.fixture
def path(tmp_path):
    write_vec(tmp_path / "a.vec", np.random.default_rng(0).integers(0, 256, (10, 6, 5)).astype(np.uint8))
    return tmp_path / "a.vec"


def test_a_way_through_all_commands(path, tmp_path, capsys):
    run("inspect", path)
    assert "sha256" in capsys.readouterr().out
    run("split", path, tmp_path / "parts", "0.7", "0.3", "--seed", "2")
    assert "7 samples of 5x6" in capsys.readouterr().out
    run("merge", tmp_path / "b.vec", tmp_path / "parts/a_1.vec", tmp_path / "parts/a_2.vec", "--shuffle")
    assert inspect(tmp_path / "b.vec").count == 10
    run("extract", path, tmp_path / "pictures", "--stop", "4")
    run("pack", tmp_path / "pictures", tmp_path / "c.vec", "--width", "5", "--height", "6")
    assert inspect(tmp_path / "c.vec").count == 4
    run("sheet", path, tmp_path / "sheet.png", "--num", "4")
    assert (tmp_path / "sheet.png").is_file()


def test_a_broken_file_is_told_and_repaired(path, tmp_path, capsys):
    assert run("verify", path) == 0
    path.write_bytes(path.read_bytes()[:-1])
    assert run("verify", path) == 1
    assert "cut off" in capsys.readouterr().out
    assert run("verify", path, "--repair", tmp_path / "b.vec") == 0
    assert inspect(tmp_path / "b.vec").count == 9
