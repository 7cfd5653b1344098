from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest
from annotated_types import Ge

from runs.parameters import Parameters
from runs.record import RunMismatchError, begin, digest


@dataclass(frozen=True, kw_only=True)
class Sample(Parameters):
    """Parameters of a step."""

    epochs: Annotated[int, Ge(1)] = 3


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "data.bin"
    path.write_bytes(b"one")
    return path


def test_the_same_run_resumes_with_its_files(tmp_path: Path, data: Path) -> None:
    out = tmp_path / "out"
    begin(out, "train", Sample(), {"data": data})
    (out / "stage0.xml").touch()
    begin(out, "train", Sample(), {"data": data})
    assert (out / "stage0.xml").exists()


def test_other_parameters_are_refused_by_name_and_nothing_is_touched(tmp_path: Path, data: Path) -> None:
    out = tmp_path / "out"
    begin(out, "train", Sample(), {"data": data})
    (out / "stage0.xml").touch()
    with pytest.raises(RunMismatchError, match=r"parameters\.epochs was 3, now 4.*restart"):
        begin(out, "train", Sample(epochs=4), {"data": data})
    assert (out / "stage0.xml").exists()


def test_other_bytes_under_the_same_name_are_another_run(tmp_path: Path, data: Path) -> None:
    out = tmp_path / "out"
    begin(out, "train", Sample(), {"data": data})
    data.write_bytes(b"two")
    with pytest.raises(RunMismatchError, match=r"inputs\.data was"):
        begin(out, "train", Sample(), {"data": data})


def test_restart_empties_another_run(tmp_path: Path, data: Path) -> None:
    out = tmp_path / "out"
    begin(out, "train", Sample(), {"data": data})
    (out / "stage0.xml").touch()
    begin(out, "train", Sample(epochs=4), {"data": data}, restart=True)
    assert [entry.name for entry in out.iterdir()] == ["run.json"]


def test_restart_follows_a_link_and_leaves_what_the_run_linked_to(tmp_path: Path, data: Path) -> None:
    out, behind, kept = tmp_path / "out", tmp_path / "big", tmp_path / "kept"
    behind.mkdir()
    kept.mkdir()
    (kept / "faces.npy").touch()
    out.symlink_to(behind)
    begin(out, "train", Sample(), {"data": data})
    (out / "checkpoint").mkdir()
    (out / "checkpoint" / "model.keras").touch()
    (out / "faces").symlink_to(kept)
    begin(out, "train", Sample(epochs=4), {"data": data}, restart=True)
    assert out.is_symlink()
    assert [entry.name for entry in behind.iterdir()] == ["run.json"]
    assert json.loads((behind / "run.json").read_text())["parameters"] == {"epochs": 4}
    assert (kept / "faces.npy").exists()


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("name", [".ssh_key", ".git", ".run.json.0123abcd", ".other.0123abcd.writing"])
def test_hidden_files_are_somebodys_own(tmp_path: Path, data: Path, name: str, restart: bool) -> None:
    own = tmp_path / "home"
    own.mkdir()
    (own / name).touch()
    with pytest.raises(RunMismatchError, match="files that no step wrote"):
        begin(own, "train", Sample(), {"data": data}, restart=restart)
    assert [entry.name for entry in own.iterdir()] == [name]


def test_what_a_run_killed_as_it_began_left_is_not_somebodys_own(tmp_path: Path, data: Path) -> None:
    out = tmp_path / "out"
    (out / ".run.json.0123abcd.writing").mkdir(parents=True)
    (out / ".running").write_text("1")
    begin(out, "train", Sample(), {"data": data})
    assert [entry.name for entry in out.iterdir()] == ["run.json"]


@pytest.mark.parametrize(("name", "words"), [("data.bin", "is a file"), ("data.bin/out", "is below a file")])
def test_a_file_in_the_way_is_named(tmp_path: Path, data: Path, name: str, words: str) -> None:
    with pytest.raises(RunMismatchError, match=rf"{name} {words}\. Choose a new folder\.$"):
        begin(tmp_path / name, "train", Sample(), {"data": data}, restart=True)
    assert data.read_bytes() == b"one"


def test_restart_never_empties_a_folder_that_no_step_wrote(tmp_path: Path, data: Path) -> None:
    own = tmp_path / "documents"
    own.mkdir()
    (own / "thesis.tex").touch()
    with pytest.raises(RunMismatchError, match="files that no step wrote"):
        begin(own, "train", Sample(), {"data": data}, restart=True)
    assert (own / "thesis.tex").exists()


def test_another_step_is_refused(tmp_path: Path, data: Path) -> None:
    begin(tmp_path / "out", "merge", Sample(), {"data": data})
    with pytest.raises(RunMismatchError, match="made by 'merge', not 'train'"):
        begin(tmp_path / "out", "train", Sample(), {"data": data})


def test_a_folders_digest_follows_names_and_bytes_only(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name / "deep").mkdir(parents=True)
        (tmp_path / name / "deep" / "x").write_bytes(b"1")
    assert digest(tmp_path / "a") == digest(tmp_path / "b")
    (tmp_path / "b" / "deep" / "x").rename(tmp_path / "b" / "deep" / "y")
    assert digest(tmp_path / "a") != digest(tmp_path / "b")


def test_a_missing_input_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="absent"):
        digest(tmp_path / "absent")
