"""One epoch at a time: compile, learn, average the weights, watch for NaN, and tell how it goes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cnn.batches import prefetched
from cnn.errors import TrainingError
from cnn.losses import loss_of
from cnn.team import Team
from cnn.train_params import CnnTrainParams
from runs.progress import Progress, Report

if TYPE_CHECKING:
    import keras

_REPORT_SECONDS = 5.0
_AVERAGE_EVERY = 4
"""Batches between two updates of the averaged weights, as each costs a copy of all weights."""


def compile_model(model: keras.Model, params: CnnTrainParams, steps: int, priors: np.ndarray) -> None:
    """Compile `model` for soft targets with a cosine schedule over ``epochs * steps`` updates, after a warm-up.

    `priors` (classes,) say how often each class is met.
    """
    import keras

    from cnn.models import architecture

    highest = params.learning_rate or architecture(params.model).learning_rate
    total = params.epochs * steps
    warm_up = min(round(params.warm_up_epochs * steps), total - 1)
    rate = keras.optimizers.schedules.CosineDecay(
        highest / 10 if warm_up else highest,
        decay_steps=total - warm_up,
        alpha=1e-3,  # of the full rate, so that the last updates still do something
        warmup_target=highest if warm_up else None,
        warmup_steps=warm_up,
    )
    if params.optimizer == "adamw":
        optimizer = keras.optimizers.AdamW(rate, weight_decay=params.weight_decay)
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    else:
        optimizer = keras.optimizers.Adam(rate)
    model.compile(optimizer, loss=loss_of(params, priors), metrics=["accuracy"])
    optimizer.build(model.trainable_variables)


class AverageWeights:
    """An exponential moving average of all weights, batch normalisation's statistics with them.

    It follows the weights every 4 batches and at the end of every epoch, so that no epoch is validated without it.

    Parameters
    ----------
    momentum
        Share of the average kept at each batch; 0 follows the weights themselves.
    weights
        Where the average stands after `updates` updates.
    steps
        Batches in an epoch.
    """

    def __init__(self, momentum: float, weights: Sequence[np.ndarray], steps: int, updates: int = 0) -> None:
        self.weights = [np.array(weight) for weight in weights]
        self.updates = updates
        self._momentum, self._steps = momentum, steps

    def batch_end(self, batch: int, model: keras.Model) -> None:
        """Follow `model` after the epoch's batch number `batch`, from 0."""
        passed = batch % _AVERAGE_EVERY + 1
        if not self._momentum or (passed < _AVERAGE_EVERY and batch + 1 < self._steps):
            return
        # The first weights are worthless: the average forgets them fast, then slower and slower.
        momentum = min(self._momentum**passed, (1 + self.updates) / (10 + self.updates))
        self.updates += 1
        for average, weight in zip(self.weights, model.get_weights(), strict=True):
            average += (1 - momentum) * (weight - average)

    def of(self, model: keras.Model) -> list[np.ndarray]:
        """The weights to judge and to save: the average, or `model`'s own where nothing is averaged."""
        return self.weights if self._momentum else model.get_weights()


class EpochWatch:
    """Reports an epoch's progress every few seconds and stops it when the loss is no number.

    Parameters
    ----------
    epoch, epochs
        The epoch's number, from 0, and how many there are.
    steps, batch_size
        Batches in an epoch, faces in a batch.
    report
        Called with figures: epoch, loss, accuracy, samples_per_second, seconds_left.
    """

    def __init__(self, *, epoch: int, epochs: int, steps: int, batch_size: int, report: Report) -> None:
        self._epoch, self._epochs, self._steps, self._batch_size = epoch, epochs, steps, batch_size
        self._report = report
        self._start = self._last = time.monotonic()
        self.batch = -1

    def batch_end(self, batch: int, logs: dict[str, Any]) -> None:
        """Take note of a finished batch and of the means so far."""
        self.batch = batch
        self.check("loss", float(logs["loss"]))
        if time.monotonic() - self._last >= _REPORT_SECONDS:
            self._last = time.monotonic()
            self._tell(logs)

    def check(self, name: str, loss: float) -> None:
        """Stop the training when `loss`, known by `name`, is no number."""
        if not math.isfinite(loss):
            raise TrainingError(
                f"The {name} is {loss} in epoch {self._epoch + 1}, batch {self.batch + 1} of {self._steps}. "
                "Lower `learning_rate` and start over with `restart`: resumed as it is, it would end here again."
            )

    def samples_per_second(self) -> float:
        """Faces learnt from a second since the epoch began."""
        return (self.batch + 1) * self._batch_size / max(time.monotonic() - self._start, 1e-9)

    def _tell(self, logs: dict[str, Any]) -> None:
        done, total = self._epoch * self._steps + self.batch + 1, self._epochs * self._steps
        speed = self.samples_per_second()
        figures = {
            "epoch": float(self._epoch + 1),
            "loss": float(logs["loss"]),
            "accuracy": float(logs["accuracy"]),
            "samples_per_second": speed,
            "seconds_left": (total - done) * self._batch_size / speed,
        }
        message = f"epoch {self._epoch + 1}/{self._epochs}, batch {self.batch + 1}/{self._steps}"
        self._report(Progress(message, done, total, figures))


def fit_epoch(
    model: keras.Model,
    batches: Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]],
    *,
    steps: int,
    seed: tuple[int, int],
    batch_end: Callable[[int, dict[str, Any]], None],
    team: Team = Team(),
) -> dict[str, float]:
    """Learn from `steps` batches; returns the epoch's mean loss and accuracy.

    Dropout is seeded by `seed`, (seed, epoch), so that it does not depend on what ran before.
    """
    import keras

    _seed_dropout(model, seed)
    if team.count > 1:
        return team.learn(model, prefetched(batches), batch_end)
    watch = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: batch_end(batch, logs))
    fitted = model.fit(
        prefetched(batches), steps_per_epoch=steps, epochs=1, callbacks=[watch], shuffle=False, verbose=0
    )
    return {name: float(values[-1]) for name, values in fitted.history.items()}


def _seed_dropout(model: keras.Model, seed: tuple[int, int]) -> None:
    for number, layer in enumerate(model.layers):
        generator = getattr(layer, "seed_generator", None)
        if generator is not None:
            draws = np.random.SeedSequence([*seed, number]).generate_state(2)
            generator.state.assign(draws.astype(generator.state.dtype))
