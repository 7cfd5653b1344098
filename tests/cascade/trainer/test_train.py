"""The whole trainer: files that OpenCV reads, rates that are true, and the same cascade after any interruption."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from cascade.errors import InputError, TrainingError
from cascade.model import read_cascade
from cascade.model.windows import trace
from cascade.train import train_cascade
from cascade.train_files import count_whole_stages
from cascade.train_output import StopReason
from cascade.train_params import CascadeTrainParams
from cascade.trainer.features import enumerate_features
from cascade.trainer.files import assemble, read_stage
from cascade.trainer.positives import collect
from cascade.trainer.room import Room
from cascade.training import TrainedCascade
from cascade.vec.file import write_vec
from runs.progress import Progress, Report, silent

SIDE = 12
PARAMS = CascadeTrainParams(width=SIDE, height=SIDE, num_pos=300, num_neg=200, num_stages=4, max_false_alarm_rate=0.4)


@pytest.fixture(scope="module")
def trained(drawn: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> TrainedCascade:
    return _train(drawn, tmp_path_factory.mktemp("trained") / "out")


def test_it_leaves_the_programs_files(trained: TrainedCascade) -> None:
    folder = trained.cascade.parent
    assert trained.stages >= 2
    assert count_whole_stages(folder) == trained.stages
    assert cv2.CascadeClassifier(str(trained.cascade)).getOriginalWindowSize() == (SIDE, SIDE)
    stages = [read_stage(folder, number) for number in range(trained.stages)]
    model, expected = read_cascade(trained.cascade), assemble(enumerate_features(SIDE, SIDE, "HAAR"), stages)
    assert (model.stages, model.features) == (expected.stages, expected.features)


def test_the_hit_rate_is_what_the_written_cascade_has(trained: TrainedCascade, drawn: SimpleNamespace) -> None:
    pool, model = enumerate_features(SIDE, SIDE, "HAAR"), read_cascade(trained.cascade)
    stages = [read_stage(trained.cascade.parent, number) for number in range(trained.stages)]
    for row in trained.rows:
        taken = collect(drawn.vec, 300, stages[: row.stage], pool).samples
        passed = trace(model, taken, reject_flat=False).stages > row.stage
        assert row.hit_rate == pytest.approx(passed.mean(), abs=1e-6)
        assert row.false_alarm_rate is not None
        assert row.false_alarm_rate <= 0.4


@pytest.mark.parametrize(
    "last_words", ["stage 2 of 4: starts", "stage 2 of 4: weak classifier 1:", "stage 3 of 4: 200"]
)
def test_a_killed_training_resumes_to_the_same_files(
    trained: TrainedCascade, drawn: SimpleNamespace, tmp_path: Path, last_words: str
) -> None:
    def die(progress: Progress) -> None:
        if progress.message.startswith(last_words):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _train(drawn, tmp_path / "out", report=die)
    again = _train(drawn, tmp_path / "out", dataclasses.replace(PARAMS, num_threads=1, memory=600))
    assert again.cascade.read_bytes() == trained.cascade.read_bytes()
    assert (again.cascade.parent / "checkpoint.json").read_bytes() == (
        trained.cascade.parent / "checkpoint.json"
    ).read_bytes()


def test_a_stage_that_the_checkpoint_does_not_vouch_for_is_trained_again(
    trained: TrainedCascade, drawn: SimpleNamespace, tmp_path: Path
) -> None:
    out = shutil.copytree(trained.cascade.parent, tmp_path / "out")
    for name in ("training.json", "cascade.xml", "checkpoint.json"):
        (out / name).unlink()
    (out / "stage1.xml").write_text("half a stage")
    assert _train(drawn, out).cascade.read_bytes() == trained.cascade.read_bytes()


def test_a_finished_training_is_returned_at_once(trained: TrainedCascade, drawn: SimpleNamespace) -> None:
    said: list[str] = []
    again = _train(drawn, trained.cascade.parent, report=lambda progress: said.append(progress.message))
    assert (again, said) == (trained, ["finished already"])


def test_positives_that_run_out_end_the_training_with_what_there_is(drawn: SimpleNamespace, tmp_path: Path) -> None:
    write_vec(tmp_path / "few.vec", drawn.positives[:302])
    params = dataclasses.replace(PARAMS, min_hit_rate=0.97, num_pos=270, num_stages=3, max_false_alarm_rate=0.3)
    positives = np.concatenate([drawn.positives[:270], drawn.negatives[:32]])
    write_vec(tmp_path / "few.vec", positives)
    result = train_cascade(tmp_path / "few.vec", drawn.pictures, tmp_path / "out", params)
    assert result.stop_reason == StopReason.POSITIVES_EXHAUSTED
    assert 1 <= result.stages < 3


def test_the_time_limit_keeps_whole_stages(drawn: SimpleNamespace, tmp_path: Path) -> None:
    params = dataclasses.replace(PARAMS, time_limit_minutes=1e-9)
    with pytest.raises(TrainingError, match="time limit"):
        train_cascade(drawn.vec, drawn.pictures, tmp_path / "out", params)


def test_too_little_memory_is_refused_before_the_start() -> None:
    with pytest.raises(InputError, match="`memory` must be at least"):
        Room(enumerate_features(SIDE, SIDE, "HAAR"), 2_000_000, 512)


def _train(
    drawn: SimpleNamespace, out: Path, params: CascadeTrainParams = PARAMS, report: Report = silent
) -> TrainedCascade:
    return train_cascade(drawn.vec, drawn.pictures, out, params, report=report)
