"""Which data and which code a model was made from: DVC's hash of the data, git's commit of the rest.

Plain functions that start `git` and read one small file. Nothing here is required: outside a git checkout,
or where the data is not under DVC, the version says "unknown", and why.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

UNKNOWN = "unknown"
_GIT_SECONDS = 20.0


@dataclass(frozen=True)
class DvcHash:
    """What a ``.dvc`` file says of its data.

    `md5` is DVC's hash, with ``.dir`` at its end for a folder; `files` and `size` (bytes) are None where
    the file does not say. `reason` is empty, or why `md5` is "unknown".
    """

    md5: str = UNKNOWN
    files: int | None = None
    size: int | None = None
    reason: str = ""


@dataclass(frozen=True)
class GitCommit:
    """The commit of a checkout, and whether tracked files differ from it (`dirty`; None where unknown).

    `reason` is empty, or why `commit` is "unknown".
    """

    commit: str = UNKNOWN
    dirty: bool | None = None
    reason: str = ""


@dataclass(frozen=True)
class DataVersion:
    """The data's hash and the code's commit."""

    dvc: DvcHash
    git: GitCommit

    def as_tags(self) -> dict[str, str]:
        """The version as flat text, such as ``{"dvc.md5": ..., "git.commit": ...}``; what is not known is left out."""
        told = {"dvc": asdict(self.dvc), "git": asdict(self.git)}
        flat = {f"{part}.{name}": value for part, values in told.items() for name, value in values.items()}
        return {name: str(value) for name, value in flat.items() if value not in (None, "")}


def data_version(data: Path, code: Path) -> DataVersion:
    """The version of a data folder and of the code.

    Parameters
    ----------
    data
        The folder that ``DATA.dvc`` beside it tells of; without that file its version is "unknown".
    code
        A folder of code; its git checkout may begin above it.
    """
    return DataVersion(dvc_hash(data), git_commit(code))


def dvc_hash(data: Path) -> DvcHash:
    """Read the hash of a data folder from the ``.dvc`` file beside it; it never raises.

    The file is believed: whether the data on disk still is what it says, only `dvc status` knows.
    """
    # Links stay links: DVC's file lies beside the name, not beside what it leads to.
    whole = Path(os.path.abspath(data))  # noqa: PTH100
    path = whole.parent / f"{whole.name}.dvc"
    try:
        record = yaml.safe_load(path.read_text(encoding="utf-8"))
        if record.get("wdir", ".") != "." or record["outs"][0]["path"] != whole.name:
            return DvcHash(reason=f"{path.name} is not of the folder {whole.name} beside it")
        output = record["outs"][0]
        return DvcHash(str(output["md5"]), _count(output, "nfiles"), _count(output, "size"))
    except FileNotFoundError:
        return DvcHash(reason=f"{path.name} does not exist beside the data; `dvc add {whole.name}` makes it")
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        return DvcHash(reason=f"{path.name} cannot be read: {type(error).__name__}")
    except (AttributeError, KeyError, IndexError, TypeError):
        return DvcHash(reason=f"{path.name} holds no `outs` entry with an `md5`")


def git_commit(folder: Path) -> GitCommit:
    """The commit checked out around `folder`; it never raises.

    A folder without tracked files has none: what is installed below somebody's checkout is not that checkout's.
    Untracked files do not make a checkout dirty: they are mostly what steps write.
    """
    try:
        commit = _git(folder, "rev-parse", "--verify", "HEAD")
        _git(folder, "ls-files", "--error-unmatch", "--", ".")
        changes = _git(folder, "status", "--porcelain", "--untracked-files=no")
    except FileNotFoundError:
        return GitCommit(reason="git is not installed, or the folder does not exist")
    except subprocess.TimeoutExpired:
        return GitCommit(reason=f"git did not answer within {_GIT_SECONDS:.0f} s")
    except subprocess.CalledProcessError as error:
        lines = (error.stderr or "").strip().splitlines()
        return GitCommit(reason=lines[0] if lines else f"git ended with {error.returncode}")
    return GitCommit(commit, bool(changes))


def _git(folder: Path, *arguments: str) -> str:
    # Without optional locks, `status` never writes the index under somebody's hands.
    command = ["git", "--no-optional-locks", "-C", str(folder), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=_GIT_SECONDS)
    return done.stdout.strip()


def _count(output: dict[str, Any], name: str) -> int | None:
    value = output.get(name)
    return value if isinstance(value, int) else None
