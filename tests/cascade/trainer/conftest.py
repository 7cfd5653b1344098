"""Small drawn samples: crosses on smooth noise as positives, smooth noise as negatives."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from cascade.vec.file import write_vec

SIDE = 12


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """Positives and whole-window negatives, in memory and as files; pictures larger than the window, too."""
    folder = tmp_path_factory.mktemp("drawn")
    random = np.random.default_rng(7)
    negatives = np.stack([_smooth(random, SIDE) for _ in range(900)])
    positives = np.stack([_cross(random) for _ in range(400)])
    write_vec(folder / "p.vec", positives)
    windows = _write(folder, "windows", list(negatives))
    pictures = _write(folder, "pictures", [_smooth(random, 90) for _ in range(30)])
    return SimpleNamespace(
        positives=positives, negatives=negatives, vec=folder / "p.vec", windows=windows, pictures=pictures
    )


def _smooth(random: np.random.Generator, side: int) -> NDArray[np.uint8]:
    small = random.integers(0, 256, (side // 2, side // 2)).astype(np.uint8)
    blurred = cv2.resize(small, (side, side), interpolation=cv2.INTER_CUBIC).astype(float)
    return np.clip(blurred + random.normal(0, 12, (side, side)), 0, 255).astype(np.uint8)


def _cross(random: np.random.Generator) -> NDArray[np.uint8]:
    picture = _smooth(random, SIDE).astype(float)
    middle = SIDE // 2 + random.integers(-1, 2)
    picture[middle - 1 : middle + 1] += 70
    picture[:, middle - 1 : middle + 1] += 70
    return np.clip(picture, 0, 255).astype(np.uint8)


def _write(folder: Path, name: str, pictures: list[NDArray[np.uint8]]) -> Path:
    (folder / name).mkdir()
    lines = [f"{name}/{number:04d}.png" for number in range(len(pictures))]
    for line, picture in zip(lines, pictures, strict=True):
        cv2.imwrite(str(folder / line), picture)
    (folder / f"{name}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / f"{name}.txt"
