"""Files that lie are found out, and what is whole in them is saved."""

import json
import struct

import numpy as np
import pytest

from cascade.errors import InputError
from cascade.vec.file import read_vec, sidecar, write_vec
from cascade.vec.verify import repair_vec, verify_vec

SAMPLES = np.random.default_rng(0).integers(0, 256, (6, 4, 4)).astype(np.uint8)
RECORD = 33


@pytest.fixture
def path(tmp_path):
    write_vec(tmp_path / "a.vec", SAMPLES)
    return tmp_path / "a.vec"


def rules(path):
    return [problem.rule for problem in verify_vec(path).problems]


def damage(path, place, data):
    whole = bytearray(path.read_bytes())
    whole[place : place + len(data)] = data
    path.write_bytes(bytes(whole))


def test_a_sound_file_has_no_problems(path):
    assert verify_vec(path, 4, 4).problems == ()
    assert verify_vec(path).samples == 6
    assert [problem.rule for problem in verify_vec(path, 5, 4).problems] == ["another window"]


@pytest.mark.parametrize(
    ("cut", "rule", "kept"),
    [(-1, "cut off", 5), (-RECORD - 3, "cut off", 4), (1, "bytes after", 6), (RECORD, "fewer", 7)],
)
def test_a_wrong_length_is_told_and_the_whole_samples_saved(path, tmp_path, cut, rule, kept):
    data = path.read_bytes()
    path.write_bytes(data[:cut] if cut < 0 else data + bytes(cut))
    (found,) = rules(path)
    assert rule in found
    repaired = repair_vec(path, tmp_path / "b.vec")
    assert (repaired.count, repaired.lost) == (kept, 0)
    assert np.array_equal(read_vec(tmp_path / "b.vec", 4, 4)[:6], SAMPLES[:kept])
    assert verify_vec(tmp_path / "b.vec").problems == ()


def test_broken_samples_are_named_and_left_out(path, tmp_path):
    damage(path, 12 + 2 * RECORD + 1, struct.pack("<h", -7))
    damage(path, 12 + 4 * RECORD, b"\x05")
    first, second = verify_vec(path).problems
    assert (first.line, first.rule) == (3, "pixels outside 0..255")
    assert first.value.startswith("-7..")
    assert (second.line, second.rule) == (5, "the byte before a sample is not 0")
    assert repair_vec(path, tmp_path / "b.vec").lost == 1
    assert np.array_equal(read_vec(tmp_path / "b.vec", 4, 4), SAMPLES[[0, 1, 3, 4, 5]])


def test_many_broken_samples_are_counted_not_listed(tmp_path):
    write_vec(tmp_path / "a.vec", np.zeros((50, 1, 1), np.uint8))
    (tmp_path / "a.vec").write_bytes((tmp_path / "a.vec").read_bytes()[:12] + b"\0\xff\xff" * 50)
    problems = verify_vec(tmp_path / "a.vec").problems
    assert len(problems) == 21
    assert problems[-1].value == "30"


def test_a_sidecar_of_others(path):
    sidecar(path).write_text(json.dumps({"samples": 9, "width": 4, "height": 4}))
    assert rules(path) == ["the JSON file beside it speaks of other samples"]


@pytest.mark.parametrize(("count", "size"), [(-1, 16), (6, 0), (6, -16), (1, 2**31 - 1)])
def test_a_mad_header_costs_nothing_and_a_given_window_saves(path, tmp_path, count, size):
    damage(path, 0, struct.pack("<ii", count, size))
    assert rules(path)[0] == "no header of a .vec file"
    assert repair_vec(path, tmp_path / "b.vec", 4, 4).count == 6


def test_what_cannot_be_repaired(path, tmp_path):
    sidecar(path).unlink()
    damage(path, 4, struct.pack("<i", 20))
    with pytest.raises(InputError, match=r"whose header says 20 pixels\. Give `width`"):
        repair_vec(path, tmp_path / "b.vec")
    with pytest.raises(InputError, match="holds no whole sample of 99x99"):
        repair_vec(path, tmp_path / "b.vec", 99, 99)
    with pytest.raises(InputError, match="must be positive"):
        repair_vec(path, tmp_path / "b.vec", -4, -4)
