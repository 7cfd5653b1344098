"""Small pictures with odd names, two of them alike, in two folders."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

NAMES = {
    "a.png": (640, 480),
    "sub/a.jpg": (7, 9),
    "sub/späße_100%.bmp": (101, 33),
    "x.y&z.png": (333, 1),
    "😀.png": (64, 64),
}


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("pictures")
    for name, (width, height) in NAMES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        assert cv2.imwrite(str(folder / name), np.zeros((height, width), np.uint8))
    return [folder / name for name in NAMES]
