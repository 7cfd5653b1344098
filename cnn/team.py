"""Several processes, on one machine or on several, that train one network together: TensorFlow's multi-worker strategy.

Who takes part is told as TensorFlow's users know it, by the environment variable ``TF_CONFIG``. Every worker makes the
same batches and learns from its own share of each; gradients and batch normalisation's statistics are those of the
whole batch, so the network is the one that a single process would train, to rounding.

Keras 3's own `fit` does not work with this strategy (keras-team/keras issue 20585), its `train_step` does.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np

from cnn.errors import InputError, TrainingError

if TYPE_CHECKING:
    import keras

TF_CONFIG = "TF_CONFIG"
OPEN_PORTS = (
    "TensorFlow's workers listen on all of this machine's addresses, without asking who calls: "
    "keep strangers out by a firewall."
)
"""To be said wherever workers are asked for."""

Batch = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass
class Team:
    """Who trains: this process is number `index` of `count`. A team of one needs no strategy and no TensorFlow."""

    index: int = 0
    count: int = 1
    _strategy: Any = field(default=None, repr=False)
    _compiled: tuple[Any, Any] = field(default=(None, None), repr=False)

    @property
    def is_chief(self) -> bool:
        """Whether this worker validates, reports and writes; the others only learn."""
        return self.index == 0

    def check(self, batch: int) -> None:
        """Refuse batches that cannot be shared out evenly.

        Raises
        ------
        InputError
            The batch's size is no multiple of the number of workers.
        """
        if batch % self.count:
            raise InputError(f"A batch of {batch} faces cannot be shared by {self.count} workers: change `batch_size`.")

    def __enter__(self) -> Team:
        """Wait until all workers are there. To be called before TensorFlow does anything else in this process."""
        if self.count > 1:
            import tensorflow as tf

            self._strategy = tf.distribute.MultiWorkerMirroredStrategy()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        """Say plainly what TensorFlow's errors mean when another worker has gone."""
        if self.count > 1 and kind is not None and kind.__module__.startswith("tensorflow"):
            raise TrainingError(
                f"Worker {self.index} of {self.count} has lost another, which ended or cannot be reached. Start all "
                f"again: they go on after the last whole epoch. TensorFlow says: {error}"
            ) from error

    def scope(self) -> AbstractContextManager[Any]:
        """Where the network and its optimizer are made."""
        return self._strategy.scope() if self._strategy else nullcontext()

    def agree(self, what: str) -> None:
        """Refuse to train where the workers were not given the same.

        Raises
        ------
        InputError
            `what` is not the same text for all workers.
        """
        own = int.from_bytes(hashlib.sha256(what.encode()).digest()[:3], "big")
        if self.sum(own) != own * self.count or self.sum(own % 4093) != own % 4093 * self.count:
            raise InputError(
                f"All {self.count} workers must be given the same faces, parameters and run folder, and see the same "
                f"files. Worker {self.index} differs from another."
            )

    def sum(self, number: float) -> float:
        """The sum of every worker's number; all must call it at the same point."""
        if not self._strategy:
            return number
        import tensorflow as tf

        total = self._strategy.reduce("SUM", tf.constant(float(number), tf.float64), axis=None)
        return float(total.numpy())

    def share(self, batch: Batch) -> Batch:
        """This worker's part of a batch."""
        size = len(batch[0]) // self.count
        images, targets, weights = (part[self.index * size : (self.index + 1) * size] for part in batch)
        return images, targets, weights

    def learn(
        self, model: keras.Model, batches: Iterator[Batch], batch_end: Callable[[int, dict[str, Any]], None]
    ) -> dict[str, float]:
        """Learn from each batch together, as ``model.fit`` does alone; returns the epoch's mean loss and accuracy."""
        import tensorflow as tf

        step = self._step_of(model)
        figures: dict[str, float] = {}
        model.reset_metrics()
        for number, batch in enumerate(batches):
            logs = step(*map(tf.constant, self.share(batch)))
            figures = {name: float(value) for name, value in logs.items()}
            batch_end(number, figures)
        return {name: self.sum(figures[name]) / self.count for name in sorted(figures)}

    def _step_of(self, model: keras.Model) -> Any:
        """One update, compiled once for all epochs: that takes seconds."""
        import tensorflow as tf

        if self._compiled[0] is not model:
            step = tf.function(lambda *part: self._strategy.run(model.train_step, args=(part,)))
            self._compiled = model, step
        return self._compiled[1]


def team_of(environment: Mapping[str, str] = os.environ) -> Team:
    """The team that ``TF_CONFIG`` tells of; without it, a team of one.

    Raises
    ------
    InputError
        It is set and cannot be understood.
    """
    text = environment.get(TF_CONFIG, "")
    if not text:
        return Team()
    try:
        told = json.loads(text)
        workers, task = told["cluster"]["worker"], told["task"]
        index, kind = int(task["index"]), task["type"]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"`TF_CONFIG` must be like {_EXAMPLE}. Got {text!r}.") from error
    if set(told["cluster"]) != {"worker"} or kind != "worker" or not 0 <= index < len(workers):
        raise InputError(
            f"`TF_CONFIG` must name workers only, and one of them as the task, as {_EXAMPLE}. Got {text!r}."
        )
    return Team(index, len(workers))


_EXAMPLE = '{"cluster": {"worker": ["10.0.0.5:2222", "10.0.0.6:2222"]}, "task": {"type": "worker", "index": 0}}'
