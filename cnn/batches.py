"""From the store of faces to the arrays that Keras eats, one batch at a time.

Plain numpy, no framework: every Keras backend takes it. What an epoch holds follows from (seed, epoch, batch)
alone, so a resumed training sees what an uninterrupted one would have seen.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pandas as pd

from cnn.augment import Augmentation
from cnn.datasets.table import VOTE_COLUMNS
from cnn.labels import EXPRESSIONS
from cnn.mixing import Mixing

Item = TypeVar("Item")

_END: object = object()


@dataclass(frozen=True)
class TrainingFaces:
    """The faces to learn from, with what targets and weights.

    `images` (n, height, width) uint8 may be a mapped file; `targets` (n, classes) float32 sum to one a row;
    `weights` (n,) float32 are 1 on average. `chances` (n,) say how often each face is seen in an epoch, in
    proportion; None shows each once.
    """

    images: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    chances: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.images)

    def digest(self) -> str:
        """Tells whether two processes have the same faces: a digest of the targets, the weights and some pictures."""
        some = self.images[:: max(1, len(self) // 64)]
        return hashlib.sha256(self.targets.tobytes() + self.weights.tobytes() + some.tobytes()).hexdigest()

    def priors(self) -> np.ndarray:
        """How much each class weighs in what is learnt: (classes,), their sum is 1."""
        seen = self.weights * (1.0 if self.chances is None else self.chances)
        return np.average(self.targets, axis=0, weights=seen)


def as_input(images: np.ndarray) -> np.ndarray:
    """Faces (batch, height, width) of 0 to 255 as the network's input: float32 (batch, height, width, 1)."""
    return np.ascontiguousarray(images, dtype=np.float32)[..., np.newaxis]


def steps_per_epoch(faces: int, batch_size: int) -> int:
    """How many batches an epoch has.

    The rest that does not fill a batch is left out (another one each epoch, as the order changes): batch
    normalisation suffers from tiny batches. Fewer faces than a batch make one batch.
    """
    return max(1, faces // batch_size)


def epoch_batches(
    faces: TrainingFaces,
    augmentation: Augmentation,
    mixing: Mixing = Mixing(),
    *,
    batch_size: int,
    seed: int,
    epoch: int,
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield the batches of one epoch: (input, targets, weights), shuffled, augmented and mixed.

    Parameters
    ----------
    faces
        What to learn from; only the faces of one batch are read at a time.
    augmentation
        Applied to every face.
    mixing
        Applied to every batch, after the augmentation.
    batch_size
        Faces in a batch.
    seed, epoch
        With the batch's number they decide everything that is random.
    """
    order = _order(faces, np.random.default_rng([seed, epoch]))
    for batch in range(steps_per_epoch(len(faces), batch_size)):
        chosen = order[batch * batch_size : (batch + 1) * batch_size]
        random = np.random.default_rng([seed, epoch, batch])
        pictures = augmentation(faces.images[chosen], random)
        pictures, targets, weights = mixing((pictures, faces.targets[chosen], faces.weights[chosen]), random)
        yield as_input(pictures), targets, weights


def prefetched(items: Iterator[Item], ahead: int = 4) -> Iterator[Item]:
    """Yield the same items in the same order, made in a thread up to `ahead` before they are wanted."""
    with ThreadPoolExecutor(1, "prefetch") as worker:
        waiting = deque(worker.submit(next, items, _END) for _ in range(ahead))
        while (item := waiting.popleft().result()) is not _END:
            waiting.append(worker.submit(next, items, _END))
            yield item  # type: ignore[misc]  # mypy does not see that the end is excluded


def targets_of(table: pd.DataFrame, *, vote_share: float, label_smoothing: float) -> np.ndarray:
    """The probabilities to learn, one row a face: (n, classes), float32.

    Parameters
    ----------
    table
        Rows of the store's table. A row without votes (`VOTE_COLUMNS`) for one of our classes keeps its label.
    vote_share
        1 takes the people's votes among our classes as the target, 0 the label alone; between, a mixture.
    label_smoothing
        This share of every target is spread evenly over all classes.
    """
    classes = len(EXPRESSIONS)
    targets = np.eye(classes)[table["label"].to_numpy(dtype=np.int64)]
    if vote_share:
        votes = _votes(table)
        total = votes.sum(axis=1)
        voted = total > 0
        targets[voted] += vote_share * (votes[voted] / total[voted, np.newaxis] - targets[voted])
    return ((1 - label_smoothing) * targets + label_smoothing / classes).astype(np.float32)


def weights_of(labels: np.ndarray, weighting: str) -> np.ndarray:
    """How much each face counts in the loss, (n,) float32, 1 on average.

    ``"none"`` counts all alike, ``"balanced"`` gives every class the same sum, ``"sqrt"`` stands between: the
    weight of a class is proportional to the root of its balanced weight.
    """
    exponent = {"none": 0.0, "sqrt": 0.5, "balanced": 1.0}[weighting]
    counts = np.bincount(labels, minlength=len(EXPRESSIONS))
    weights = (1.0 / np.maximum(counts, 1))[labels] ** exponent
    return (weights / weights.mean()).astype(np.float32)


def _order(faces: TrainingFaces, random: np.random.Generator) -> np.ndarray:
    count = len(faces)
    order = random.permutation(count)
    if faces.chances is None:
        return order
    # Steps of equal length along the faces' chances laid end to end: a face with 2.3 is met 2 or 3 times, and as equal
    # chances lie together, so does each class come as often as it should.
    order = order[np.argsort(faces.chances[order], kind="stable")]
    ends = np.cumsum(faces.chances[order], dtype=np.float64)
    steps = (np.arange(count) + random.random()) * (ends[-1] / count)
    met = np.searchsorted(ends, steps, side="right")
    return random.permutation(order[np.minimum(met, count - 1)])


def _votes(table: pd.DataFrame) -> np.ndarray:
    votes = table.reindex(columns=list(VOTE_COLUMNS)).to_numpy(dtype=np.float64, na_value=np.nan)
    return np.nan_to_num(votes)
