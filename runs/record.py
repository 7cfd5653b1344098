"""A run folder remembers what it was made from: the same again resumes, anything else is never mixed in.

`begin` writes ``run.json`` into the folder: the step, its parameters and a SHA-256 of every input.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runs.errors import RunMismatchError
from runs.files import write_json
from runs.leftovers import is_leftover
from runs.lock import RUNNING, RunLock
from runs.parameters import Parameters

__all__ = ["RECORD", "RunMismatchError", "begin", "digest"]

RECORD = "run.json"


def begin(folder: Path, step: str, params: Parameters, inputs: Mapping[str, Path], *, restart: bool = False) -> RunLock:
    """Open `folder` for a run of `step`, which resumes what is there when it was made from the same.

    Use it as ``with begin(...):`` around the run: no other run can begin in `folder` until the block ends. What is
    there is looked at, and `folder` emptied, before `begin` returns.

    Parameters
    ----------
    folder
        Made when absent; a link is followed. It is emptied when `restart` is given and it holds another run.
    inputs
        Files or folders by name; their contents are hashed, not their paths or times.

    Raises
    ------
    RunMismatchError
        The folder holds a run of other inputs or parameters and `restart` is not given, or it holds files
        without a record, which are somebody's own: those are never emptied. Or another process runs in it, or it is
        no folder.
    """
    folder = folder.resolve()
    record = {"step": step, "parameters": params.as_dict(), "inputs": {k: digest(v) for k, v in inputs.items()}}
    _check(folder, record, restart)
    _make(folder)
    lock = RunLock(folder)
    try:
        _take_over(folder, record, restart)
    except BaseException:
        lock.release()  # at once: the error's traceback would keep it as long as somebody keeps the error
        raise
    return lock


def digest(path: Path) -> str:
    """SHA-256 of a file's bytes, or of the relative names and bytes of all files below a folder.

    Raises
    ------
    FileNotFoundError
        Nothing is at `path`.
    """
    if path.is_dir():
        total = hashlib.sha256()
        for name in sorted(_files_below(path)):
            total.update(f"{name}\0{digest(path / name)}\n".encode())
        return total.hexdigest()
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _files_below(folder: Path) -> list[str]:
    return [os.path.relpath(os.path.join(root, name), folder) for root, _, names in os.walk(folder) for name in names]


def _take_over(folder: Path, record: dict[str, Any], restart: bool) -> None:
    previous = _check(folder, record, restart)  # again: what was there may have changed before it was locked
    if previous != record:
        if previous is not None:
            _empty(folder)
        write_json(folder / RECORD, record)


def _check(folder: Path, record: dict[str, Any], restart: bool) -> dict[str, Any] | None:
    """The record in `folder`, None where there is nothing, when the run that `record` describes may begin there."""
    previous = _read(folder)
    if previous is not None and "step" not in previous:
        raise RunMismatchError(
            f"{folder} holds files that no step wrote, and they are not touched. Choose a new folder."
        )
    if previous not in (None, record) and not restart:
        raise RunMismatchError(
            f"{folder} holds another run: {_difference(previous or {}, record)}. "
            "Choose a new folder, or start over with `restart` (`--restart`), which empties this one."
        )
    return previous


def _read(folder: Path) -> dict[str, Any] | None:
    if not folder.is_dir() or all(_is_leftover(entry.name) for entry in folder.iterdir()):
        return None
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _is_leftover(name: str) -> bool:
    """Whether a run that was killed as it began has left this."""
    return name == RUNNING or is_leftover(name, RECORD)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise RunMismatchError(f"{folder} is a file. Choose a new folder.") from None
    except NotADirectoryError:
        raise RunMismatchError(f"{folder} is below a file. Choose a new folder.") from None


def _empty(folder: Path) -> None:
    """Remove all but the lock, and the record last: a kill leaves a folder that can be emptied again."""
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name == RECORD):
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry.name != RUNNING:
            entry.unlink()


def _difference(old: dict[str, Any], new: dict[str, Any]) -> str:
    if old.get("step") != new["step"]:
        return f"it was made by {old.get('step')!r}, not {new['step']!r}"
    changes = [
        f"{part}.{name} was {old.get(part, {}).get(name)!r}, now {new[part].get(name)!r}"
        for part in ("parameters", "inputs")
        for name in sorted({*old.get(part, {}), *new[part]})
        if old.get(part, {}).get(name) != new[part].get(name)
    ]
    return "; ".join(changes)
