from __future__ import annotations

from datetime import date
from typing import get_args, get_type_hints

import pytest

from cnn.models.initializers import kernel_initializer
from cnn.models.measured import MEASURED, Measured
from cnn.train_params import CnnTrainParams
from runs.parameters import ParameterError

keras = pytest.importorskip("keras")
models = pytest.importorskip("cnn.models")


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ParameterError, match=r"`model` must be one of .*'reference'.* Got 'vgg99'"):
        models.build("vgg99")


def test_a_name_is_given_once() -> None:
    facts = {"summary": "", "paper": "", "published": None, "parameters": 0, "flops": 0}
    with pytest.raises(ValueError, match="'reference' is registered already"):
        models.register("reference", **facts)(models.build)


def test_the_trainer_offers_what_is_registered() -> None:
    assert get_args(get_type_hints(CnnTrainParams)["model"]) == models.names()


@pytest.mark.parametrize("name", models.names())
def test_the_activation_reaches_every_hidden_layer(name: str) -> None:
    model = models.build(name, activation="selu")
    used = {layer.activation.__name__ for layer in model.layers if hasattr(layer, "activation")}
    assert used - {"linear", "softmax"} == {"selu"}
    kernels = [layer.kernel_initializer for layer in model.layers if hasattr(layer, "kernel_initializer")]
    assert isinstance(kernels[0], keras.initializers.LecunNormal)


@pytest.mark.parametrize("name", models.names())
def test_what_is_not_given_is_what_the_network_suggests(name: str) -> None:
    own = models.architecture(name).suggestions()
    keras.utils.set_random_seed(1)
    asked = models.build(name, dropout=own["dropout"], conv_dropout=own["conv_dropout"]).get_config()
    left = models.build(name, activation=None, dropout=None, conv_dropout=None).get_config()
    rates = [[layer["config"].get("rate") for layer in config["layers"]] for config in (asked, left)]
    assert rates[0] == rates[1]
    assert own["learning_rate"] == models.architecture(name).learning_rate


def test_suggestions_are_the_published_ones() -> None:
    assert models.architecture("vgg13").suggestions() == {"learning_rate": 1e-4, "dropout": 0.5, "conv_dropout": 0.25}
    assert models.architecture("reference").suggestions() == {
        "learning_rate": 1e-3,
        "dropout": 0.3,
        "conv_dropout": 0.05,
    }


@pytest.mark.parametrize("activation", get_args(get_type_hints(CnnTrainParams)["activation"]))
def test_every_activation_offered_has_an_initializer(activation: str) -> None:
    layer = keras.layers.Dense(3, activation=activation, kernel_initializer=kernel_initializer(activation))
    assert layer.activation.__name__ == activation


def test_only_what_is_registered_was_measured() -> None:
    assert set(MEASURED) <= set(models.names())
    assert models.architecture("reference").measured is MEASURED["reference"]


@pytest.mark.parametrize("measured", MEASURED.values(), ids=MEASURED)
def test_a_measurement_says_how_to_repeat_it(measured: Measured) -> None:
    assert 0.2 < measured.accuracy < 1  # more than one of five classes by chance
    assert measured.epochs >= 1
    assert measured.command.startswith("facefoundry cnn train")
    assert date.fromisoformat(measured.date) <= date.today()
    assert measured.data
