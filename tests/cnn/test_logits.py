from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from cnn.errors import InputError
from cnn.logits import inner_input, logits_of, network_of, temperature_of, with_network

keras = pytest.importorskip("keras")

FACES = np.random.default_rng(0).uniform(0, 255, (4, 6, 6, 1)).astype(np.float32)


def ending(*last: Any) -> Any:
    return keras.Sequential([keras.Input((6, 6, 1)), keras.layers.Rescaling(1 / 255), keras.layers.Flatten(), *last])


def softmax(logits: np.ndarray) -> np.ndarray:
    raised = np.exp(logits)
    return raised / raised.sum(axis=1, keepdims=True)


ENDS: dict[str, Callable[[], list[Any]]] = {
    "inside a dense layer": lambda: [keras.layers.Dense(5, activation="softmax")],
    "as an activation": lambda: [keras.layers.Dense(5), keras.layers.Activation("softmax")],
    "as a layer": lambda: [keras.layers.Dense(5), keras.layers.Softmax()],
}


@pytest.mark.parametrize("end", ENDS)
def test_the_softmax_of_the_logits_is_the_answer(end: str) -> None:
    network = ending(*ENDS[end]())
    logits = keras.Model(network.inputs[0], logits_of(network)).predict_on_batch(FACES)
    answers = network.predict_on_batch(FACES)
    np.testing.assert_allclose(softmax(logits), answers, rtol=1e-5)
    assert np.abs(logits.sum(axis=1) - 1).max() > 1e-3
    np.testing.assert_array_equal(network.predict_on_batch(FACES), answers)


def test_the_temperature_stands_before_the_softmax_and_is_not_in_the_logits() -> None:
    dense, scale = keras.layers.Dense(5), keras.layers.Rescaling(1 / 4, name="temperature")
    network = ending(dense, scale, keras.layers.Softmax())
    logits = keras.Model(network.inputs[0], logits_of(network)).predict_on_batch(FACES)
    np.testing.assert_allclose(softmax(logits / 4), network.predict_on_batch(FACES), rtol=1e-5)
    assert temperature_of(network) == 4


def test_scaling_of_pixels_is_no_temperature() -> None:
    assert temperature_of(ending(keras.layers.Dense(5, activation="softmax"))) == 1


def test_a_network_is_found_in_its_wrapping_and_put_back() -> None:
    from cnn.models import with_preprocessing

    network = ending(keras.layers.Dense(5, activation="softmax"))
    wrapped, bare = with_preprocessing(network), network_of(network)
    assert network_of(wrapped) is network
    assert bare is network
    other = ending(keras.layers.Dense(5, activation="softmax"))
    again = with_network(wrapped, other)
    assert network_of(again) is other
    assert again.input_shape == wrapped.input_shape
    np.testing.assert_allclose(again.predict_on_batch(FACES), other.predict_on_batch(FACES), rtol=1e-5)
    assert with_network(network, other) is other
    large = np.repeat(np.repeat(FACES, 2, axis=1), 2, axis=2)
    assert inner_input(wrapped, large).shape == FACES.shape
    np.testing.assert_array_equal(inner_input(network, FACES), FACES)


@pytest.mark.parametrize("activation", ["sigmoid", None])
def test_another_end_is_refused(activation: str | None) -> None:
    with pytest.raises(InputError, match=r"must end in a softmax.* Got a last layer of type Dense"):
        logits_of(ending(keras.layers.Dense(5, activation=activation)))
