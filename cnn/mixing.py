"""Mixup and CutMix: two faces become one, and so do their targets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Batch = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Pictures (batch, height, width) float32, targets (batch, classes) and weights (batch,)."""


@dataclass(frozen=True)
class Mixing:
    """How the faces of a batch are mixed with each other.

    `mixup` and `cutmix` are the parameter of the Beta(a, a) distribution from which a face's share is drawn; 0
    switches one off. With both, each face draws which. `share` of the faces is mixed.

    References
    ----------
    Zhang et al., mixup: beyond empirical risk minimization, ICLR 2018; Yun et al., CutMix, ICCV 2019.
    """

    mixup: float = 0.0
    cutmix: float = 0.0
    share: float = 1.0

    def __call__(self, batch: Batch, random: np.random.Generator) -> Batch:
        """Mix every chosen face with another one of the batch; without mixup and cutmix nothing is drawn."""
        if not (self.mixup or self.cutmix):
            return batch
        pictures, targets, weights = batch
        count = len(pictures)
        other = (np.arange(count) + random.integers(1, max(count, 2))) % count
        patched = random.random(count) < (0.5 if self.mixup and self.cutmix else bool(self.cutmix))
        left_alone = random.random(count) >= self.share
        shares = np.where(patched, _betas(random, self.cutmix, count), _betas(random, self.mixup, count))
        shares[left_alone] = 1
        masks = np.empty_like(pictures)
        masks[:] = shares[:, np.newaxis, np.newaxis]
        _cut(masks, np.flatnonzero(patched), random.random((count, 2)))
        mixed = masks * pictures + (1 - masks) * pictures[other]
        return mixed, *_mixed_targets(targets, weights, other, masks.mean(axis=(1, 2), dtype=np.float64))


def _betas(random: np.random.Generator, parameter: float, count: int) -> np.ndarray:
    return random.beta(parameter, parameter, count) if parameter else np.ones(count)


def _cut(masks: np.ndarray, chosen: np.ndarray, centres: np.ndarray) -> None:
    """Turn the masks' constant share into a rectangle of zeros whose area is what is missing to one."""
    height, width = masks.shape[1:]
    for index in chosen:
        side = np.sqrt(1 - masks[index, 0, 0])
        rows, columns = round(side * height), round(side * width)
        top = int(centres[index, 0] * (height - rows + 1))
        left = int(centres[index, 1] * (width - columns + 1))
        masks[index] = 1
        masks[index, top : top + rows, left : left + columns] = 0


def _mixed_targets(
    targets: np.ndarray, weights: np.ndarray, other: np.ndarray, shares: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Targets and weights whose loss is both faces' loss, each by its share and weight."""
    own, foreign = shares * weights, (1 - shares) * weights[other]
    total = own + foreign
    mixed = (own[:, np.newaxis] * targets + foreign[:, np.newaxis] * targets[other]) / total[:, np.newaxis]
    return mixed.astype(targets.dtype), total.astype(weights.dtype)
