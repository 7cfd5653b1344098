"""The four kinds of boosting: how samples are weighted, what the leaves say, and which samples are left out.

Source: opencv_traincascade 3.4 (Friedman, Hastie, Tibshirani, "Additive logistic regression", 2000). All sums are in
double precision and in its order, and exponentials are OpenCV's: which of two samples of nearly equal weight is left
out depends on the last bit.
"""

from __future__ import annotations

import math
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from cascade.trainer.splits import GINI, MISCLASSIFICATION, SQUARED_ERROR

BoostType = Literal["GAB", "DAB", "RAB", "LB"]

_CRITERIA = {"GAB": SQUARED_ERROR, "LB": SQUARED_ERROR, "DAB": MISCLASSIFICATION, "RAB": GINI}
_LEAST_SHARE = 1e-5  # a share that goes into a logarithm is at least this
_LEAST_WEIGHT = float(np.finfo(np.float32).eps)
_LARGEST_RESPONSE = 10.0


class Booster:
    """The samples' weights and responses from one weak classifier to the next.

    Parameters
    ----------
    labels
        bool, shape (N,): True for positives.
    """

    def __init__(self, boost_type: BoostType, labels: NDArray[np.bool_]) -> None:
        self.boost_type, self.labels = boost_type, labels
        self.criterion = _CRITERIA[boost_type]
        self.is_regression = boost_type in ("GAB", "LB")
        self.signs = np.where(labels, 1.0, -1.0)
        self.weights = np.full(len(labels), 1.0 / len(labels))
        self.responses = (self.signs * (2 if boost_type == "LB" else 1)).astype(np.float32)
        self._sums = np.zeros(len(labels))

    def leaf(self, chosen: NDArray[np.int64]) -> float:
        """What a leaf with these samples says."""
        weights = self.weights[chosen]
        if self.is_regression:
            return _total(weights * self.responses[chosen]) * (1 / _total(weights))
        labels = self.labels[chosen]
        positive, negative = _total(weights[labels]), _total(weights[~labels])
        if self.boost_type == "DAB":
            return 1.0 if positive > negative else -1.0
        return 0.5 * _log_ratio(positive / (positive + negative))

    def deviation(self, chosen: NDArray[np.int64]) -> float:
        """The weighted standard deviation of these samples' responses, over the root of their weight."""
        weights, responses = self.weights[chosen], self.responses[chosen].astype(np.float64)
        total, mean = weights.sum(), (weights * responses).sum() / weights.sum()
        risk = (weights * responses * responses).sum() - mean * mean * total
        return math.sqrt(max(float(risk), 0.0)) / float(total)

    def update(self, answers: NDArray[np.float64]) -> float:
        """Weigh the samples anew after a weak classifier's `answers`; return the factor its leaves are scaled by."""
        factor = 1.0
        if self.boost_type == "DAB":
            wrong = answers != self.signs
            factor = -_log_ratio(_total(self.weights[wrong]) / _total(self.weights))
            self.weights = self.weights * np.where(wrong, math.exp(factor), 1.0)
        elif self.boost_type == "LB":
            self._update_logit(answers)
        else:
            self.weights = self.weights * _exp(-self.signs * answers)
        total = _total(self.weights)
        if total > _LEAST_WEIGHT:
            self.weights = self.weights * (1 / total)
        return factor

    def _update_logit(self, answers: NDArray[np.float64]) -> None:
        self._sums += 0.5 * answers
        share = 1 / (1 + _exp(-2 * self._sums))
        self.weights = np.maximum(share * (1 - share), _LEAST_WEIGHT)
        with np.errstate(divide="ignore"):
            response = np.minimum(1 / np.where(self.labels, share, 1 - share), _LARGEST_RESPONSE)
        self.responses = (self.signs * response).astype(np.float32)

    def heavy(self, rate: float) -> NDArray[np.int64]:
        """The samples that the next weak classifier is trained on: the lightest are left out, down to `rate`."""
        if not 0 < rate < 1:
            return np.arange(len(self.weights))
        ordered = np.sort(self.weights)
        # The program subtracts weight by weight; so does this, to leave out as many.
        left = np.concatenate([[1.0 - rate], 1.0 - rate - np.cumsum(ordered)])
        dropped = int(np.argmax(left <= 0)) if (left <= 0).any() else len(ordered)
        if dropped == len(ordered):
            return np.empty(0, np.int64)
        return np.flatnonzero(self.weights >= ordered[dropped])


def _total(values: NDArray[np.float64]) -> float:
    """The sum, added up one after the other."""
    return float(np.cumsum(values)[-1]) if len(values) else 0.0


def _exp(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(cv2.exp(values)).reshape(-1)


def _log_ratio(share: float) -> float:
    share = min(max(share, _LEAST_SHARE), 1 - _LEAST_SHARE)
    return math.log(share / (1 - share))
