"""What the rehearsal loads is what the training calls: nothing is compiled for other types later."""

import numpy as np
import pytest

from cascade.train_params import CascadeTrainParams
from cascade.trainer import examination, histograms, values
from cascade.trainer.features import enumerate_features
from cascade.trainer.rehearsal import begin, rehearse
from cascade.trainer.room import Room

COMPILED = (values.all_pair_steps, values.exact_values, histograms.gains_of, examination.exact_gains)


@pytest.mark.parametrize("samples", [40, 56])
def test_a_stage_with_any_number_of_samples_needs_no_other_code(samples: int) -> None:
    begin(CascadeTrainParams()).join()
    before = [len(function.signatures) for function in COMPILED]
    pictures = np.random.default_rng(1).integers(0, 255, (samples, 8, 8), np.uint8)
    pool = enumerate_features(8, 8, "HAAR", "BASIC")
    weights, responses = np.full(samples, 1 / samples), np.where(np.arange(samples) < 20, 1, -1).astype(np.float32)
    search = Room(pool, 56, 1024).search(pictures, 20, exact=False)
    split = search.best(np.arange(samples), weights, responses, 0)
    assert split is not None
    assert search.goes_left(split).any()
    assert [len(function.signatures) for function in COMPILED] == before


def test_every_kind_of_training_can_be_rehearsed() -> None:
    rehearse(CascadeTrainParams(mode="ALL", boost_type="DAB", split="exact"))
    rehearse(CascadeTrainParams(feature_type="LBP", boost_type="LB"))
