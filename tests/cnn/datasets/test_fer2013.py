"""FER2013's csv: the pixels exactly, both layouts, and a skip with file, line, rule and value for every broken row."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn.datasets.fer2013 import parse_pixels, read_fer2013
from cnn.datasets.table import COLUMNS, NOT_FIVE
from cnn.errors import InputError

Write = Callable[..., Path]
Pixels = Callable[[int], str]


def test_reads_faces_in_order(tmp_path: Path, write_fer2013: Write, pixels: Pixels) -> None:
    path = write_fer2013(["Training", "PublicTest", "PrivateTest", "Training"], [0, 6, 5, 2])
    faces = read_fer2013(path, tmp_path)
    assert faces.table["expression"].tolist() == ["Angry", "Neutral", "Surprise"]
    assert faces.table["label"].tolist() == [3, 4, 2]
    assert faces.table["official_split"].tolist() == ["Training", "PublicTest", "PrivateTest"]
    assert faces.table["row"].tolist() == [2, 3, 4]
    assert faces.images[1].ravel().tolist() == [int(number) for number in pixels(1).split()]
    assert [(skip.rule, skip.line, skip.value) for skip in faces.skips] == [(NOT_FIVE, 5, "2")]


def test_table_is_complete(tmp_path: Path, write_fer2013: Write) -> None:
    table = read_fer2013(write_fer2013(["Training"] * 2), tmp_path).table
    assert list(table) == list(COLUMNS)
    assert table["vote_happy"].isna().all()
    assert table["sha256"].equals(table["original_sha256"])
    assert table["sha256"].nunique() == 2


def test_icml_layout_is_the_same_table(tmp_path: Path, write_fer2013: Write, pixels: Pixels) -> None:
    usual = read_fer2013(write_fer2013(["Training", "PublicTest"]), tmp_path)
    variant = tmp_path / "icml_face_data.csv"
    rows = [f"3,{usage}, {pixels(n)}" for n, usage in enumerate(["Training", "PublicTest"])]
    variant.write_text("\r\n".join(["emotion, Usage, pixels", *rows]))
    other_scratch = tmp_path / "other"
    other_scratch.mkdir()
    faces = read_fer2013(variant, other_scratch)
    assert faces.table.equals(usual.table)
    assert np.array_equal(faces.images, usual.images)


BROKEN = {
    "too few": ("3,{0} 1,Training", "2304 whole numbers", "2303 numbers"),
    "too many": ("3,{0} 1 2 3,Training", "2304 whole numbers", "2305 numbers"),
    "over 255": ("3,{0} 1 256,Training", "2304 whole numbers", "'256' as number 2304"),
    "negative": ("3,{0} 1 -1,Training", "2304 whole numbers", "'-1' as number 2304"),
    "not whole": ("3,{0} 1 1.5,Training", "2304 whole numbers", "'1.5' as number 2304"),
    "a word": ("3,{0} 1 x,Training", "2304 whole numbers", "'x' as number 2304"),
    "other digits": ("3,{0} 1 ٣,Training", "2304 whole numbers", "'٣' as number 2304"),
    "no pixels": ("3,,Training", "2304 whole numbers", "0 numbers"),
    "emotion": ("7,{0} 1 2,Training", "emotion must be 0 to 6", "7"),
    "no emotion": (",{0} 1 2,Training", "emotion must be 0 to 6", ""),
    "usage": ("3,{0} 1 2,Train", "Usage must be one of", "Train"),
    "fields": ("3,{0} 1 2", "as many fields as the header", "2"),
    "quote": ('3,"{0} 1 2,Training', "as many fields as the header", "2"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_row_is_skipped_and_named(tmp_path: Path, write_fer2013: Write, pixels: Pixels, kind: str) -> None:
    row, rule, value = BROKEN[kind]
    row = row.format(" ".join(pixels(1).split()[:2302]))
    path = write_fer2013(["Training"] * 3, broken={1: row})
    faces = read_fer2013(path, tmp_path)
    assert faces.table["row"].tolist() == [2, 4]
    (skip,) = faces.skips
    assert (skip.file, skip.line, skip.value) == (str(path), 3, value)
    assert rule in skip.rule


def test_folder_is_searched_for_the_known_names(tmp_path: Path, write_fer2013: Write) -> None:
    folder = write_fer2013(["Training"]).parent
    assert len(read_fer2013(folder, tmp_path).table) == 1


def test_folder_without_the_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"`fer2013`: .* holds none of fer2013\.csv"):
        read_fer2013(tmp_path, tmp_path)


def test_missing_path(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="`fer2013` must be a file or a folder that exists"):
        read_fer2013(tmp_path / "nowhere", tmp_path)


def test_header_only_is_an_empty_table(tmp_path: Path, write_fer2013: Write) -> None:
    faces = read_fer2013(write_fer2013([]), tmp_path)
    assert faces.images.shape == (0, 48, 48)
    assert len(faces.table) == 0


@given(st.integers(0, 2**32), st.sampled_from([10, 100, 256]), st.sampled_from([" ", "  ", "\t"]))
def test_any_pixels_come_back(seed: int, bound: int, space: str) -> None:
    values = np.random.default_rng(seed).integers(0, bound, 2304).tolist()
    assert list(parse_pixels(space.join(map(str, values)))) == values


@given(st.text(st.sampled_from("0123456789 -.x"), max_size=40))
def test_tail_of_any_characters(tail: str) -> None:
    text = " ".join(["9"] * 2300) + " " + tail
    try:
        expected = [int(number) for number in text.split()]
    except ValueError:
        expected = []
    if len(expected) == 2304 and all(0 <= value <= 255 for value in expected) and "-" not in text:
        assert list(parse_pixels(text)) == expected
    else:
        with pytest.raises(ValueError, match=r"numbers|as number"):
            parse_pixels(text)


def test_parsing_keeps_up_with_32_000_rows(pixels: Pixels) -> None:
    texts = [pixels(n) for n in range(20)] * 10
    start = time.perf_counter()
    for text in texts:
        parse_pixels(text)
    assert (time.perf_counter() - start) / len(texts) < 2e-3  # 0.1 ms here; 64 s for all rows would be too slow
