from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cnn import fit
from cnn.errors import TrainingError
from cnn.fit import AverageWeights, EpochWatch, compile_model, fit_epoch
from cnn.train_params import CnnTrainParams
from runs.progress import Progress, silent

keras = pytest.importorskip("keras")


EVEN = np.full(5, 0.2)


class Weights:
    """Stands for a model: a list of arrays and nothing else."""

    def __init__(self, *values: float) -> None:
        self.values = [np.array([value]) for value in values]

    def get_weights(self) -> list[np.ndarray]:
        return [value.copy() for value in self.values]

    def set_weights(self, values: list[np.ndarray]) -> None:
        self.values = [value.copy() for value in values]


def small() -> Any:
    layers = [keras.Input((3,)), keras.layers.Dropout(0.5, seed=0), keras.layers.Dense(5, activation="softmax")]
    return keras.Sequential(layers)


def watch(report: Any = silent) -> EpochWatch:
    return EpochWatch(epoch=2, epochs=4, steps=10, batch_size=8, report=report)


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_names_epoch_and_batch(loss: float) -> None:
    with pytest.raises(TrainingError, match=r"epoch 3, batch 5 of 10.*`learning_rate`"):
        watch().batch_end(4, {"loss": loss, "accuracy": 0.0})


def test_a_validation_loss_that_is_no_number_is_named() -> None:
    with pytest.raises(TrainingError, match=r"The validation loss is nan in epoch 3.*`learning_rate`"):
        watch().check("validation loss", float("nan"))


def test_progress_comes_in_seconds_not_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[Progress] = []
    clock = iter([0.0, 2.0, 6.0, 6.0, 6.0, 8.0, 20.0])
    monkeypatch.setattr(fit.time, "monotonic", lambda: next(clock))
    one = watch(said.append)
    one.batch_end(0, {"loss": 1.0, "accuracy": 0.5})
    one.batch_end(1, {"loss": 1.0, "accuracy": 0.5})
    one.batch_end(2, {"loss": 1.0, "accuracy": 0.5})
    assert [(p.message, p.done, p.total) for p in said] == [("epoch 3/4, batch 2/10", 22, 40)]
    assert said[0].figures["samples_per_second"] == pytest.approx(16 / 6)
    assert said[0].figures["seconds_left"] == pytest.approx(18 * 8 / (16 / 6))


def test_the_average_follows_and_the_model_keeps_its_own() -> None:
    model = Weights(0.0)
    average = AverageWeights(0.5, model.get_weights(), 80)
    model.set_weights([np.array([1.0])])
    for batch in range(80):
        average.batch_end(batch, model)
    assert average.updates == 20
    assert average.weights[0][0] == pytest.approx(1)
    model.set_weights([np.array([5.0])])
    assert average.of(model)[0][0] == pytest.approx(1)
    assert model.values[0][0] == 5


def test_the_first_updates_of_the_average_forget_the_start() -> None:
    model = Weights(1.0)
    average = AverageWeights(0.999, [np.array([0.0])], 10)
    average.batch_end(3, model)
    assert average.weights[0][0] == pytest.approx(0.9)


@pytest.mark.parametrize(("steps", "ends"), [(1, [0]), (3, [2]), (4, [3]), (5, [3, 4]), (8, [3, 7])])
def test_the_average_follows_every_four_batches_and_at_each_epochs_end(steps: int, ends: list[int]) -> None:
    model = Weights(1.0)
    average = AverageWeights(0.9, [np.array([0.0])], steps, updates=1000)
    wanted, updated, passed = 0.0, [], 0
    for batch in range(steps):
        before, passed = average.updates, passed + 1
        average.batch_end(batch, model)
        if average.updates > before:
            updated.append(batch)
            wanted, passed = 1 - 0.9**passed * (1 - wanted), 0
    assert updated == ends
    assert average.weights[0][0] == pytest.approx(wanted) == pytest.approx(1 - 0.9**steps)


def test_without_averaging_the_models_own_weights_are_judged() -> None:
    model = Weights(2.0)
    average = AverageWeights(0.0, [np.array([0.0])], 4)
    average.batch_end(3, model)
    assert average.of(model)[0][0] == 2
    assert average.updates == 0


def test_the_schedule_warms_up_and_ends_near_zero() -> None:
    model = small()
    compile_model(model, CnnTrainParams(epochs=4, learning_rate=0.01, warm_up_epochs=1), steps=10, priors=EVEN)
    rates = [float(model.optimizer._learning_rate(step)) for step in (0, 5, 10, 25, 40)]
    np.testing.assert_allclose(rates, [0.001, 0.0055, 0.01, 0.005005, 1e-5], rtol=1e-3)


def test_a_warm_up_longer_than_the_training_still_compiles() -> None:
    model = small()
    compile_model(model, CnnTrainParams(epochs=1, warm_up_epochs=9), steps=1, priors=EVEN)
    assert float(model.optimizer._learning_rate(0)) == pytest.approx(1e-3)


def test_a_rate_that_is_not_given_is_the_networks_own() -> None:
    model = small()
    compile_model(model, CnnTrainParams(model="vgg13", warm_up_epochs=0), steps=1, priors=EVEN)
    assert float(model.optimizer._learning_rate(0)) == pytest.approx(1e-4)


def test_weight_decay_spares_biases() -> None:
    model = small()
    compile_model(model, CnnTrainParams(weight_decay=0.5), steps=3, priors=EVEN)
    decays = {weight.name: model.optimizer._use_weight_decay(weight) for weight in model.trainable_weights}
    assert decays == {"kernel": True, "bias": False}


def test_dropout_depends_on_the_seed_and_not_on_what_ran_before() -> None:
    keras.utils.set_random_seed(0)
    model = small()
    weights = model.get_weights()
    compile_model(model, CnnTrainParams(), steps=1, priors=EVEN)
    batch = (np.ones((4, 3), np.float32), np.eye(5, dtype=np.float32)[:4], np.ones(4, np.float32))
    losses, ends = [], []
    for epoch in (1, 2, 1):
        model.set_weights(weights)
        figures = fit_epoch(
            model, (b for b in [batch]), steps=1, seed=(7, epoch), batch_end=lambda n, _: ends.append(n)
        )
        losses.append(figures["loss"])
    assert losses[0] == losses[2] != losses[1]
    assert ends == [0, 0, 0]
