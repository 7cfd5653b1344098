"""The .vec format: round trips, the bytes themselves, and files that lie."""

import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cascade.errors import InputError
from cascade.vec import file as vec

SAMPLES = np.arange(3 * 4 * 5, dtype=np.uint8).reshape(3, 4, 5)


@pytest.fixture
def path(tmp_path):
    vec.write_vec(tmp_path / "a.vec", SAMPLES)
    return tmp_path / "a.vec"


@given(arrays(np.uint8, st.tuples(st.integers(0, 5), st.integers(1, 9), st.integers(1, 9))))
def test_what_is_written_is_read(tmp_path_factory, samples):
    path = tmp_path_factory.mktemp("vec") / "a.vec"
    vec.write_vec(path, samples)
    count, height, width = samples.shape
    assert np.array_equal(vec.read_vec(path, width, height), samples)
    assert vec.inspect(path) == vec.VecSummary(path, count, width * height, width, height)


def test_the_bytes_are_those_of_the_format(tmp_path):
    vec.write_vec(tmp_path / "a.vec", np.array([[[7, 255]], [[0, 1]]], np.uint8))
    assert (tmp_path / "a.vec").read_bytes() == bytes.fromhex("02000000 02000000 00000000 00 0700ff00 00 00000100")


def test_a_part_can_be_read(path):
    assert np.array_equal(vec.read_vec(path, 5, 4, 1, 2), SAMPLES[1:2])
    assert vec.read_vec(path, 5, 4, 3).shape == (0, 4, 5)


def test_many_samples_pass_through_in_chunks(tmp_path):
    samples = np.random.default_rng(0).integers(0, 256, (10_000, 3, 2)).astype(np.uint8)
    vec.write_vec(tmp_path / "a.vec", samples)
    assert np.array_equal(vec.read_vec(tmp_path / "a.vec", 2, 3), samples)


def test_a_header_that_promises_too_much_is_found_out(path):
    data = path.read_bytes()
    path.write_bytes(struct.pack("<i", 1000) + data[4:])
    with pytest.raises(
        InputError, match=r"says 1000 samples of 20 pixels \(41012 bytes\), but it has 135 .* room for 3"
    ):
        vec.inspect(path)


@pytest.mark.parametrize("change", [-1, 1, -41])
def test_a_file_of_the_wrong_length_is_refused(path, change):
    data = path.read_bytes()
    path.write_bytes(data[:change] if change < 0 else data + b"\0")
    with pytest.raises(InputError, match="contradicts itself"):
        vec.inspect(path)


@pytest.mark.parametrize("data", [b"", b"short", struct.pack("<iihh", -1, 4, 0, 0), struct.pack("<iihh", 0, 0, 0, 0)])
def test_what_is_no_vec_file_is_refused(tmp_path, data):
    (tmp_path / "a.vec").write_bytes(data)
    with pytest.raises(InputError, match=r"is not a \.vec file"):
        vec.inspect(tmp_path / "a.vec")


def test_a_missing_file(tmp_path):
    with pytest.raises(InputError, match=r"a\.vec cannot be read: No such file"):
        vec.inspect(tmp_path / "a.vec")


def test_pixels_outside_a_byte_are_refused(path):
    data = bytearray(path.read_bytes())
    data[13:15] = struct.pack("<h", -3)
    path.write_bytes(bytes(data))
    with pytest.raises(InputError, match=r"pixels outside 0\.\.255"):
        vec.read_vec(path, 5, 4)


@pytest.mark.parametrize("window", [(4, 5), (10, 2), (20, 20)])
def test_another_window_is_refused_even_when_the_product_fits(path, window):
    with pytest.raises(InputError, match=r"holds 5x4\. Got \d+x\d+\. Use the same in both steps"):
        vec.check_window(vec.inspect(path), *window)


def test_without_its_sidecar_the_product_is_all_that_is_known(path):
    vec.sidecar(path).unlink()
    vec.check_window(vec.inspect(path), 4, 5)
    with pytest.raises(InputError, match=r"20 pixels\. Got 5x5 = 25"):
        vec.check_window(vec.inspect(path), 5, 5)


@pytest.mark.parametrize("text", ["{}", "[]", "no json", '{"width": 5}'])
def test_a_json_file_of_somebody_else_says_nothing(path, text):
    vec.sidecar(path).write_text(text)
    assert vec.inspect(path).width is None


def test_a_sidecar_of_another_run_is_refused(path):
    vec.sidecar(path).write_text(json.dumps({"samples": 9, "width": 5, "height": 4}))
    with pytest.raises(InputError, match="not of one run"):
        vec.inspect(path)


@pytest.mark.parametrize("samples", [SAMPLES[0], SAMPLES.astype(float)])
def test_only_stacks_of_bytes_are_written(tmp_path, samples):
    with pytest.raises(InputError, match="`samples` must be uint8 of shape"):
        vec.write_vec(tmp_path / "a.vec", samples)
