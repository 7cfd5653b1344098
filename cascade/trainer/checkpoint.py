"""From where a killed training goes on: after each stage, where the search for negatives stands.

A stage counts as trained once it is in the checkpoint, which is written last; what was trained after it is thrown
away, and comes out the same again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cascade import train_files
from cascade.model import Stage
from cascade.trainer import files
from cascade.trainer.mining_cursor import Cursor
from runs.files import write_json

CHECKPOINT = "checkpoint.json"


@dataclass(frozen=True)
class Checkpoint:
    """The stages that are trained and where the search for the negatives of each next one begins."""

    stages: tuple[Stage, ...]
    cursors: tuple[Cursor, ...]


def load(folder: Path) -> Checkpoint:
    """Read what is there, and delete what the checkpoint does not vouch for."""
    cursors = _read_cursors(folder / CHECKPOINT)
    done = min(len(cursors), train_files.count_whole_stages(folder))
    for path in folder.glob("stage*.xml"):
        if path.stem.removeprefix("stage").isdigit() and int(path.stem.removeprefix("stage")) >= done:
            path.unlink()
    train_files.repair(folder)
    return Checkpoint(tuple(files.read_stage(folder, number) for number in range(done)), tuple(cursors[:done]))


def save(folder: Path, cursors: Sequence[Cursor]) -> None:
    """Vouch for as many stages as there are cursors."""
    write_json(folder / CHECKPOINT, {"cursors": [cursor.to_json() for cursor in cursors]})


def _read_cursors(path: Path) -> list[Cursor]:
    try:
        return [Cursor.from_json(values) for values in json.loads(path.read_text(encoding="utf-8"))["cursors"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []
