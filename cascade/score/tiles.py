"""Pictures for the page: small, as data in the page itself."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from cascade.pictures import load_grey
from cascade.score.matching import Matched
from cascade.score.montage import MontageScene, choose
from cascade.score.scenes import Scene, printable

_SIDE, _QUALITY, _MOST_BOXES = 440, 72, 300


@dataclass(frozen=True)
class TileBox:
    """A box of a tile: `kind` is hit, miss or alarm."""

    kind: str
    box: tuple[int, int, int, int]


@dataclass(frozen=True)
class Tile:
    """A scene for the page: `data` is a URI of its picture, `width` and `height` the picture's own, in pixels."""

    name: str
    caption: str
    data: str
    width: int
    height: int
    boxes: tuple[TileBox, ...]


def scene_tiles(scenes: Sequence[Scene], min_neighbors: int, most: int) -> list[Tile]:
    """At most `most` scenes at one operating point: half with the most mistakes, half with the most hits."""
    at = [MontageScene(scene.picture, scene.matched.above(min_neighbors)) for scene in scenes]
    sizes = {scene.picture: (scene.width, scene.height) for scene in scenes}
    return [_tile(one, *sizes[one.picture]) for one in choose(at, most)]


def worst_scenes(scenes: Sequence[Scene], min_neighbors: int, most: int = 10) -> list[tuple[str, int, int, int]]:
    """Name, objects, misses and false alarms of the scenes with the most mistakes; those without are left out."""
    at = [MontageScene(scene.picture, scene.matched.above(min_neighbors)) for scene in scenes]
    rows = [(printable(one.picture.name), len(one.matched.truth), one.misses, one.matched.false_alarms) for one in at]
    return sorted((row for row in rows if row[2] + row[3]), key=lambda row: -(row[2] + row[3]))[:most]


def png_data(image: NDArray[np.uint8]) -> str:
    """A small picture as a URI, without loss."""
    return _uri("png", cv2.imencode(".png", image)[1])


def _tile(one: MontageScene, width: int, height: int) -> Tile:
    image = load_grey(one.picture)
    if (factor := _SIDE / max(width, height)) < 1:
        size = (max(1, round(width * factor)), max(1, round(height * factor)))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA))
    data = _uri("jpeg", cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1])
    boxes = _boxes(one.matched)[:_MOST_BOXES]
    return Tile(printable(one.picture.name), one.caption, data, width, height, tuple(boxes))


def _boxes(matched: Matched) -> list[TileBox]:
    kinds = {
        "hit": matched.boxes[matched.takes >= 0],
        "miss": matched.truth[~matched.found],
        "alarm": matched.boxes[matched.takes < 0],
    }
    return [TileBox(kind, tuple(box)) for kind, boxes in kinds.items() for box in boxes.tolist()]


def _uri(kind: str, content: NDArray[np.uint8]) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content.tobytes()).decode('ascii')}"
