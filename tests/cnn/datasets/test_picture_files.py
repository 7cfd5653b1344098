"""Finding files: an order that people expect, and nothing that a file manager left."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnn.datasets.picture_files import existing_folder, folders_in, is_picture, names_in, pictures_in, relative, walk
from cnn.errors import InputError


def make(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def test_numbers_count_as_numbers(tmp_path: Path) -> None:
    make(tmp_path, "10.png", "9.png", "a10b2.png", "a9b3.png", "a9b10.png", "09.png", "b.png")
    assert names_in(tmp_path) == ["09.png", "9.png", "10.png", "a9b3.png", "a9b10.png", "a10b2.png", "b.png"]


def test_hidden_files_and_those_of_file_managers_are_left_out(tmp_path: Path) -> None:
    make(tmp_path, ".DS_Store", "._1.png", "Thumbs.db", "desktop.ini", "1.png", ".git/x", "2/x")
    assert names_in(tmp_path) == ["1.png"]
    assert [path.name for path in folders_in(tmp_path)] == ["2"]


def test_pictures_in_a_folder(tmp_path: Path) -> None:
    make(tmp_path, "2.png", "1.jpg", "notes.txt", "3.png/x")
    assert pictures_in(tmp_path) == [tmp_path / "1.jpg", tmp_path / "2.png"]


def test_walk_goes_folder_by_folder(tmp_path: Path) -> None:
    make(tmp_path, "b/2/x", "b/10/x", "a/x")
    assert [relative(path, tmp_path) for path in walk(tmp_path)] == [".", "a", "b", "b/2", "b/10"]


def test_a_ring_of_links_ends(tmp_path: Path) -> None:
    make(tmp_path, "a/x")
    (tmp_path / "a" / "ring").symlink_to(tmp_path)
    assert list(walk(tmp_path)) == [tmp_path, tmp_path / "a"]


@pytest.mark.parametrize(("name", "expected"), [("a.PNG", True), ("a.jpeg", True), ("a.txt", False), ("png", False)])
def test_pictures_by_name(name: str, expected: bool) -> None:
    assert is_picture(name) == expected


def test_folder_that_cannot_be_listed(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone cannot be listed: No such file or directory\."):
        names_in(tmp_path / "gone")


def test_folder_must_exist(tmp_path: Path) -> None:
    make(tmp_path, "file")
    with pytest.raises(InputError, match=r"`mpi` must be a folder that exists\. Got .*file"):
        existing_folder(tmp_path / "file", "mpi")
