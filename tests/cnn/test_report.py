from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from cnn.report import Exhibit, draw_confusion, draw_curves, draw_montage, write_history

NAMES = ("loss", "val_loss", "accuracy", "val_accuracy", "val_balanced_accuracy")
HISTORY = [{"epoch": float(epoch), **dict.fromkeys(NAMES, 1 / epoch)} for epoch in (1, 2, 3)]


def size(path: Path) -> tuple[int, ...]:
    picture = cv2.imread(str(path))
    assert picture is not None
    assert picture.std() > 1
    return picture.shape


def test_history_reads_back(tmp_path: Path) -> None:
    write_history(tmp_path / "history.csv", HISTORY)
    with (tmp_path / "history.csv").open(newline="") as stream:
        rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(stream)]
    assert rows == HISTORY


def test_curves_of_one_epoch_and_of_many(tmp_path: Path) -> None:
    draw_curves(tmp_path / "one.png", HISTORY[:1], 1)
    draw_curves(tmp_path / "many.png", HISTORY, 2)
    assert size(tmp_path / "one.png") == size(tmp_path / "many.png")


def test_the_same_figures_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        draw_confusion(tmp_path / name, np.diag([3, 1, 0, 5, 2]))
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize("counts", [np.zeros((5, 5), int), np.arange(25).reshape(5, 5)])
def test_confusion_draws_also_empty_rows(tmp_path: Path, counts: np.ndarray) -> None:
    draw_confusion(tmp_path / "confusion.png", counts)
    assert min(size(tmp_path / "confusion.png")[:2]) > 300


@pytest.mark.parametrize("count", [0, 1, 8, 19])
def test_a_montage_grows_by_rows_of_eight(tmp_path: Path, count: int) -> None:
    face = np.random.default_rng(0).integers(0, 256, (48, 48)).astype(np.uint8)
    exhibits = [Exhibit(face, f"Sad\nsaid Angry {number}", bool(number % 2)) for number in range(count)]
    draw_montage(tmp_path / "montage.png", "Errors", exhibits)
    height, width, _ = size(tmp_path / "montage.png")
    rows = max(1, -(-count // 8))
    assert width == 8 * 70 * 110 // 40
    assert height == pytest.approx(rows * 70 * 110 / 40 + 44, abs=2)
