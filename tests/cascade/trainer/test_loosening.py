"""Earlier stages' thresholds go down to a share of the positives: to the sample, once, and the same after a kill."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray

from cascade.model import CascadeModel, Stage, read_cascade
from cascade.model.windows import trace
from cascade.train import train_cascade
from cascade.train_params import CascadeTrainParams
from cascade.trainer.evaluate import passes, stage_sums
from cascade.trainer.features import enumerate_features
from cascade.trainer.files import read_stage
from cascade.trainer.integrals import prepare
from cascade.trainer.loosening import loosen
from cascade.training import TrainedCascade
from runs.progress import Progress, Report, silent

SIDE = 12
PARAMS = CascadeTrainParams(
    width=SIDE,
    height=SIDE,
    num_pos=300,
    num_neg=200,
    num_stages=5,
    min_hit_rate=0.97,
    max_false_alarm_rate=0.6,
    loosened_hit_rate=1.0,
    loosen_after=2,
)
STRICT = dataclasses.replace(PARAMS, loosened_hit_rate=None)


@pytest.fixture(scope="module")
def strict(drawn: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> TrainedCascade:
    return _train(drawn, tmp_path_factory.mktemp("strict") / "out", STRICT)


@pytest.fixture(scope="module")
def loosened(drawn: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> TrainedCascade:
    return _train(drawn, tmp_path_factory.mktemp("loosened") / "out")


@pytest.mark.parametrize("hit_rate", [0.5, 0.9, 0.99, 1.0])
def test_the_threshold_lets_just_the_share_asked_for_pass(
    strict: TrainedCascade, drawn: SimpleNamespace, hit_rate: float
) -> None:
    pool, stage = enumerate_features(SIDE, SIDE, "HAAR"), read_stage(strict.cascade.parent, 0)
    high = dataclasses.replace(stage, threshold=1e6)
    found = loosen(high, pool, drawn.vec, hit_rate)
    sums = stage_sums(stage, pool, prepare(drawn.positives))
    assert passes([found], pool, drawn.positives).mean() >= hit_rate
    assert (sums > found.threshold + 1e-4).mean() <= hit_rate
    assert loosen(found, pool, drawn.vec, hit_rate) == found


def test_a_threshold_is_never_raised(strict: TrainedCascade, drawn: SimpleNamespace) -> None:
    pool, stage = enumerate_features(SIDE, SIDE, "HAAR"), read_stage(strict.cascade.parent, 0)
    low = dataclasses.replace(stage, threshold=-1e6)
    assert loosen(low, pool, drawn.vec, 0.5) == low


def test_stages_with_enough_later_ones_pass_all_positives_and_the_last_do_not(
    loosened: TrainedCascade, strict: TrainedCascade, drawn: SimpleNamespace
) -> None:
    model = read_cascade(loosened.cascade)
    assert len(model.stages) == 5
    lost = [_lost(model, stage, drawn.positives) for stage in model.stages]
    assert lost[:2] == [0, 0]
    assert min(lost[2:]) > 0
    before = read_cascade(strict.cascade)
    assert [_lost(before, stage, drawn.positives) > 0 for stage in before.stages[:2]] == [True, True]


def test_a_killed_training_resumes_to_the_same_cascade(
    loosened: TrainedCascade, drawn: SimpleNamespace, tmp_path: Path
) -> None:
    def die(progress: Progress) -> None:
        if progress.message.startswith("stage 4 of 5: 200 negatives"):  # its loosening of the second stage is written
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _train(drawn, tmp_path / "out", report=die)
    assert _train(drawn, tmp_path / "out").cascade.read_bytes() == loosened.cascade.read_bytes()


def _lost(model: CascadeModel, stage: Stage, samples: NDArray[np.uint8]) -> int:
    alone = dataclasses.replace(model, stages=(stage,))
    return int((trace(alone, samples, reject_flat=False).stages == 0).sum())


def _train(
    drawn: SimpleNamespace, out: Path, params: CascadeTrainParams = PARAMS, report: Report = silent
) -> TrainedCascade:
    return train_cascade(drawn.vec, drawn.pictures, out, params, report=report)
