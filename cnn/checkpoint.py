"""The state of a training after each epoch, from which it goes on after a kill.

``state.json`` is the commit point: it names the epoch and, through it, the files that belong to it. It is written
last and whole, so a kill at any moment leaves either the old epoch or the new one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from cnn.errors import TrainingError
from runs.files import replacing_file, write_json

_STATE = "state.json"

Arrays = Mapping[str, Sequence[np.ndarray]]


@dataclass
class TrainingState:
    """What is known after `epochs` finished epochs.

    `history` has one row of figures an epoch; `best_epoch` counts from 1 and is 0 before the first; `seconds`
    is the time spent training, over all sittings; `updates` counts those of the averaged weights.
    """

    epochs: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    best_epoch: int = 0
    best_score: float = float("-inf")
    seconds: float = 0.0
    updates: int = 0


def best_model(folder: Path, state: TrainingState) -> Path:
    """Where the best epoch's model lies in the checkpoint folder."""
    return folder / f"best-{state.best_epoch:04d}.keras"


def save_checkpoint(folder: Path, state: TrainingState, arrays: Arrays) -> None:
    """Write the state and its arrays, then remove what older epochs left.

    Parameters
    ----------
    folder
        The checkpoint folder; :func:`best_model` must be in it already.
    state
        Its numbers must be finite.
    arrays
        Lists of arrays by name: the weights, the optimizer's variables, the averaged weights.
    """
    path = folder / _arrays_file(state)
    with replacing_file(path) as beside, beside.open("wb") as stream:
        flat = {f"{name}.{number}": array for name, group in arrays.items() for number, array in enumerate(group)}
        np.savez(stream, **flat)  # type: ignore[arg-type]
    write_json(folder / _STATE, asdict(state))
    for file in folder.iterdir():
        if file.name not in (_STATE, path.name, best_model(folder, state).name):
            file.unlink()


def load_checkpoint(folder: Path) -> tuple[TrainingState, dict[str, list[np.ndarray]]] | None:
    """Read what :func:`save_checkpoint` wrote; None when there is nothing yet.

    Raises
    ------
    TrainingError
        When files of the checkpoint are missing or damaged.
    """
    if not (folder / _STATE).exists():
        return None
    try:
        state = TrainingState(**json.loads((folder / _STATE).read_text(encoding="utf-8")))
        with np.load(folder / _arrays_file(state)) as stored:
            return state, _grouped({name: stored[name] for name in stored.files})
    except Exception as error:  # zipfile, json and numpy raise a dozen kinds for a damaged file
        raise TrainingError(f"{folder}: the checkpoint is damaged: {error}. Start over with `restart`.") from error


def _arrays_file(state: TrainingState) -> str:
    return f"epoch-{state.epochs:04d}.npz"


def _grouped(arrays: dict[str, np.ndarray]) -> dict[str, list[np.ndarray]]:
    groups: dict[str, list[np.ndarray]] = {}
    for key in sorted(arrays, key=lambda key: int(key.rpartition(".")[2])):
        groups.setdefault(key.rpartition(".")[0], []).append(arrays[key])
    return groups
