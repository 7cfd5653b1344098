"""The figures of a cascade and a network together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnn.labels import EXPRESSIONS
from pair.find import PairParams
from pair.measure import SceneOutcome, confusion

_DRAWS, _AT_ONCE = 2000, 100


@dataclass(frozen=True)
class Interval:
    """95% of the draws of the figure `name` lie from `low` to `high`."""

    name: str
    low: float
    high: float


@dataclass(frozen=True)
class ClassScore:
    """One expression: its `faces`, how many were `found`, and found and `right`; `said`: boxes that were named so."""

    expression: str
    faces: int
    found: int
    right: int
    said: int

    @property
    def right_share(self) -> float | None:
        """Faces found and rightly named, of all of this expression; None where there are none."""
        return self.right / self.faces if self.faces else None


@dataclass(frozen=True)
class PairScore:
    """What `pair.evaluate.evaluate_pair` found; rates are None where there is nothing to divide by.

    `found_share` is the cascade's recall, `right_share` the pair's: faces found *and* rightly named, of all faces.
    `balanced_right_share` is its mean over the expressions that the scenes have. `right_of_found` is the network's
    accuracy on what the cascade found. `precision` is the share of all boxes that are rightly named faces. `intervals`
    are by the bootstrap over scenes. The two SHA-256 are those of the files, so that nobody takes these figures for
    others'.
    """

    out: Path
    cascade_sha256: str
    network_sha256: str
    scenes: int
    skipped: int
    faces: int
    found: int
    right: int
    false_alarms: int
    found_share: float
    right_share: float
    balanced_right_share: float
    right_of_found: float | None
    false_alarms_per_image: float
    precision: float | None
    by_class: tuple[ClassScore, ...]
    intervals: tuple[Interval, ...]
    searched: PairParams

    def metrics(self) -> dict[str, str | int | float | None]:
        """All figures, flat, as in ``metrics.json``: the same for the same files and scenes."""
        plain = {n: v for n, v in asdict(self).items() if n not in ("out", "by_class", "intervals", "searched")}
        for one in self.by_class:
            name = one.expression.lower()
            plain |= {f"faces_{name}": one.faces, f"found_{name}": one.found, f"right_{name}": one.right}
            plain |= {f"right_share_{name}": one.right_share}
        for spread in self.intervals:
            plain |= {f"{spread.name}_low": spread.low, f"{spread.name}_high": spread.high}
        return {**plain, **self.searched.as_dict()}


def score_of(
    outcomes: Sequence[SceneOutcome], digests: tuple[str, str], out: Path, params: PairParams, skipped: int
) -> PairScore:
    """The figures of measured scenes; `digests` are the SHA-256 of the cascade's and the network's file."""
    faces, found, right, alarms = (int(total) for total in _counts(outcomes).sum(axis=0)[:4])
    classes = _by_class(outcomes)
    shares = [one.right_share for one in classes if one.right_share is not None]
    return PairScore(
        out=out,
        cascade_sha256=digests[0],
        network_sha256=digests[1],
        scenes=len(outcomes),
        skipped=skipped,
        faces=faces,
        found=found,
        right=right,
        false_alarms=alarms,
        found_share=found / faces,
        right_share=right / faces,
        balanced_right_share=sum(shares) / len(shares),
        right_of_found=right / found if found else None,
        false_alarms_per_image=alarms / len(outcomes),
        precision=right / (found + alarms) if found + alarms else None,
        by_class=classes,
        intervals=intervals(outcomes),
        searched=params,
    )


def intervals(outcomes: Sequence[SceneOutcome]) -> tuple[Interval, ...]:
    """Intervals of the shares, the precision and the false alarms an image; what has nothing to divide by is left out.

    Scenes are drawn with replacement, as faces of one picture are not independent; the draws are seeded. Source: Efron
    and Tibshirani, An Introduction to the Bootstrap (1993), the percentile interval.
    """
    counts = _counts(outcomes)
    rng, even = np.random.default_rng(0), [1 / len(counts)] * len(counts)
    draws = [rng.multinomial(len(counts), even, _AT_ONCE) @ counts for _ in range(_DRAWS // _AT_ONCE)]
    faces, found, right, alarms, images = np.vstack(draws).T
    figures = {
        "found_share": (found, faces),
        "right_share": (right, faces),
        "right_of_found": (right, found),
        "precision": (right, found + alarms),
        "false_alarms_per_image": (alarms, images),
    }
    return tuple(_interval(name, *figure) for name, figure in figures.items() if (figure[1] > 0).any())


def _counts(outcomes: Sequence[SceneOutcome]) -> NDArray[np.float64]:
    """Faces, found, right, false alarms, and 1, a row a scene."""
    rows = [(one.faces, one.hits, one.right, one.false_alarms, 1) for one in outcomes]
    return np.array(rows, dtype=np.float64)


def _interval(name: str, above: NDArray[np.float64], below: NDArray[np.float64]) -> Interval:
    usable = below > 0
    low, high = np.percentile(above[usable] / below[usable], (2.5, 97.5))
    return Interval(name, float(low), float(high))


def _by_class(outcomes: Sequence[SceneOutcome]) -> tuple[ClassScore, ...]:
    counts = confusion(outcomes)
    said = np.zeros(len(EXPRESSIONS), dtype=np.int64)
    for one in outcomes:
        np.add.at(said, one.said, 1)
    return tuple(
        ClassScore(name, int(row.sum()), int(row[:-1].sum()), int(row[number]), int(said[number]))
        for number, (name, row) in enumerate(zip(EXPRESSIONS, counts, strict=True))
    )
