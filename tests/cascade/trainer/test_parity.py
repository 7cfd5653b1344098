"""The same stages as opencv_traincascade, given the same samples: features, thresholds, leaves and stage thresholds.

Every negative picture is one window, so that both take the same negatives in the same order. Weights are not trimmed
but in one case: which of two samples of equal weight is the first to be left out is a matter of the last bit.
"""

from __future__ import annotations

import dataclasses
import itertools
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from cascade.model import Node, Stage
from cascade.opencv import apps as opencv_apps
from cascade.train import train_cascade
from cascade.train_params import CascadeTrainParams
from cascade.trainer.evaluate import passes
from cascade.trainer.features import FeaturePool, enumerate_features
from cascade.trainer.files import read_stage
from cascade.trainer.integrals import prepare
from cascade.trainer.positives import collect
from cascade.trainer.room import Room
from cascade.trainer.stages import train_stage
from cascade.trainer.values import lbp_codes

pytestmark = [pytest.mark.opencv, pytest.mark.slow]

SIDE, POSITIVES, NEGATIVES = 12, 200, 150
PARAMS = CascadeTrainParams(
    width=SIDE, height=SIDE, num_pos=POSITIVES, num_neg=NEGATIVES, num_stages=3, max_weak_count=12, weight_trim_rate=1.0
)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"mode": "ALL", "num_stages": 1, "weight_trim_rate": 0.95},
        {"mode": "CORE", "max_depth": 2},
        {"boost_type": "DAB", "num_stages": 1, "max_weak_count": 3},
        {"boost_type": "RAB"},
        {"boost_type": "LB"},
        {"feature_type": "LBP"},
    ],
    ids=str,
)
def test_the_same_stages_as_the_program(drawn: SimpleNamespace, tmp_path: Path, changes: dict[str, Any]) -> None:
    params = dataclasses.replace(PARAMS, **changes)
    said = _run_program(drawn, tmp_path, params, drawn.windows)
    pool = enumerate_features(SIDE, SIDE, params.feature_type, params.mode)
    room, stages = Room(pool, POSITIVES + NEGATIVES, 1024), list[Stage]()
    order = itertools.cycle(range(len(drawn.negatives)))
    while (tmp_path / f"stage{len(stages)}.xml").is_file():
        negatives = _passing(drawn.negatives, order, stages, pool)
        samples = np.concatenate([collect(drawn.vec, POSITIVES, stages, pool).samples, negatives])
        search = room.search(samples, POSITIVES, exact=True)
        ours = train_stage(search, POSITIVES, NEGATIVES, params, lambda *_: None)
        assert ours is not None
        stages.append(read_stage(tmp_path, len(stages)))
        _assert_equal(ours, stages[-1], pool, samples)
    assert stages, said


def test_the_program_resumes_what_the_trainer_began(drawn: SimpleNamespace, tmp_path: Path) -> None:
    shorter = dataclasses.replace(PARAMS, num_stages=1)
    ours = train_cascade(drawn.vec, drawn.pictures, tmp_path, shorter)
    first = (tmp_path / "stage0.xml").read_bytes()
    said = _run_program(drawn, tmp_path, dataclasses.replace(PARAMS, num_stages=2), drawn.pictures)
    assert ours.stages == 1
    assert "Stage 0 is loaded" in said
    assert "===== TRAINING 1-stage" in said
    assert (tmp_path / "stage0.xml").read_bytes() == first


def _run_program(drawn: SimpleNamespace, out: Path, params: CascadeTrainParams, background: Path) -> str:
    values = params.program_options() | {"data": out, "vec": drawn.vec, "bg": background}
    values |= {"mode": params.mode if params.feature_type == "HAAR" else None, "num_threads": 1}
    command = opencv_apps.command(opencv_apps.TRAINCASCADE, values)
    return subprocess.run(command, cwd=background.parent, check=True, stdout=subprocess.PIPE, text=True).stdout


def _passing(
    windows: NDArray[np.uint8], order: Iterator[int], stages: Sequence[Stage], pool: FeaturePool
) -> NDArray[np.uint8]:
    """The next windows in `order` that pass: it goes round and round, as the program reads its background file."""
    passed = passes(stages, pool, windows)
    return windows[list(itertools.islice((number for number in order if passed[number]), NEGATIVES))]


def _assert_equal(ours: Stage, theirs: Stage, pool: FeaturePool, samples: NDArray[np.uint8]) -> None:
    assert len(ours.weak_classifiers) == len(theirs.weak_classifiers)
    assert ours.threshold == pytest.approx(theirs.threshold, abs=1e-6)
    for one, other in zip(ours.weak_classifiers, theirs.weak_classifiers, strict=True):
        np.testing.assert_allclose(one.leaves, other.leaves, atol=1e-6)
        for node, same in zip(one.nodes, other.nodes, strict=True):
            assert (node.left, node.right, node.feature) == (same.left, same.right, same.feature)
            assert node.threshold == same.threshold
            np.testing.assert_array_equal(_seen(node, pool, samples), _seen(same, pool, samples))


def _seen(node: Node, pool: FeaturePool, samples: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The bits of those codes that some sample has: the others say nothing, and depend on how ties are sorted."""
    if node.threshold is not None:
        return np.empty(0, np.uint8)
    bits = np.unpackbits(np.array(node.subset, "<i4").view(np.uint8), bitorder="little")
    seen = np.unique(lbp_codes(pool.take(np.array([node.feature])), prepare(samples)))
    return np.asarray(bits[seen])
