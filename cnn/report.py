"""Pictures and tables of a training and of an evaluation."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cnn.labels import EXPRESSIONS
from runs.files import replacing_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WRONG, _RIGHT = "#b22222", "#226622"
_COLUMNS = 8
_GAP = 22


@dataclass(frozen=True)
class Exhibit:
    """One face of a montage: `image` (height, width) uint8, a caption of one or two lines, and whether it is right."""

    image: np.ndarray
    caption: str
    right: bool


def write_history(path: Path, history: Sequence[Mapping[str, float]]) -> None:
    """Write one CSV row an epoch, under a header of the figures' names."""
    with replacing_file(path) as beside, beside.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(history[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(history)


def draw_curves(path: Path, history: Sequence[Mapping[str, float]], best_epoch: int) -> None:
    """Draw loss and accuracy by epoch, of training and validation, with a mark at the saved epoch."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.2), layout="constrained")
    loss, accuracy = figure.subplots(1, 2)
    _plot(loss, history, {"loss": "train", "val_loss": "validation"})
    _plot(accuracy, history, {"accuracy": "train", "val_accuracy": "validation", "val_balanced_accuracy": "balanced"})
    for axes, title in ((loss, "Loss"), (accuracy, "Accuracy")):
        axes.axvline(best_epoch, color="grey", linestyle=":", label=f"saved: epoch {best_epoch}")
        axes.set(title=title, xlabel="epoch")
        axes.grid(alpha=0.3)
        axes.legend()
    _save(figure, path)


def draw_confusion(path: Path, counts: np.ndarray) -> None:
    """Draw a confusion matrix (classes, classes), rows true: each cell's share of its row, and its count."""
    from matplotlib.figure import Figure

    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(6, 5.2), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    figure.colorbar(image, label="share of the true class")
    for (row, column), share in np.ndenumerate(shares):
        shade = "white" if share > 0.5 else "black"
        text = f"{share:.0%}\n{counts[row, column]}"
        axes.text(column, row, text, ha="center", va="center", color=shade, fontsize=9)
    axes.set_xticks(range(len(EXPRESSIONS)), EXPRESSIONS)
    axes.set_yticks(range(len(EXPRESSIONS)), EXPRESSIONS)
    axes.set(xlabel="predicted", ylabel="true")
    _save(figure, path)


def draw_montage(path: Path, title: str, exhibits: Sequence[Exhibit]) -> None:
    """Draw faces of one size side by side, eight a row, each with its caption."""
    from matplotlib.figure import Figure

    sheet, corners = _sheet([exhibit.image for exhibit in exhibits])
    height, width = sheet.shape
    figure = Figure(figsize=(width / 40, height / 40 + 0.4), layout="constrained")
    axes = figure.subplots()
    axes.imshow(sheet, cmap="gray", vmin=0, vmax=255)
    for exhibit, (top, left) in zip(exhibits, corners, strict=True):
        below = top + exhibit.image.shape[0] + 1
        colour = _RIGHT if exhibit.right else _WRONG
        axes.text(left, below, exhibit.caption, va="top", fontsize=7, color=colour)
    axes.set_title(title, fontsize=9)
    axes.set_axis_off()
    _save(figure, path)


def _plot(axes: Axes, history: Sequence[Mapping[str, float]], names: Mapping[str, str]) -> None:
    epochs = [row["epoch"] for row in history]
    for name, label in names.items():
        axes.plot(epochs, [row[name] for row in history], marker=".", label=label)


def _sheet(images: Sequence[np.ndarray]) -> tuple[np.ndarray, list[tuple[int, int]]]:
    height, width = images[0].shape if images else (48, 48)
    rows = max(1, -(-len(images) // _COLUMNS))
    sheet = np.full((rows * (height + _GAP), _COLUMNS * (width + _GAP)), 255, np.uint8)
    corners = []
    for number, image in enumerate(images):
        row, column = divmod(number, _COLUMNS)
        top, left = row * (height + _GAP), column * (width + _GAP)
        sheet[top : top + height, left : left + width] = image
        corners.append((top, left))
    return sheet, corners


def _save(figure: Figure, path: Path) -> None:
    with replacing_file(path) as beside:
        # Without the date and the version in it, the same figures give the same bytes.
        figure.savefig(beside, dpi=110, metadata={"Software": None})
