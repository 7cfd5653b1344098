from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cascade.evaluate import evaluate_cascade
from runs.record import digest

Draw = Callable[..., NDArray[np.uint8]]
WriteScenes = Callable[..., Path]
BOX = (10, 10, 48, 48)


def test_the_figures_name_the_cascade_they_are_of_by_its_content(
    square_cascade: Path, draw_squares: Draw, write_scenes: WriteScenes, tmp_path: Path
) -> None:
    scenes = write_scenes(tmp_path / "scenes", {"a.png": (draw_squares(200, 150, [BOX]), [BOX])})
    score = evaluate_cascade(square_cascade, scenes, tmp_path / "out")
    text = (tmp_path / "out" / "metrics.json").read_text()
    assert json.loads(text)["model_sha256"] == score.model_sha256 == digest(square_cascade)
    assert str(tmp_path) not in text
