"""How sure a network may be: confidence against accuracy, before and after calibration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cnn.calibrate import log_loss
from cnn.score.intervals import wilson

BINS = 15


@dataclass(frozen=True)
class ReliabilityBin:
    """Faces whose highest probability is above `low` and at most `high`: its mean, and the share that is right.

    `accuracy_low` and `accuracy_high` bound that share, 95 %. Without faces `confidence` and `accuracy` are 0.
    """

    low: float
    high: float
    faces: int
    confidence: float
    accuracy: float
    accuracy_low: float
    accuracy_high: float


@dataclass(frozen=True)
class Calibration:
    """What a temperature changes: calibration error and log loss (nats) without it and with it.

    `stored` says whether the temperature is in the model; otherwise it was fitted on the validation faces for this
    comparison only, and the model answers as "before".
    """

    temperature: float
    stored: bool
    error_before: float
    error_after: float
    log_loss_before: float
    log_loss_after: float


def compare(before: np.ndarray, after: np.ndarray, labels: np.ndarray, temperature: float, stored: bool) -> Calibration:
    """Compare probabilities (n, classes) for labels (n,) without a temperature and with it."""
    return Calibration(
        temperature=temperature,
        stored=stored,
        error_before=calibration_error(before.max(axis=1), before.argmax(axis=1) == labels),
        error_after=calibration_error(after.max(axis=1), after.argmax(axis=1) == labels),
        log_loss_before=log_loss(before, labels),
        log_loss_after=log_loss(after, labels),
    )


def calibration_error(confidence: np.ndarray, right: np.ndarray, bins: int = BINS) -> float:
    """The expected calibration error: by bin of confidence, how far its mean lies from the accuracy.

    Parameters
    ----------
    confidence
        (n,), each face's highest probability.
    right
        (n,), whether it belongs to the true class.
    bins
        Equal intervals of (0, 1], each closed on the right.

    Returns
    -------
    float
        The mean distance, weighted by the faces in a bin: 0 is perfect. See Guo et al., "On Calibration of
        Modern Neural Networks", 2017.
    """
    surplus = np.bincount(_which(confidence, bins), confidence - right, minlength=bins)
    return float(np.abs(surplus).sum() / len(confidence))


def reliability(answers: np.ndarray, labels: np.ndarray, bins: int = BINS) -> list[ReliabilityBin]:
    """The reliability diagram of probabilities (n, classes) for labels (n,), the bins of `calibration_error`."""
    confidence, right = answers.max(axis=1), answers.argmax(axis=1) == labels
    which = _which(confidence, bins)
    faces, hits = np.bincount(which, minlength=bins), np.bincount(which, right, minlength=bins)
    means = np.bincount(which, confidence, minlength=bins) / np.maximum(faces, 1)
    found = []
    for number in range(bins):
        spread = wilson("accuracy", int(hits[number]), int(faces[number]))
        share = float(hits[number] / max(1, faces[number]))
        edges = (number / bins, (number + 1) / bins)
        found.append(ReliabilityBin(*edges, int(faces[number]), float(means[number]), share, spread.low, spread.high))
    return found


def _which(confidence: np.ndarray, bins: int) -> np.ndarray:
    return np.asarray(np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1))
