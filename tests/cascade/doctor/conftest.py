"""A small healthy training to break: ten pictures with one box each, ten negatives, and parameters that suit them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from cascade.doctor.check import Diagnosis, check
from cascade.doctor.params import CheckParams
from cascade.positives.params import SampleParams
from cascade.train_params import CascadeTrainParams


@dataclass
class Patient:
    """The files to break, and the parameters."""

    root: Path
    check: CheckParams = field(default_factory=lambda: CheckParams(few_positives=0, few_negatives=0))
    samples: SampleParams = field(default_factory=SampleParams)
    training: CascadeTrainParams = field(
        default_factory=lambda: CascadeTrainParams(trainer="opencv", num_neg=20, num_stages=3, min_hit_rate=0.999)
    )

    @property
    def info(self) -> Path:
        return self.root / "info.lst"

    @property
    def background(self) -> Path:
        return self.root / "bg.txt"

    def examine(self, out: Path | None = None) -> Diagnosis:
        return check(self.info, self.background, out, self.check, self.samples, self.training)

    def replace_line(self, path: Path, number: int, text: str) -> None:
        lines = path.read_text(encoding="utf-8").split("\n")
        lines[number - 1] = text
        path.write_bytes("\n".join(lines).encode())

    def draw(self, name: str, pixels: NDArray[np.generic]) -> None:
        assert cv2.imwrite(str(self.root / name), pixels)


def noise(seed: int, height: int = 60, width: int = 80) -> NDArray[np.uint8]:
    """A picture that is like no other."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8), np.uint8)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


@pytest.fixture
def patient(tmp_path: Path) -> Patient:
    made = Patient(tmp_path / "patient")
    made.root.mkdir()
    for number in range(10):
        made.draw(f"p{number}.png", noise(number))
        made.draw(f"n{number}.png", noise(100 + number))
    made.info.write_text("".join(f"p{number}.png 1 5 6 40 40\n" for number in range(10)), encoding="ascii")
    made.background.write_text("".join(f"n{number}.png\n" for number in range(10)), encoding="ascii")
    return made
