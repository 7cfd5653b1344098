"""Chunks on disk: what was kept comes back, and what is not whole is nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn.datasets.picture_chunks import Chunk, Face, Fault, chunk_key, load_chunk, save_chunk

FACES = st.builds(Face, st.integers(0, 255).map(lambda level: bytes([level]) * 2304), st.text("0123456789abcdef"))
FAULTS = st.builds(Fault, st.text(), st.text(st.characters(codec="utf-8")))
SOME = Chunk([Face(bytes(2304), "ab"), Fault("rule", "value\nof two lines"), Face(b"\n" * 2304, "cd")])


@given(found=st.lists(FACES | FAULTS, max_size=6))
def test_chunk_comes_back(tmp_path_factory: pytest.TempPathFactory, found: list[Face | Fault]) -> None:
    path = tmp_path_factory.mktemp("chunks") / "one"
    save_chunk(path, Chunk(found))
    assert load_chunk(path) == Chunk(found, kept=True)
    assert [entry.name for entry in path.parent.iterdir()] == ["one"]


def test_threads_may_save_the_same_chunk(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: save_chunk(tmp_path / "one", SOME), range(400)))
    assert load_chunk(tmp_path / "one") == Chunk(SOME.found, kept=True)
    assert [entry.name for entry in tmp_path.iterdir()] == ["one"]


def test_half_a_chunk_is_none(tmp_path: Path) -> None:
    save_chunk(tmp_path / "one", SOME)
    data = (tmp_path / "one").read_bytes()
    for length in (*range(100), len(data) - 2304, len(data) - 1):
        (tmp_path / "one").write_bytes(data[:length])
        assert load_chunk(tmp_path / "one") is None


def test_no_chunk_is_none(tmp_path: Path) -> None:
    assert load_chunk(tmp_path / "nothing") is None


def test_key_tells_all_parts_apart() -> None:
    keys = {chunk_key(parts) for parts in (["a", "b"], ["b", "a"], ["a"], ["ab"], [], ["\udcff"], ["\ud800"])}
    assert len(keys) == 7
    assert chunk_key(["a", "b"]) in keys
