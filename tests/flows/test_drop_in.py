"""The drop-in commands take OpenCV's own flags, and leave the files that OpenCV's own program goes on with."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from cascade.errors import InputError
from cascade.opencv import apps
from cascade.opencv.apps import OVERLAY_OPTIONS, TRAINCASCADE_OPTIONS
from cascade.vec.file import inspect, write_vec
from flows.drop_in import parse

BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty samples of a bright square on noise, and noise without it."""
    root = tmp_path_factory.mktemp("drop_in")
    rng = np.random.default_rng(0)
    samples = rng.integers(0, 200, (60, 12, 12), np.uint8)
    samples[:, 4:8, 4:8] = 255
    write_vec(root / "p.vec", samples)
    for number in range(4):
        cv2.imwrite(str(root / f"n{number}.png"), rng.integers(0, 256, (80, 80), np.uint8))
    (root / "bg.txt").write_text("".join(f"n{number}.png\n" for number in range(4)), encoding="ascii")
    return root


def run(place: Path, name: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([BIN / f"facefoundry-{name}", *words], cwd=place, capture_output=True, text=True)


def test_flags_become_values() -> None:
    words = ["-numPos", "900", "-minHitRate", "0.99", "-mode", "ALL", "-baseFormatSave"]
    expected = {"num_pos": 900, "min_hit_rate": 0.99, "mode": "ALL", "base_format_save": True}
    assert parse(TRAINCASCADE_OPTIONS, words) == expected
    assert parse(OVERLAY_OPTIONS, ["-img", "a.png", "-inv"]) == {"img": Path("a.png"), "inv": True}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-numpos", "9"], "`-numpos` is not a flag of this program. It takes: -data"),
        (["-numPos"], "`-numPos` needs a value"),
        (["-numPos", "many"], "`-numPos` must be of type int. Got 'many'"),
        (["-featureType", "HOG"], "No OpenCV since 3.0 can detect with a HOG cascade"),
        (["-bt", "XAB"], "`-bt` must be one of DAB, RAB, LB, GAB"),
    ],
)
def test_a_wrong_flag_is_an_error(words: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse(TRAINCASCADE_OPTIONS, words)


@pytest.mark.slow
@pytest.mark.opencv
def test_the_program_goes_on_with_what_the_drop_in_leaves(place: Path) -> None:
    flags = ["-vec", "p.vec", "-bg", "bg.txt", "-numPos", "50", "-numNeg", "40", "-w", "12", "-h", "12"]
    ours = run(place, "traincascade", "-data", "out", *flags, "-numStages", "1")
    assert ours.returncode == 0, ours.stderr
    assert {"params.xml", "stage0.xml", "cascade.xml"} <= {path.name for path in (place / "out").iterdir()}
    program = [apps.find(apps.TRAINCASCADE), "-data", "out", *flags, "-numStages", "2"]
    said = subprocess.run(program, cwd=place, capture_output=True, text=True).stdout
    assert "Stage 0 is loaded" in said
    assert "TRAINING 1-stage" in said


@pytest.mark.slow
def test_createsamples_lays_a_picture_on_backgrounds(place: Path) -> None:
    cv2.imwrite(str(place / "logo.png"), np.full((30, 30), 200, np.uint8))
    words = ["-img", "logo.png", "-bg", "bg.txt", "-vec", "logo.vec", "-num", "7", "-w", "12", "-h", "12"]
    made = run(place, "createsamples", *words)
    assert made.returncode == 0, made.stderr
    assert inspect(place / "logo.vec").count == 7


@pytest.mark.slow
def test_no_flags_show_the_flags_and_a_missing_one_is_named(place: Path) -> None:
    assert "-maxFalseAlarmRate <float>" in run(place, "traincascade").stdout
    without = run(place, "traincascade", "-data", "out2")
    assert (without.returncode, without.stderr.strip()) == (1, "facefoundry: `-vec` must be given.")
