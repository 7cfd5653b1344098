"""The SHA-256 of a file or folder, remembered while sizes and times of its files stay the same.

A folder of hundreds of thousands of pictures is read once, and afterwards only listed: seconds, not minutes. A file
that is rewritten without any change of its size, its time of writing and its time of change would be missed; no
ordinary program can do that, as the last of these cannot be set.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from runs.files import write_json
from runs.record import digest

DIGESTS = Path("work/digests")
"""Where digests are remembered: one small file for each path."""


def content_digest(path: Path, remembered: Path = DIGESTS) -> str:
    """`runs.record.digest` of `path`, from `remembered` where nothing there has changed since.

    Raises
    ------
    FileNotFoundError
        Nothing is at `path`.
    """
    whole = path.resolve(strict=True)
    note = remembered / f"{hashlib.sha256(os.fsencode(whole)).hexdigest()[:32]}.json"
    listed = _listing(whole)
    found = _read(note)
    if found.get("listing") == listed and found.get("path") == str(whole):
        return str(found.get("sha256"))
    sha256 = digest(whole)
    if _listing(whole) == listed:  # else somebody writes there now, and the next time must read again
        remembered.mkdir(parents=True, exist_ok=True)
        write_json(note, {"path": str(whole), "listing": listed, "sha256": sha256})
    return sha256


def _listing(path: Path) -> str:
    total = hashlib.sha256()
    for name, found in sorted(_files(path)):
        total.update(os.fsencode(name) + f"\0{found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}\n".encode())
    return total.hexdigest()


def _files(path: Path) -> Iterator[tuple[str, os.stat_result]]:
    if not path.is_dir():
        yield "", path.stat()
        return
    for root, _, names in os.walk(path):
        for name in names:
            file = os.path.join(root, name)
            yield os.path.relpath(file, path), os.stat(file)  # noqa: PTH116


def _read(note: Path) -> dict[str, object]:
    try:
        found = json.loads(note.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
