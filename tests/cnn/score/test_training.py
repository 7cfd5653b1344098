from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from cnn.score.training import read_training
from runs.record import digest

HISTORY = "epoch,loss,val_loss,note\n1,0.9,1.1,begun\n2,nan,0.8,\n3,0.5,0.7,ended\n"


@pytest.fixture
def faces(write_store: Callable[..., Path]) -> Path:
    return write_store()


def write_run(folder: Path, table: str) -> Path:
    (folder / "history.csv").write_text(HISTORY)
    (folder / "training.json").write_text('{"best_epoch": 3, "seconds": 90.5}')
    (folder / "run.json").write_text(json.dumps({"parameters": {"epochs": 3}, "inputs": {"table": table}}))
    return folder / "model.keras"


def test_what_lies_beside_the_model_is_read(faces: Path, tmp_path: Path) -> None:
    found = read_training(write_run(tmp_path, digest(faces / "faces.parquet")), faces)
    assert found.curve("loss") == [(1, 0.9), (3, 0.5)]
    assert found.curve("val_loss") == [(1, 1.1), (2, 0.8), (3, 0.7)]
    assert found.curve("note") == found.curve("no such column") == []
    assert (found.best_epoch, found.parameters, found.same_faces) == (3, {"epochs": 3}, True)
    assert found.seconds == 90.5


def test_another_store_is_noticed(faces: Path, tmp_path: Path) -> None:
    assert read_training(write_run(tmp_path, "another"), faces).same_faces is False


@pytest.mark.parametrize(
    "text", [None, "", "{", "[1]", '{"inputs": 3, "parameters": null, "best_epoch": "x"}', "\x00,\x00\n"]
)
def test_what_is_missing_or_damaged_tells_nothing(faces: Path, tmp_path: Path, text: str | None) -> None:
    for name in ("history.csv", "training.json", "run.json"):
        if text is not None:
            (tmp_path / name).write_text(text)
    found = read_training(tmp_path / "model.keras", faces)
    assert (found.curve("loss"), found.best_epoch, found.parameters, found.same_faces) == ([], None, {}, None)


@pytest.mark.parametrize("seconds", ["NaN", "Infinity", "1e300", "1" * 400, "[61]"])
def test_a_time_that_nothing_takes_is_no_time(faces: Path, tmp_path: Path, seconds: str) -> None:
    (tmp_path / "training.json").write_text(f'{{"seconds": {seconds}, "epochs": 3}}')
    found = read_training(tmp_path / "model.keras", faces)
    assert (found.seconds, found.told["epochs"]) == (None, 3)


def test_a_value_that_no_chart_holds_and_a_bottomless_file_are_left_out(faces: Path, tmp_path: Path) -> None:
    (tmp_path / "history.csv").write_text("epoch,loss\n1,1e300\n2,-1e300\n3,0.5\n")
    (tmp_path / "run.json").write_text("[" * 100_000)
    found = read_training(tmp_path / "model.keras", faces)
    assert (found.curve("loss"), found.parameters) == ([(3, 0.5)], {})


def test_bytes_that_are_no_text_tell_nothing(faces: Path, tmp_path: Path) -> None:
    for name in ("history.csv", "training.json", "run.json"):
        (tmp_path / name).write_bytes(b"\xff\xfe\x00epoch")
    assert read_training(tmp_path / "model.keras", faces).curve("epoch") == []
