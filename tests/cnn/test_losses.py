from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from cnn.losses import adjusted_focal_loss, loss_of
from cnn.train_params import CnnTrainParams

keras = pytest.importorskip("keras")

ANSWERS = np.array([[0.7, 0.2, 0.1], [0.05, 0.05, 0.9]], np.float32)
TARGETS = np.array([[0.8, 0.2, 0.0], [1.0, 0.0, 0.0]], np.float32)
PRIORS = np.array([0.5, 0.3, 0.2])


def value(loss: Any, targets: np.ndarray = TARGETS, answers: np.ndarray = ANSWERS) -> np.ndarray:
    return keras.ops.convert_to_numpy(loss(keras.ops.array(targets), keras.ops.array(answers)))


def test_without_adjustment_it_is_keras_cross_entropy() -> None:
    assert loss_of(CnnTrainParams(), PRIORS) == "categorical_crossentropy"
    plain = value(keras.losses.categorical_crossentropy)
    np.testing.assert_allclose(value(adjusted_focal_loss(np.zeros(3, np.float32), 0.0)), plain, rtol=1e-5)


def test_the_adjusted_loss_in_closed_form() -> None:
    # q is p * prior made to sum to one: softmax(log p + log prior).
    weighed = ANSWERS * PRIORS
    wanted = -(TARGETS * np.log(weighed / weighed.sum(axis=1, keepdims=True))).sum(axis=1)
    loss = loss_of(CnnTrainParams(logit_adjustment=1.0), PRIORS * 7)
    np.testing.assert_allclose(value(loss), wanted, rtol=1e-5)


def test_even_classes_need_no_adjustment() -> None:
    loss = loss_of(CnnTrainParams(logit_adjustment=2.0), np.ones(3))
    np.testing.assert_allclose(value(loss), value(keras.losses.categorical_crossentropy), rtol=1e-5)


def test_the_focal_loss_in_closed_form() -> None:
    loss = loss_of(CnnTrainParams(focal_gamma=2.0), PRIORS)
    first = -(0.8 * 0.3**2 * math.log(0.7) + 0.2 * 0.8**2 * math.log(0.2))
    np.testing.assert_allclose(value(loss), [first, -(0.95**2) * math.log(0.05)], rtol=1e-5)


def test_the_focal_loss_is_keras_own() -> None:
    wanted = keras.losses.categorical_focal_crossentropy(TARGETS, ANSWERS, alpha=1.0, gamma=1.5)
    np.testing.assert_allclose(value(loss_of(CnnTrainParams(focal_gamma=1.5), PRIORS)), wanted, rtol=1e-5)


@pytest.mark.parametrize("params", [{"logit_adjustment": 1.5}, {"focal_gamma": 0.5}, {"focal_gamma": 2.0}])
@pytest.mark.parametrize("sure", [[200.0, 0.0, 0.0], [0.0, 200.0, 0.0]])
def test_answers_of_zero_and_one_give_finite_steps(params: dict[str, float], sure: list[float]) -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3, use_bias=False, activation="softmax")])
    model.set_weights([np.eye(3, dtype=np.float32)])
    model.compile(keras.optimizers.SGD(1e-3), loss_of(CnnTrainParams(**params), PRIORS))
    loss = model.train_on_batch(np.array([sure], np.float32), np.array([[1.0, 0.0, 0.0]], np.float32))
    assert np.isfinite(loss)
    assert np.isfinite(model.get_weights()[0]).all()


def test_adjusted_answers_serve_rare_classes() -> None:
    """One input for all: plain learning answers the priors, adjusted learning even chances (Menon et al., eq. 9)."""
    targets = np.eye(2, dtype=np.float32)[([0] * 9 + [1]) * 120]
    faces = np.ones((1200, 1), np.float32)
    answers = []
    for tau in (0.0, 1.0):
        keras.utils.set_random_seed(1)
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(2, activation="softmax")])
        model.compile(keras.optimizers.SGD(1.0), loss_of(CnnTrainParams(logit_adjustment=tau), np.array([0.9, 0.1])))
        model.fit(faces, targets, batch_size=10, shuffle=False, verbose=0)
        answers.append(model.predict(faces[:1], verbose=0)[0])
    np.testing.assert_allclose(answers, [[0.9, 0.1], [0.5, 0.5]], atol=0.01)
