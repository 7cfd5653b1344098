"""Load the compiled code while the negative pictures are being decoded: a second that nobody need wait for."""

from __future__ import annotations

import threading

import numpy as np

from cascade.train_params import CascadeTrainParams
from cascade.trainer.boosting import Booster
from cascade.trainer.features import enumerate_features
from cascade.trainer.files import assemble
from cascade.trainer.mining_flat import flatten
from cascade.trainer.mining_rows import CHUNK
from cascade.trainer.mining_search import search
from cascade.trainer.mining_tiles import new_scratch
from cascade.trainer.room import Room

_SIDE, _SAMPLES = 6, 16


def begin(params: CascadeTrainParams) -> threading.Thread:
    """Start `rehearse` in a thread; join it before anything else runs compiled code on several threads."""
    thread = threading.Thread(target=rehearse, args=(params,), daemon=True)
    thread.start()
    return thread


def rehearse(params: CascadeTrainParams) -> None:
    """Search for one split and one window in next to no data."""
    pool = enumerate_features(_SIDE, _SIDE, params.feature_type, params.mode)
    picture = np.random.default_rng(0).integers(0, 255, (_SAMPLES * _SIDE, _SIDE), np.uint8)
    flat = flatten(assemble(pool, []))
    sizes, order = np.array([(_SIDE, len(picture), 0), (0, 0, 9)]), np.array([1, 0, 1])
    search(picture, sizes, order, 0, 9, 1, flat, new_scratch(flat, _SIDE, CHUNK))
    samples, half = picture.reshape(_SAMPLES, _SIDE, _SIDE), _SAMPLES // 2
    booster = Booster(params.boost_type, np.arange(_SAMPLES) < half)
    splits = Room(pool, _SAMPLES, 1024).search(samples, half, exact=params.split == "exact")
    found = splits.best(np.arange(_SAMPLES), booster.weights, booster.responses, booster.criterion)
    if found is not None:
        splits.goes_left(found)
