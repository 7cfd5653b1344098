"""The loop over the epochs: learn, validate, keep the best, write the checkpoint, decide whether to go on."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cnn.augment import Augmentation
from cnn.batches import TrainingFaces, epoch_batches, steps_per_epoch
from cnn.checkpoint import TrainingState, best_model, load_checkpoint, save_checkpoint
from cnn.errors import TrainingError
from cnn.fit import AverageWeights, EpochWatch, compile_model, fit_epoch
from cnn.mixing import Mixing
from cnn.predict import probabilities
from cnn.saving import save_model
from cnn.team import Team
from cnn.train_params import CnnTrainParams
from runs.files import replacing_file
from runs.progress import Progress, Report

if TYPE_CHECKING:
    import keras

VALIDATION_BATCH = 256


@dataclass(frozen=True)
class Training:
    """What a training works on: faces to learn from and how to vary them, and faces to validate with.

    `images` (n, height, width) uint8 and `labels` (n,) int64 are the validation split's.
    """

    faces: TrainingFaces
    images: np.ndarray
    labels: np.ndarray
    augmentation: Augmentation
    mixing: Mixing = field(default_factory=Mixing)


def train_epochs(
    training: Training, params: CnnTrainParams, checkpoint: Path, report: Report, team: Team = Team()
) -> dict[str, Any]:
    """Train until the last epoch, early stopping or the time limit, from the checkpoint where there is one.

    Returns
    -------
    dict
        ``state``, the `TrainingState` at the end, whose best model lies in `checkpoint`; the counts
        ``parameters``, ``trainable_parameters``, ``train_faces`` and ``validation_faces``; ``backend`` and the
        ``versions`` of what computed.

    Raises
    ------
    TrainingError
        The loss is no longer a number, or the checkpoint is damaged.
    InputError
        Workers of a team were given different things.
    """
    import keras

    loop, backend = _Loop(training, params, checkpoint, report, team=team), keras.backend.backend()
    loop.start()
    while not loop.finished():
        loop.run_epoch()
    return {
        "state": loop.state,
        "parameters": loop.model.count_params(),
        "trainable_parameters": sum(int(np.prod(weight.shape)) for weight in loop.model.trainable_weights),
        "train_faces": len(training.faces),
        "validation_faces": len(training.labels),
        "backend": backend,
        "versions": {name: str(import_module(name).__version__) for name in ("keras", backend, "numpy")},
    }


def validate(answers: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """The validation figures of probabilities (n, classes) for labels (n,), by the names in ``history.csv``.

    Balanced accuracy is the mean recall of the classes that occur.
    """
    right = answers.argmax(axis=1) == labels
    recalls = [right[labels == number].mean() for number in np.unique(labels)]
    likelihood = np.maximum(answers[np.arange(len(labels)), labels], np.finfo(np.float32).tiny)
    return {
        "val_loss": float(-np.log(likelihood).mean()),
        "val_accuracy": float(right.mean()),
        "val_balanced_accuracy": float(np.mean(recalls)),
    }


@dataclass
class _Loop:
    training: Training
    params: CnnTrainParams
    checkpoint: Path
    report: Report
    state: TrainingState = field(default_factory=TrainingState)
    team: Team = field(default_factory=Team)

    def start(self) -> None:
        """Build the model and bring it to where the checkpoint says."""
        import keras

        from cnn.models import build
        from cnn.training_twin import training_twin

        params, faces = self.params, self.training.faces
        keras.utils.set_random_seed(params.seed)
        options = {name: getattr(params, name) for name in ("activation", "dropout", "conv_dropout")}
        self.judged: keras.Model = build(params.model, (48, 48, 1), faces.targets.shape[1], **options)
        self.steps = steps_per_epoch(len(faces), params.batch_size)
        with self.team.scope():
            self.model = training_twin(self.judged, params.precision, self.team)
            compile_model(self.model, params, self.steps, faces.priors())
        self.average = AverageWeights(params.weight_averaging, self.model.get_weights(), self.steps)
        if self.team.is_chief:
            self.checkpoint.mkdir(parents=True, exist_ok=True)
        if saved := load_checkpoint(self.checkpoint):
            self._resume(*saved)
        self.team.agree(f"{params} {self.state.epochs} {faces.digest()}")

    def _resume(self, state: TrainingState, arrays: dict[str, list[np.ndarray]]) -> None:
        self.state = state
        try:
            self.model.set_weights(arrays["weights"])
            for variable, value in zip(self.model.optimizer.variables, arrays["optimizer"], strict=True):
                variable.assign(value)
        except (KeyError, ValueError) as error:
            raise TrainingError(
                f"{self.checkpoint}: the checkpoint does not fit the model: {error}. Start over with `restart`."
            ) from error
        average = arrays.get("average", arrays["weights"])
        self.average = AverageWeights(self.params.weight_averaging, average, self.steps, state.updates)

    def finished(self) -> bool:
        """Whether the last epoch is done, patience is at its end, or the time is spent; the chief decides for all."""
        return self.team.sum(self.team.is_chief and self._is_enough()) > 0

    def _is_enough(self) -> bool:
        params, state = self.params, self.state
        waited = state.epochs - state.best_epoch
        return (
            state.epochs >= params.epochs
            or (params.patience is not None and state.epochs > 0 and waited >= params.patience)
            or (params.max_seconds is not None and state.seconds >= params.max_seconds)
        )

    def run_epoch(self) -> None:
        """Learn one epoch, validate it, and commit it."""
        start, params, epoch = time.monotonic(), self.params, self.state.epochs
        size, steps = params.batch_size, self.steps
        watch = EpochWatch(epoch=epoch, epochs=params.epochs, steps=steps, batch_size=size, report=self.report)

        def batch_end(batch: int, logs: dict[str, Any]) -> None:
            if self.team.is_chief:
                watch.batch_end(batch, logs)
                self.average.batch_end(batch, self.model)

        given = (self.training.faces, self.training.augmentation, self.training.mixing)
        batches = epoch_batches(*given, batch_size=size, seed=params.seed, epoch=epoch)
        seed = (params.seed, epoch)
        figures = fit_epoch(self.model, batches, steps=steps, seed=seed, batch_end=batch_end, team=self.team)
        if not self.team.is_chief:
            self.state.epochs += 1
            return
        figures["samples_per_second"] = watch.samples_per_second()
        figures["learning_rate"] = float(self.model.optimizer.learning_rate)
        self.judged.set_weights(self.average.of(self.model))
        answers = probabilities(self.judged, self.training.images, VALIDATION_BATCH)
        figures |= validate(answers, self.training.labels)
        watch.check("validation loss", figures["val_loss"])
        self._judge(figures)
        self._commit(figures, time.monotonic() - start)

    def _judge(self, figures: dict[str, float]) -> None:
        """Count the epoch, and save the judged model if it is the best so far."""
        state = self.state
        state.epochs += 1
        score = figures[f"val_{self.params.select_by}"] * (-1 if self.params.select_by == "loss" else 1)
        if not state.best_epoch or score > state.best_score:
            state.best_epoch, state.best_score = state.epochs, score
            self._save_best()

    def _commit(self, figures: dict[str, float], seconds: float) -> None:
        import keras

        state, own = self.state, self.model.get_weights()
        state.updates = self.average.updates
        state.seconds += seconds
        state.history.append({"epoch": state.epochs, **figures, "seconds": round(state.seconds, 1)})
        optimizer = [keras.ops.convert_to_numpy(variable) for variable in self.model.optimizer.variables]
        average = self.average.weights if self.params.weight_averaging else []
        save_checkpoint(self.checkpoint, state, {"weights": own, "optimizer": optimizer, "average": average})
        self._tell(figures)

    def _save_best(self) -> None:
        from cnn.models import with_preprocessing

        with replacing_file(best_model(self.checkpoint, self.state)) as beside:
            save_model(with_preprocessing(self.judged), beside)

    def _tell(self, figures: dict[str, float]) -> None:
        done, epochs = self.state.epochs, self.params.epochs
        left = (epochs - done) * self.state.seconds / done
        message = (
            f"epoch {done}/{epochs}: loss {figures['loss']:.3f}, accuracy {figures['accuracy']:.3f}; validation "
            f"loss {figures['val_loss']:.3f}, accuracy {figures['val_accuracy']:.3f}, "
            f"balanced {figures['val_balanced_accuracy']:.3f}"
        )
        progress = {"epoch": float(done), **figures, "seconds_left": left}
        columns = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "val_balanced_accuracy", "seconds")
        table = tuple({name: row.get(name) for name in columns} for row in self.state.history)
        self.report(Progress(message, done * self.steps, epochs * self.steps, progress, table))
