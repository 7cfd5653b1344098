"""Training by several processes of one machine, through the command's own door."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cnn.errors import InputError, TrainingError
from cnn.labels import EXPRESSIONS
from cnn.store import STORE_COLUMNS
from cnn.train import CnnTrainParams, train_cnn
from runs.progress import Progress
from tasks.cnn_workers import train_with_workers

PARAMS = CnnTrainParams(model="mini_xception", epochs=4, batch_size=20, warm_up_epochs=0.0, seed=3)


def workers_of(out: Path) -> dict[int, int]:
    """The processes that train in `out`, by the workers' numbers."""
    found = {}
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            if entry.name.isdigit() and words[1:3] == [b"-m", b"tasks.cnn_workers"] and str(out).encode() in words[3]:
                variables = dict(line.split(b"=", 1) for line in (entry / "environ").read_bytes().split(b"\0") if line)
                found[json.loads(variables[b"TF_CONFIG"])["task"]["index"]] = int(entry.name)
        except (OSError, IndexError):
            continue
    return found


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    """A store of 20 faces to learn from and 10 to validate: a bright bar whose height tells the class."""
    folder, labels = tmp_path / "faces", np.arange(30) % 5
    folder.mkdir()
    images = np.random.default_rng(0).integers(0, 60, (30, 48, 48)).astype(np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[5 + 8 * label : 12 + 8 * label, 8:40] += 150
    np.save(folder / "images.npy", images)
    known = {
        "index": np.arange(30),
        "split": ["train"] * 20 + ["validation"] * 10,
        "label": labels,
        "expression": [EXPRESSIONS[label] for label in labels],
        "source": "fer2013",
        "row": np.arange(30),
        "own_label": 0,
    }
    table = pd.DataFrame(known).reindex(columns=list(STORE_COLUMNS))
    text = ["file", "official_split", "sha256", "original_sha256", "subject"]
    table[text] = table[text].astype("object").fillna("")
    table.to_parquet(folder / "faces.parquet")
    return folder


@pytest.mark.slow
def test_a_killed_worker_ends_all_and_the_next_call_goes_on_to_the_same_network(faces: Path, tmp_path: Path) -> None:
    pytest.importorskip("tensorflow")
    out, heard = tmp_path / "together", []

    def kill(progress: Progress) -> None:
        heard.append(progress.message)
        if progress.message.startswith("epoch 1/4: loss"):
            os.kill(workers_of(out)[1], signal.SIGKILL)

    with pytest.raises(TrainingError, match=r"Worker \d of 2 ended .*after the last whole epoch"):
        train_with_workers(faces, out, PARAMS, 2, report=kill)
    assert heard
    assert not workers_of(out)
    kept = json.loads((out / "checkpoint" / "state.json").read_text())["history"]
    assert kept  # how many epochs ended until the kill arrived depends on the machine

    trained = train_with_workers(faces, out, PARAMS, 2, report=lambda progress: heard.append(progress.message))
    assert trained.epochs == 4
    assert sum(message.startswith("epoch 1/4: loss") for message in heard) == 1
    assert not workers_of(out)
    alone = train_cnn(faces, tmp_path / "alone", PARAMS)
    assert trained.loss == pytest.approx(alone.loss, rel=1e-3)
    assert trained.accuracy == alone.accuracy


@pytest.mark.slow
def test_a_refusal_reaches_the_caller_in_the_workers_words(faces: Path, tmp_path: Path) -> None:
    params = replace(PARAMS, batch_size=30)  # more than the 20 faces that there are
    with pytest.raises(
        TrainingError, match=r"Worker \d of 3 ended with status 1(?s:.)*A batch of 20 faces cannot be shared"
    ):
        train_with_workers(faces, tmp_path / "out", params, 3)
    assert not workers_of(tmp_path / "out")


def test_what_cannot_be_shared_is_refused_at_once(faces: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="A batch of 20 faces cannot be shared by 3 workers"):
        train_with_workers(faces, tmp_path / "out", PARAMS, 3)
    assert not (tmp_path / "out").exists()


def test_workers_of_two_kinds_are_refused(faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_CONFIG", "{}")
    with pytest.raises(InputError, match=r"`workers` and the variable `TF_CONFIG` exclude each other\. Got 2"):
        train_with_workers(faces, tmp_path / "out", PARAMS, 2)
