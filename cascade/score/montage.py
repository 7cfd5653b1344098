"""A contact sheet of an evaluation: scenes with their hits, misses and false alarms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cascade.pictures import load_grey
from cascade.score.matching import Matched, OperatingPoint

WIDTH = 1600
"""The sheet's width in pixels."""

HIT, MISS, FALSE_ALARM = "#35d07f", "#ff4d5e", "#ffa21a"
_PAPER, _INK, _FAINT = "#15191f", "#eef2f6", "#9aa5b1"
_MARGIN, _GAP, _CAPTION, _HEAD, _HIGHEST = 24, 16, 30, 64, 420
_DPI = 100


@dataclass(frozen=True)
class MontageScene:
    """A picture and what was found in it."""

    picture: Path
    matched: Matched

    @property
    def misses(self) -> int:
        """How many true boxes are not found."""
        return len(self.matched.truth) - self.matched.hits

    @property
    def caption(self) -> str:
        """The figures of the scene in a few words."""
        faces, alarms = len(self.matched.truth), self.matched.false_alarms
        found = f"{self.matched.hits} of {faces} found" if faces else "no object"
        return found + (f", {alarms} false alarm{'s' * (alarms > 1)}" if alarms else "")


@dataclass(frozen=True)
class _Image:
    """A picture, perhaps made smaller, and its own width and height, which its boxes are in."""

    pixels: NDArray[np.uint8]
    width: int
    height: int


@dataclass(frozen=True)
class _Tile:
    """Where a scene stands on the sheet, in pixels from its top left corner."""

    scene: MontageScene
    image: _Image
    x: float
    y: float
    width: float
    height: float


def save_montage(
    path: Path, scenes: Sequence[MontageScene], point: OperatingPoint, most: int = 24, columns: int = 4
) -> None:
    """Write a PNG, 1600 pixels wide: hits green, misses red and dashed, false alarms orange.

    Parameters
    ----------
    scenes
        At least one. More than `most` are chosen from: half with the most mistakes, half with the most hits.
    point
        The operating point of all scenes, for the headline.
    columns
        Scenes in a row; each row is as high as its pictures' shapes make it, and at most 420 pixels.
    """
    from matplotlib.figure import Figure

    tiles, height = _lay_out(choose(scenes, most), columns)
    figure = Figure(figsize=(WIDTH / _DPI, height / _DPI), dpi=_DPI, facecolor=_PAPER)
    _draw_head(figure, point, len(tiles), len(scenes), height)
    for tile in tiles:
        _draw_tile(figure, tile, height)
    figure.savefig(path)


def choose(scenes: Sequence[MontageScene], most: int) -> list[MontageScene]:
    """At most `most` scenes in their order: half with the most mistakes, the rest with the most hits."""
    numbers = range(len(scenes))
    mistakes = sorted(numbers, key=lambda n: -(scenes[n].misses + scenes[n].matched.false_alarms))
    chosen = set(mistakes[: (most + 1) // 2])
    others = sorted((n for n in numbers if n not in chosen), key=lambda n: -scenes[n].matched.hits)
    return [scenes[n] for n in sorted(chosen | set(others[: most - len(chosen)]))]


def _lay_out(scenes: Sequence[MontageScene], columns: int) -> tuple[list[_Tile], int]:
    """Rows of pictures of one height that fill the width; returns the tiles and the sheet's height."""
    tiles: list[_Tile] = []
    y = float(_HEAD)
    for start in range(0, len(scenes), columns):
        row = scenes[start : start + columns]
        images = [_load(scene.picture) for scene in row]
        shapes = [min(max(image.width / image.height, 0.4), 3.0) for image in images]
        height = min((WIDTH - 2 * _MARGIN - _GAP * (len(row) - 1)) / sum(shapes), _HIGHEST)
        x = float(_MARGIN)
        for scene, image, shape in zip(row, images, shapes, strict=True):
            tiles.append(_Tile(scene, image, x, y, shape * height, height))
            x += shape * height + _GAP
        y += height + _CAPTION + _GAP
    return tiles, int(np.ceil(y - _GAP + _MARGIN))


def _load(path: Path) -> _Image:
    pixels = load_grey(path)
    height, width = pixels.shape
    if (factor := WIDTH / max(width, height)) < 1:
        size = (max(1, round(width * factor)), max(1, round(height * factor)))
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return _Image(pixels, width, height)


def _draw_head(figure: Any, point: OperatingPoint, shown: int, scenes: int, height: int) -> None:
    where = f"in {scenes} scene{'s' * (scenes > 1)} at min_neighbors {point.min_neighbors}"
    where += f"; {shown} shown: the most mistakes and the most hits" if shown < scenes else ""
    parts = [
        (f"\u25a0 {point.hits} found", HIT, "bold"),
        (f"\u25a0 {point.misses} missed", MISS, "bold"),
        (f"\u25a0 {point.false_alarms} false alarm{'s' * (point.false_alarms != 1)}", FALSE_ALARM, "bold"),
        (where, _FAINT, "normal"),
    ]
    x = float(_MARGIN)
    for words, colour, weight in parts:
        text = figure.text(
            x / WIDTH, 1 - _HEAD / 2 / height, words, color=colour, fontsize=14, weight=weight, va="center"
        )
        x += text.get_window_extent().width + _MARGIN


def _draw_tile(figure: Any, tile: _Tile, height: int) -> None:
    bottom = 1 - (tile.y + tile.height) / height
    axes = figure.add_axes((tile.x / WIDTH, bottom, tile.width / WIDTH, tile.height / height))
    extent = (0, tile.image.width, tile.image.height, 0)
    axes.imshow(tile.image.pixels, cmap="gray", vmin=0, vmax=255, aspect="auto", extent=extent)
    axes.set(xlim=extent[:2], ylim=extent[2:])
    axes.axis("off")
    matched = tile.scene.matched
    _draw_boxes(axes, matched.truth[~matched.found], MISS, "--")
    _draw_boxes(axes, matched.boxes[matched.takes >= 0], HIT, "-")
    _draw_boxes(axes, matched.boxes[matched.takes < 0], FALSE_ALARM, "-")
    _draw_caption(figure, tile, 1 - (tile.y + tile.height + _CAPTION / 2) / height)


def _draw_boxes(axes: Any, boxes: NDArray[np.int64], colour: str, line: str) -> None:
    from matplotlib.patches import Rectangle

    for x, y, width, height in boxes.tolist():
        axes.add_patch(Rectangle((x, y), width, height, fill=False, ec=colour, lw=2, ls=line))


def _draw_caption(figure: Any, tile: _Tile, y: float) -> None:
    """The picture's name on the left and its figures on the right, or the figures alone where there is no room."""
    figures, name = tile.scene.caption, _drawable(tile.scene.picture.name)
    free = int(tile.width / 7.2) - len(figures) - 2
    left, right = tile.x / WIDTH, (tile.x + tile.width) / WIDTH
    style = {"fontsize": 9.5, "va": "center", "parse_math": False}
    if free < 6:
        figure.text(left, y, figures, color=_FAINT, **style)
        return
    figure.text(left, y, name if len(name) <= free else name[: free - 1] + "\u2026", color=_INK, **style)
    figure.text(right, y, figures, color=_FAINT, ha="right", **style)


def _drawable(name: str) -> str:
    """The name in letters that matplotlib's own font has: Latin, Greek and Cyrillic."""
    return "".join(letter if letter.isprintable() and ord(letter) < 0x500 else "?" for letter in name)
