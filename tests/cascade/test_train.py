"""Training with the real opencv_traincascade on tiny pictures: reach the goal, be killed, resume, refuse."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from cascade.annotations import opencv_info
from cascade.errors import InputError, TrainingError
from cascade.train import StopReason, train_cascade
from cascade.train_params import CascadeTrainParams
from cascade.vec.file import write_vec
from runs.record import RunMismatchError

PARAMS = CascadeTrainParams(
    trainer="opencv",
    width=16,
    height=16,
    num_neg=80,
    num_stages=8,
    feature_type="LBP",
    max_false_alarm_rate=0.4,
    min_hit_rate=0.99,
)
SLOW = CascadeTrainParams(
    trainer="opencv", width=16, height=16, num_neg=200, num_stages=14, max_false_alarm_rate=0.6, num_threads=1
)
HUNGRY = dataclasses.replace(PARAMS, num_pos=40, num_stages=5, min_hit_rate=0.9)


def make_inputs(root: Path) -> tuple[Path, Path]:
    """Sixty faint patterns in noise, and noise: hard enough that a stage takes more than one weak classifier."""
    generator = np.random.default_rng(5)

    def noise(height: int, width: int, sigma: int) -> np.ndarray:
        grain = generator.integers(0, 256, (height, width)).astype(np.uint8)
        return cv2.normalize(cv2.GaussianBlur(grain, (0, 0), sigma), None, 40, 200, cv2.NORM_MINMAX)

    samples = np.stack([noise(16, 16, 1 + i % 3) for i in range(60)])
    samples[:, 3:7, 2:14] -= 20
    samples[:, 9:13, 5:11] += 20
    write_vec(root / "samples.vec", samples)
    pictures = [root / f"neg atives/{i:02d}.png" for i in range(40)]
    pictures[0].parent.mkdir()
    for i, picture in enumerate(pictures):
        cv2.imwrite(str(picture), noise(60, 80, 1 + i % 3))
    opencv_info.write_background(root / "lists/bg.txt", pictures)
    return root / "samples.vec", root / "lists/bg.txt"


@pytest.fixture
def inputs(tmp_path):
    return make_inputs(tmp_path)


@pytest.mark.opencv
def test_a_training_that_reaches_its_goal(inputs, tmp_path):
    progress = []
    trained = train_cascade(*inputs, tmp_path / "my out", PARAMS, report=progress.append)
    assert trained.goal_reached
    assert trained.stop_reason in (StopReason.FALSE_ALARM_GOAL, StopReason.ALL_STAGES)
    assert (trained.stages_asked, trained.num_pos, trained.num_neg) == (8, 54, 80)
    assert 1 <= trained.stages == len(trained.rows) <= 8
    assert not cv2.CascadeClassifier(str(trained.cascade)).empty()
    assert trained.weak_classifiers == sum(row.weak_classifiers for row in trained.rows)
    assert all(row.hit_rate >= 0.98 and row.false_alarm_rate <= 0.4 and row.num_pos == 54 for row in trained.rows)
    assert {p.figures["stage"] for p in progress[:-1]} >= set(range(trained.stages))
    assert (progress[-1].message, progress[-1].done) == (trained.explanation, progress[-1].total)
    assert [row["weak"] for row in progress[-1].table] == [row.weak_classifiers for row in trained.rows]
    assert len((tmp_path / "my out/history.csv").read_text().splitlines()) == 1 + trained.stages
    said = json.loads((tmp_path / "my out/training.json").read_text())
    assert (said["stop_reason"], said["stages"]) == (trained.stop_reason, trained.stages)


@pytest.mark.opencv
def test_a_finished_training_returns_at_once(inputs, tmp_path):
    first = train_cascade(*inputs, tmp_path / "out", PARAMS)
    before = (tmp_path / "out/cascade.xml").stat()
    messages = []
    again = dataclasses.replace(PARAMS, num_threads=2, precalc_val_buf_size=3)
    assert train_cascade(*inputs, tmp_path / "out", again, report=messages.append) == first
    assert [p.message for p in messages] == ["finished already"]
    assert (tmp_path / "out/cascade.xml").stat().st_mtime_ns == before.st_mtime_ns


@pytest.mark.opencv
def test_other_parameters_or_inputs_are_refused_or_start_over(inputs, tmp_path):
    train_cascade(*inputs, tmp_path / "out", PARAMS)
    other = dataclasses.replace(PARAMS, num_stages=2)
    with pytest.raises(RunMismatchError, match=r"parameters\.num_stages was 8, now 2"):
        train_cascade(*inputs, tmp_path / "out", other)
    cv2.imwrite(str(tmp_path / "neg atives/07.png"), np.zeros((30, 30), np.uint8))
    with pytest.raises(RunMismatchError, match=r"inputs\.negatives was"):
        train_cascade(*inputs, tmp_path / "out", PARAMS)
    assert train_cascade(*inputs, tmp_path / "out", other, restart=True).stages_asked == 2


@pytest.mark.opencv
def test_a_cut_off_stage_is_trained_again_to_the_same_cascade(inputs, tmp_path):
    first = train_cascade(*inputs, tmp_path / "out", PARAMS)
    whole = first.cascade.read_text()
    last = tmp_path / f"out/stage{first.stages - 1}.xml"
    last.write_text(last.read_text()[:200])
    (tmp_path / "out/training.json").unlink()
    (tmp_path / "out/cascade.xml").write_text(whole[: len(whole) // 2])
    again = train_cascade(*inputs, tmp_path / "out", PARAMS)
    assert [row.hit_rate for row in again.rows[: first.stages - 1]] == [row.hit_rate for row in first.rows[:-1]]
    assert again.goal_reached
    assert again.cascade.read_text().startswith(whole[:1000])


CHILD = """
import dataclasses, sys
from pathlib import Path
from cascade.train import train_cascade
from cascade.train_params import CascadeTrainParams
vec, background, out, params = sys.argv[1:]
train_cascade(Path(vec), Path(background), Path(out), eval(params))
"""

KILLED_CHILD = """
import os, signal, sys
from pathlib import Path
from cascade.train import train_cascade
from cascade.train_params import CascadeTrainParams
vec, background, out, params, stage = sys.argv[1:]

def report(progress):
    if progress.figures.get("stage") == float(stage) and "weak_classifiers" in progress.figures:
        os.kill(os.getpid(), signal.SIGKILL)

train_cascade(Path(vec), Path(background), Path(out), eval(params), report=report)
"""


@pytest.mark.opencv
@pytest.mark.slow
def test_a_killed_training_resumes_and_nothing_of_it_runs_on(inputs, tmp_path):
    out = tmp_path / "out"
    command = [sys.executable, "-c", CHILD, *map(str, inputs), str(out), repr(SLOW)]
    with subprocess.Popen(command, cwd=Path(__file__).parents[2]) as child:
        deadline = time.monotonic() + 120
        while not (out / "stage0.xml").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        child.send_signal(signal.SIGKILL)
    assert not (out / "training.json").exists()
    time.sleep(0.5)
    assert not [pid for pid in os.listdir("/proc") if pid.isdigit() and str(out).encode() in _command_line(pid)]
    progress = []
    trained = train_cascade(*inputs, out, SLOW, report=progress.append)
    assert progress[0].done >= 1
    assert trained.stages == len(trained.rows) > 2
    assert trained.rows[0].weak_classifiers > 0


@pytest.mark.opencv
@pytest.mark.slow
@pytest.mark.parametrize("stage", [0, 1, 3])
def test_killed_in_the_middle_of_a_stage_it_goes_on_with_that_stage(inputs, tmp_path, stage):
    """The stages before stay as they are, to the byte. Later ones may differ from a training that was not killed: the
    program's reader of negatives begins again at the first picture, at its first window.
    """
    out = tmp_path / "out"
    command = [sys.executable, "-c", KILLED_CHILD, *map(str, inputs), str(out), repr(SLOW), str(stage)]
    killed = subprocess.run(command, cwd=Path(__file__).parents[2], check=False)
    assert killed.returncode == -signal.SIGKILL
    before = {path.name: path.read_bytes() for path in out.glob("stage*.xml")}
    assert len(before) == stage
    progress = []
    trained = train_cascade(*inputs, out, SLOW, report=progress.append)
    assert progress[0].done == stage
    assert len(progress[0].table) == stage
    assert {name: (out / name).read_bytes() for name in before} == before
    assert trained.goal_reached
    assert trained.stages == len(trained.rows) > stage
    assert all(row.seconds is not None for row in trained.rows)
    assert not cv2.CascadeClassifier(str(trained.cascade)).empty()


def _command_line(pid: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


@pytest.mark.opencv
def test_a_time_limit_leaves_a_cascade_and_the_next_call_goes_on(inputs, tmp_path):
    limited = dataclasses.replace(SLOW, num_stages=4, time_limit_minutes=0.2 / 60)
    for _ in range(200):
        try:
            trained = train_cascade(*inputs, tmp_path / "out", limited)
        except TrainingError as error:
            assert "time limit" in str(error)  # noqa: PT017 (before the first stage there is nothing to return)
            limited = dataclasses.replace(limited, time_limit_minutes=2 * limited.time_limit_minutes)
            continue
        assert not cv2.CascadeClassifier(str(trained.cascade)).empty()
        if trained.stop_reason != StopReason.TIME_LIMIT:
            break
        assert trained.stages < 4
        limited = dataclasses.replace(limited, time_limit_minutes=2 * limited.time_limit_minutes)
    assert trained.goal_reached


@pytest.mark.opencv
def test_the_old_format(inputs, tmp_path):
    params = dataclasses.replace(SLOW, num_stages=1, base_format_save=True)
    trained = train_cascade(*inputs, tmp_path / "out", params)
    assert trained.stages == 1
    assert "opencv-haar-classifier" in trained.cascade.read_text()


@pytest.mark.opencv
def test_negatives_that_cannot_be_read_train_nothing(inputs, tmp_path):
    for path in (tmp_path / "neg atives").iterdir():
        path.write_bytes(b"junk")
    with pytest.raises(TrainingError, match=r"\(negatives exhausted\) in stage 1 of 8\. No window for the next stage"):
        train_cascade(*inputs, tmp_path / "out", PARAMS)
    assert not (tmp_path / "out/cascade.xml").exists()


@pytest.mark.opencv
def test_running_out_of_positives_ends_in_a_smaller_cascade(inputs, tmp_path):
    trained = train_cascade(*inputs, tmp_path / "out", HUNGRY)
    assert trained.stop_reason == StopReason.POSITIVES_EXHAUSTED
    assert not trained.goal_reached
    assert 1 <= trained.stages == len(trained.rows) < 5
    assert not cv2.CascadeClassifier(str(trained.cascade)).empty()


def test_more_positives_than_the_samples_allow_are_refused(inputs, tmp_path):
    with pytest.raises(InputError, match=r"45 need at least 63, the \.vec holds 60\. Use at most 37"):
        train_cascade(*inputs, tmp_path / "out", dataclasses.replace(HUNGRY, num_pos=45))
    assert not (tmp_path / "out").exists()


def test_another_window_than_the_samples_is_refused(inputs, tmp_path):
    with pytest.raises(InputError, match=r"samples\.vec holds 16x16\. Got 20x20"):
        train_cascade(*inputs, tmp_path / "out", CascadeTrainParams())
    assert not (tmp_path / "out").exists()


def test_a_background_file_with_lost_or_no_pictures(inputs, tmp_path):
    (tmp_path / "neg atives/03.png").unlink()
    with pytest.raises(InputError, match=r"bg\.txt names a picture that is not there: .*03\.png"):
        train_cascade(*inputs, tmp_path / "out", PARAMS)
    inputs[1].write_text("# none\n")
    with pytest.raises(InputError, match=r"bg\.txt names no pictures"):
        train_cascade(*inputs, tmp_path / "out", PARAMS)


def test_somebodys_own_folder_is_not_touched(inputs, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/diary.txt").write_text("dear")
    with pytest.raises(RunMismatchError, match="files that no step wrote"):
        train_cascade(*inputs, tmp_path / "mine", PARAMS, restart=True)
    assert (tmp_path / "mine/diary.txt").read_text() == "dear"
