"""The data's hash and the code's commit, and a reason where there is none."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tasks import data_version as module
from tasks.data_version import DataVersion, DvcHash, GitCommit, data_version, dvc_hash, git_commit

FOLDER = "outs:\n- md5: 0123456789abcdef0123456789abcdef.dir\n  size: 1234\n  nfiles: 5\n  hash: md5\n  path: data\n"


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    command = ["git", *identity, "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "a checkout"
    folder.mkdir()
    git(folder, "init", "--quiet")
    (folder / "data.dvc").write_text(FOLDER)
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "first")
    return folder


def test_reads_the_hash_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "data.dvc").write_text(FOLDER)
    assert dvc_hash(tmp_path / "data") == DvcHash("0123456789abcdef0123456789abcdef.dir", 5, 1234)


def test_counts_are_optional(tmp_path: Path) -> None:
    (tmp_path / "data.dvc").write_text("outs:\n- md5: ab\n  path: data\n")
    assert dvc_hash(tmp_path / "data") == DvcHash("ab", None, None)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "data.dvc does not exist beside the data; `dvc add data` makes it"),
        ("outs: [", "data.dvc cannot be read: ParserError"),
        ("", "data.dvc holds no `outs` entry with an `md5`"),
        ("outs: []", "data.dvc holds no `outs` entry with an `md5`"),
        ("outs:\n- path: data", "data.dvc holds no `outs` entry with an `md5`"),
        ("- 1", "data.dvc holds no `outs` entry with an `md5`"),
        ("outs:\n- md5: ab\n  path: other", "data.dvc is not of the folder data beside it"),
        ("wdir: below\nouts:\n- md5: ab\n  path: data", "data.dvc is not of the folder data beside it"),
    ],
)
def test_an_unknown_hash_says_why(tmp_path: Path, text: str | None, reason: str) -> None:
    if text is not None:
        (tmp_path / "data.dvc").write_text(text)
    assert dvc_hash(tmp_path / "data") == DvcHash(reason=reason)


def test_a_file_that_is_no_text_has_a_reason(tmp_path: Path) -> None:
    (tmp_path / "data.dvc").write_bytes(b"\xff\xfe\x00")
    assert dvc_hash(tmp_path / "data").reason == "data.dvc cannot be read: UnicodeDecodeError"


def test_a_clean_checkout(checkout: Path) -> None:
    (checkout / "untracked").write_text("what steps write")
    assert git_commit(checkout) == GitCommit(git(checkout, "rev-parse", "HEAD"), dirty=False)


def test_a_changed_tracked_file_makes_it_dirty_from_below_too(checkout: Path) -> None:
    (checkout / "data.dvc").write_text(FOLDER + "# changed\n")
    (checkout / "below").mkdir()
    (checkout / "below" / "code.py").touch()
    git(checkout, "add", "below")
    assert git_commit(checkout / "below").dirty is True


def test_what_is_installed_below_somebodys_checkout_has_no_commit(checkout: Path) -> None:
    (checkout / "site-packages").mkdir()
    (checkout / "site-packages" / "code.py").touch()
    assert git_commit(checkout / "site-packages").commit == "unknown"
    assert "did not match any file" in git_commit(checkout / "site-packages").reason


def test_the_hash_is_of_the_folder_that_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data.dvc").write_text(FOLDER)
    (tmp_path / "else").mkdir()
    (tmp_path / "data").symlink_to(tmp_path / "else")
    monkeypatch.chdir(tmp_path / "else")
    assert dvc_hash(Path("../data/")).files == 5
    for other in ("my/data", tmp_path / "else", "/"):
        assert dvc_hash(Path(other)).md5 == "unknown"


def test_no_checkout_no_commit_no_git_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert "not a git repository" in git_commit(tmp_path).reason
    git(tmp_path, "init", "--quiet")
    assert git_commit(tmp_path) == GitCommit(reason="fatal: Needed a single revision")
    monkeypatch.setattr(module, "_GIT_SECONDS", 1e-6)
    assert git_commit(tmp_path).reason == "git did not answer within 0 s"
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "git is not installed" in git_commit(tmp_path).reason


def test_tags_are_text_and_leave_out_what_is_not_known(checkout: Path) -> None:
    version = data_version(checkout / "data", checkout)
    assert version.as_tags() == {
        "dvc.md5": "0123456789abcdef0123456789abcdef.dir",
        "dvc.files": "5",
        "dvc.size": "1234",
        "git.commit": git(checkout, "rev-parse", "HEAD"),
        "git.dirty": "False",
    }
    unknown = DataVersion(DvcHash(reason="why"), GitCommit(reason="not"))
    expected = {"dvc.md5": "unknown", "dvc.reason": "why", "git.commit": "unknown", "git.reason": "not"}
    assert unknown.as_tags() == expected
