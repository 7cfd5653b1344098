"""Generated csv files in the layouts of FER2013, FER+ and AffectNet, good ones and broken ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from cnn.datasets.affectnet import HEADER
from cnn.labels import FERPLUS_COLUMNS

HAPPY = (0, 10, 0, 0, 0, 0, 0, 0, 0, 0)


@pytest.fixture
def pixels() -> Callable[[int], str]:
    """The pixels of face number n, as FER2013 writes them."""

    def make(number: int) -> str:
        return " ".join(map(str, np.random.default_rng(number).integers(0, 256, 48 * 48)))

    return make


@pytest.fixture
def write_fer2013(tmp_path: Path, pixels: Callable[[int], str]) -> Callable[..., Path]:
    """Write FER2013's csv with these usages and emotions; `broken` replaces whole rows, counted from 0."""

    def write(usages: Sequence[str], emotions: Sequence[int] = (), broken: dict[int, str] | None = None) -> Path:
        emotions = emotions or [3] * len(usages)
        rows = [f"{emotions[n]},{pixels(n)},{usage}" for n, usage in enumerate(usages)]
        for n, row in (broken or {}).items():
            rows[n] = row
        path = tmp_path / "fer2013.csv"
        path.write_text("\n".join(["emotion,pixels,Usage", *rows, ""]))
        return path

    return write


@pytest.fixture
def write_ferplus(tmp_path: Path) -> Callable[..., Path]:
    """Write FER+'s csv with these usages, votes (Happy where not given) and image names."""

    def write(
        usages: Sequence[str], votes: dict[int, Sequence[object]] | None = None, names: dict[int, str] | None = None
    ) -> Path:
        lines = [",".join(["Usage", "Image name", *FERPLUS_COLUMNS])]
        for n, usage in enumerate(usages):
            counts = (votes or {}).get(n, HAPPY)
            lines.append(",".join([usage, (names or {}).get(n, f"fer{n:07}.png"), *map(str, counts)]))
        path = tmp_path / "fer2013new.csv"
        path.write_text("\n".join([*lines, ""]))
        return path

    return write


@pytest.fixture
def write_affectnet(tmp_path: Path) -> Callable[..., Path]:
    """Write AffectNet's layout with these rows in its lists, and three pictures of 80x60, 1/0.jpg to 1/2.jpg."""

    def write(training: Sequence[str], validation: Sequence[str] = ()) -> Path:
        folder = tmp_path / "affectnet"
        pictures = folder / "Manually_Annotated_Images" / "1"
        pictures.mkdir(parents=True)
        for number in range(3):
            image = np.random.default_rng(number).integers(0, 256, (60, 80, 3)).astype(np.uint8)
            cv2.imwrite(str(pictures / f"{number}.jpg"), image)
        for name, rows in {"training.csv": training, "validation.csv": validation}.items():
            (folder / name).write_text("\n".join([",".join(HEADER), *rows, ""]))
        return folder

    return write


@pytest.fixture
def write_noise() -> Callable[[Path, int], None]:
    """Write a picture of 60x48 pixels of noise at a path, in the format of its name, with the folders to it."""

    def write(path: Path, seed: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), np.random.default_rng(seed).integers(0, 256, (48, 60, 3)).astype(np.uint8))

    return write
