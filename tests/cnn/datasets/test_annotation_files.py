"""Annotations by strangers: what is a number, what is a file, and what is refused."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from cnn.datasets.annotation_files import AnnotationError, MissingAnnotationError, feeling, number, read_annotation


def test_reads_all_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    assert read_annotation(tmp_path / "a", 5) == b"12345"


def test_larger_file_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "a").open("wb") as stream:
        stream.truncate(1 << 40)  # a hole: takes no space
    with pytest.raises(AnnotationError, match=r"annotation must have at most 5 bytes \(got a: 1099511627776 bytes\)"):
        read_annotation(tmp_path / "a", 5)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(MissingAnnotationError, match="annotation must exist"):
        read_annotation(tmp_path / "a", 5)


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_folder_and_pipe_are_no_files(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "a")
    with pytest.raises(AnnotationError, match="annotation must be a file"):
        read_annotation(tmp_path / "a", 5)


def test_name_that_is_too_long(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match="annotation must be readable"):
        read_annotation(tmp_path / ("a" * 300), 5)


@pytest.mark.parametrize("value", [1, 1.0, "1", " 1.0 ", b"1", "1e0"])
def test_numbers_in_any_dress(value: object) -> None:
    assert number("x", value) == 1


@pytest.mark.parametrize(
    "value", [None, "", "happy", [1], True, math.nan, "nan", math.inf, "-inf", 1e39, 10**400, "0x1"]
)
def test_no_numbers(value: object) -> None:
    with pytest.raises(AnnotationError, match="x must be a number "):
        number("x", value)


def test_endless_value_is_cut() -> None:
    with pytest.raises(AnnotationError) as caught:
        number("x", [0] * 100_000)
    assert caught.value.value == ("[" + "0, " * 100)[:200]
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("value", [-0.1, 1.1])
def test_outside_its_range(value: float) -> None:
    with pytest.raises(AnnotationError, match=r"x must be a number from 0 to 1 \(got f.json: "):
        number("x", value, 0, 1, file="f.json")


def test_feeling_may_be_unknown() -> None:
    assert math.isnan(feeling("valence", "-2"))
    assert feeling("valence", "-1") == -1
    with pytest.raises(AnnotationError, match="valence must be a number from -1 to 1"):
        feeling("valence", -1.5)
