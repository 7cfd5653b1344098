from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cascade.annotations import opencv_info
from cascade.model import CascadeModel, TrainingParameters, read_cascade
from cascade.model.write import params_text, real, stage_text, write_cascade
from cascade.train import train_cascade
from cascade.train_params import CascadeTrainParams
from cascade.vec.file import write_vec

TINY = CascadeTrainParams(
    trainer="opencv", width=12, height=12, num_neg=40, num_stages=2, max_weak_count=4, num_threads=1
)
OPTIONS = [
    {"mode": "ALL"},
    {"mode": "CORE", "boost_type": "DAB"},
    {"max_depth": 3, "boost_type": "RAB"},
    {"boost_type": "LB", "weight_trim_rate": 0.9},
    {"feature_type": "LBP"},
    {"feature_type": "LBP", "max_depth": 2, "boost_type": "RAB"},
]


@settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), kind=st.sampled_from(["HAAR", "LBP"]), nodes=st.integers(1, 7))
def test_what_is_written_is_read_back(
    seed: int, kind: str, nodes: int, random_model: Callable[..., CascadeModel], tmp_path: Path
) -> None:
    model = random_model(seed, kind, nodes)
    path = tmp_path / "random.xml"
    write_cascade(model, path)
    assert read_cascade(path) == model
    assert not cv2.CascadeClassifier(str(path)).empty()


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_come_back_exactly(value: float) -> None:
    assert float(real(value)) == value
    single = struct.unpack("f", struct.pack("f", max(-1e38, min(1e38, value))))[0]
    assert np.float32(real(single)) == np.float32(single)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0."), (-3.0, "-3."), (0.5, "5.0000000000000000e-01"), (2.0**31, "2.1474836480000000e+09"), (1e-7, "9.9")],
)
def test_numbers_look_as_opencv_writes_them(value: float, text: str) -> None:
    assert real(value).startswith(text)


def test_what_a_file_does_not_tell_is_not_invented(square_cascade: Path, tmp_path: Path) -> None:
    model = replace(read_cascade(square_cascade), training=TrainingParameters())
    write_cascade(model, tmp_path / "bare.xml")
    text = (tmp_path / "bare.xml").read_text()
    assert "boostType" not in text
    assert "mode" not in text
    assert read_cascade(tmp_path / "bare.xml") == model


def train(folder: Path, options: dict[str, object]) -> Path:
    rng = np.random.default_rng(5)
    samples = rng.integers(0, 256, (40, 12, 12)).astype(np.uint8)
    samples[:, 3:6, 2:10] //= 2
    write_vec(folder / "samples.vec", samples)
    for number in range(4):
        cv2.imwrite(str(folder / f"{number}.png"), rng.integers(0, 256, (60, 60)).astype(np.uint8))
    opencv_info.write_background(folder / "bg.txt", [folder / f"{number}.png" for number in range(4)])
    params = replace(TINY, **options)  # type: ignore[arg-type]
    return train_cascade(folder / "samples.vec", folder / "bg.txt", folder / "out", params).cascade


@pytest.mark.opencv
@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: "-".join(map(str, options.values())))
def test_the_trainers_files_come_back_byte_for_byte(options: dict[str, object], tmp_path: Path) -> None:
    trained = train(tmp_path, options)
    model = read_cascade(trained)
    write_cascade(model, tmp_path / "again.xml")
    assert (tmp_path / "again.xml").read_bytes() == trained.read_bytes()
    params = params_text(model.feature_type, (model.width, model.height), model.training)
    assert params == trained.with_name("params.xml").read_text()
    for number, stage in enumerate(model.stages):
        assert unnumbered(stage_text(stage, number)) == unnumbered(trained.with_name(f"stage{number}.xml").read_text())


@pytest.mark.opencv
def test_the_trainers_old_format_becomes_new(tmp_path: Path) -> None:
    model = read_cascade(train(tmp_path, {"mode": "ALL", "base_format_save": True}))
    write_cascade(model, tmp_path / "new.xml")
    assert read_cascade(tmp_path / "new.xml") == model
    assert not cv2.CascadeClassifier(str(tmp_path / "new.xml")).empty()


def unnumbered(text: str) -> list[str]:
    """The words without the numbers of features, which a stage's own file counts among all features there are."""
    return re.sub(r"(?<=\s)(-?\d+ -?\d+) \d+(?=\s)", r"\1", text).split()
