"""The numbers in a .npy file: numpy's own, whatever type and shape; nothing unpickled; no damage crashes."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cnn.datasets.annotation_files import AnnotationError, MissingAnnotationError
from cnn.datasets.npy_numbers import read_numbers


@pytest.mark.parametrize("kind", ["f8", "f4", "f2", "i8", "u1", ">f8", ">i4", "U5", "S5"])
@pytest.mark.parametrize("shape", [(4,), (2, 2), (1, 4, 1)])
def test_any_type_and_shape(tmp_path: Path, kind: str, shape: tuple[int, ...]) -> None:
    np.save(tmp_path / "a.npy", np.array([0, 7, 12, 99]).astype(kind).reshape(shape))
    assert read_numbers(tmp_path / "a.npy", 4).tolist() == [0, 7, 12, 99]


@pytest.mark.parametrize("value", [3, 3.0, "3", "3.0", np.str_("3"), b"3"])
def test_single_value_without_a_shape(tmp_path: Path, value: object) -> None:
    np.save(tmp_path / "a.npy", np.array(value))
    assert read_numbers(tmp_path / "a.npy", 1).tolist() == [3]


def test_missing(tmp_path: Path) -> None:
    with pytest.raises(MissingAnnotationError, match=r"annotation must exist \(got a\.npy\)"):
        read_numbers(tmp_path / "a.npy", 1)


def test_another_count(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros(135))
    with pytest.raises(AnnotationError, match=r"annotation must hold 136 numbers \(got a\.npy: 135\)"):
        read_numbers(tmp_path / "a.npy", 136)


@pytest.mark.parametrize("value", [None, [1, None], {"a": 1}])
def test_python_objects_are_refused(tmp_path: Path, value: object) -> None:
    np.save(tmp_path / "a.npy", np.array(value, object), allow_pickle=True)
    with pytest.raises(AnnotationError, match=r"numbers, not Python objects \(got a\.npy: object\)"):
        read_numbers(tmp_path / "a.npy", 1)


class Bomb:
    def __init__(self, fuse: Path) -> None:
        self.fuse = fuse

    def __reduce__(self) -> tuple[Callable[[Path], None], tuple[Path]]:
        return Path.touch, (self.fuse,)


@pytest.mark.parametrize("wrap", [lambda data: data, lambda data: npy("|O", (1,)) + data])
def test_nothing_is_unpickled(tmp_path: Path, wrap: Callable[[bytes], bytes]) -> None:
    (tmp_path / "a.npy").write_bytes(wrap(pickle.dumps(Bomb(tmp_path / "fuse"))))
    with pytest.raises(AnnotationError, match="annotation must"):
        read_numbers(tmp_path / "a.npy", 1)
    assert not (tmp_path / "fuse").exists()


def npy(kind: str, shape: tuple[int, ...]) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": kind, "fortran_order": False, "shape": shape})
    return stream.getvalue()


@pytest.mark.parametrize("shape", [(10**12,), (2**62, 4), (-1,), (3,)])
def test_header_that_lies_about_the_size(tmp_path: Path, shape: tuple[int, ...]) -> None:
    (tmp_path / "a.npy").write_bytes(npy("<f8", shape) + bytes(8))
    with pytest.raises(AnnotationError, match=r"annotation must be a whole \.npy file"):
        read_numbers(tmp_path / "a.npy", 1)


@pytest.mark.parametrize("value", ["happy", "", "nan", np.nan, np.inf, 1e39, "1e39", True])
def test_no_number(tmp_path: Path, value: object) -> None:
    np.save(tmp_path / "a.npy", np.array(value))
    with pytest.raises(AnnotationError, match=r"a number|numbers"):
        read_numbers(tmp_path / "a.npy", 1)


@pytest.mark.parametrize(("kind", "letter"), [("<U1", b"\xff" * 4), ("<U0", b""), ("|S0", b"")])
def test_text_without_letters_or_with_impossible_ones(tmp_path: Path, kind: str, letter: bytes) -> None:
    (tmp_path / "a.npy").write_bytes(npy(kind, (1,)) + letter)
    with pytest.raises(AnnotationError, match=r"a number|numbers"):
        read_numbers(tmp_path / "a.npy", 1)


@given(st.integers(0, 200), st.binary(max_size=20), st.integers(0, 150))
@example(8, b"((((((((", 150)
def test_damage_is_found_or_harmless(
    tmp_path_factory: pytest.TempPathFactory, place: int, damage: bytes, end: int
) -> None:
    path = tmp_path_factory.mktemp("npy") / "a.npy"
    data = npy("<f8", (1,)) + np.float64(0.5).tobytes()
    path.write_bytes((data[:place] + damage + data[place + len(damage) :])[:end])
    with suppress(AnnotationError):
        assert read_numbers(path, 1).shape == (1,)
