from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from cascade.detect import Detector, DetectParams
from cascade.errors import InputError
from cascade.model import Feature, Node, Rectangle, Stage, TrainingParameters, WeakClassifier, read_cascade
from cascade.model.write import write_cascade

NODE = """<_>
  <feature><rects>{rects}</rects><tilted>{tilted}</tilted></feature>
  <threshold>{threshold}</threshold>
  {left}
  {right}</_>"""
STAGE = """<_><trees><_>{nodes}</_></trees>
  <stage_threshold>{threshold}</stage_threshold><parent>-1</parent><next>-1</next></_>"""
SQUARE = "<_>0 0 24 24 -1.</_><_>6 6 12 12 4.</_>"
TILTED = "<_>12 0 6 12 -1.</_><_>12 0 3 12 2.</_>"
FIRST = NODE.format(
    rects=SQUARE, tilted=0, threshold=0.4, left="<left_val>-1.</left_val>", right="<right_node>1</right_node>"
)
SECOND = NODE.format(
    rects=TILTED, tilted=1, threshold=-0.001, left="<left_val>2.</left_val>", right="<right_val>.5</right_val>"
)


def old_text(nodes: str = FIRST + SECOND, size: str = "24 24") -> str:
    stages = STAGE.format(nodes=nodes, threshold=0.25)
    return f"""<?xml version="1.0"?>
<opencv_storage><squares type_id="opencv-haar-classifier">
  <size>{size}</size><stages>{stages}</stages></squares></opencv_storage>"""


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="ascii")
    return path


def test_every_part(tmp_path: Path) -> None:
    model = read_cascade(write(tmp_path / "old.xml", old_text()))
    assert (model.feature_type, model.width, model.height) == ("HAAR", 24, 24)
    tree = WeakClassifier((Node(0, 1, 0, 0.4), Node(-1, -2, 1, -0.001)), (-1.0, 2.0, 0.5))
    assert model.stages == (Stage(0.25, (tree,)),)
    square = Feature((Rectangle(0, 0, 24, 24, -1.0), Rectangle(6, 6, 12, 12, 4.0)))
    tilted = Feature((Rectangle(12, 0, 6, 12, -1.0), Rectangle(12, 0, 3, 12, 2.0)), tilted=True)
    assert model.features == (square, tilted)
    assert model.training == TrainingParameters(max_weak_count=1)


def test_a_cascade_without_a_type_is_known_by_its_trees(tmp_path: Path) -> None:
    text = old_text()
    bare = read_cascade(write(tmp_path / "bare.xml", text.replace(' type_id="opencv-haar-classifier"', "")))
    assert bare == read_cascade(write(tmp_path / "old.xml", text))


def test_the_same_cascade_in_the_new_format_finds_the_same(
    tmp_path: Path, draw_squares: Callable[..., NDArray[np.uint8]]
) -> None:
    old, new = write(tmp_path / "old.xml", old_text()), tmp_path / "new.xml"
    write_cascade(read_cascade(old), new)
    image = cv2.blur(draw_squares(160, 120, [(10, 10, 48, 48), (80, 40, 64, 64)]), (5, 5))
    image = np.asarray(np.maximum(image, np.random.default_rng(0).integers(0, 60, image.shape, dtype=np.uint8)))
    found = [Detector(path, DetectParams(min_neighbors=0)).detect(image)[0] for path in (old, new)]
    assert len(found[0]) > 20
    assert np.array_equal(*found)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("24 24</size>", "24</size>", "<size> must be a width and a height"),
        ("24 24</size>", "24 0</size>", "<size> must be a width and a height"),
        ("24 24</size>", "20 20</size>", "feature 0 reaches out"),
        ("<right_node>1<", "<right_node>2<", "node 0 points to 2"),
        ("<right_node>1<", "<right_node>0<", "<right_node> must be from 1"),
        ("<right_node>1</right_node>", "<right_val>1</right_val>", "2 nodes need 3 leaves. Got 4"),
        ("<left_val>-1.</left_val>", "", "<left_node> is missing"),
        ("<threshold>0.4", "<threshold>inf", "stage 0, weak 0: 1 finite numbers"),
        ("<stage_threshold>0.25</stage_threshold>", "", "<stage_threshold> is missing"),
        ("<_>12 0 6 12 -1.</_>", "<_>11 0 6 12 -1.</_>", "feature 1 reaches out"),
        ("<trees>", "<leaves>", "XML ends or breaks"),
    ],
)
def test_a_broken_part_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = old_text()
    assert old in text
    with pytest.raises(InputError, match=message):
        read_cascade(write(tmp_path / "broken.xml", text.replace(old, new, 1)))
