"""What counts as drift, and whether figures of now show it. No MLflow here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Le

from runs.parameters import Parameters

State = Literal["well", "drifted", "unclear", "too few"]


@dataclass(frozen=True, kw_only=True)
class DriftParams(Parameters):
    """What counts as drift."""

    fall: Annotated[float, Gt(0), Le(1)] = 0.05
    """The recall of a cascade, the balanced accuracy of a network, or the share of faces that a pair finds and rightly
    names, may be lower by this than when it was registered; 0.05 is five in a hundred."""
    more_false_alarms: Annotated[float, Gt(0)] = 0.5
    """A cascade or a pair may give so many more false alarms an image."""
    min_faces: Annotated[int, Ge(1)] = 50
    """Fewer labelled faces decide nothing."""


@dataclass(frozen=True)
class Watched:
    """One figure: `then` at registration, `now` with its 95% interval from `low` to `high`, and the `limit` for it."""

    figure: str
    then: float
    now: float
    low: float
    high: float
    limit: float
    state: State


@dataclass(frozen=True)
class Drift:
    """What was found of a champion; `faces` were labelled in the new pictures, which lie in `pictures`.

    `out` holds the evaluation's page. `when` is ISO 8601, UTC. `run_id` is the MLflow run that keeps it.
    """

    model: str
    version: int
    state: State
    reason: str
    faces: int
    pictures: str
    figures: tuple[Watched, ...]
    out: str
    when: str
    run_id: str = ""


def judge(figure: str, then: float, now: float, low: float, high: float, change: float) -> Watched:
    """One figure; `change` is how far it may move: below 0 for one of which more is better, above for the others.

    >>> judge("recall", 0.9, 0.7, 0.6, 0.8, -0.05).state, judge("recall", 0.9, 0.87, 0.86, 0.92, -0.05).state
    ('drifted', 'well')
    >>> judge("recall", 0.9, 0.8, 0.7, 0.9, -0.05).state
    'unclear'
    """
    limit = then + change
    worst, best = (-low, -high) if change < 0 else (high, low)
    bound = -limit if change < 0 else limit
    state: State = "drifted" if best > bound else "well" if worst <= bound else "unclear"
    return Watched(figure, then, now, low, high, limit, state)


def watched(figure: str, then: Mapping[str, float], now: Mapping[str, Any], change: float) -> Watched | None:
    """As `judge`, from what an evaluation tells; None where the figure was not measured then or now."""
    measured, low, high = (now.get(f"{figure}{end}") for end in ("", "_low", "_high"))
    if figure not in then or measured is None or low is None or high is None:
        return None
    return judge(figure, then[figure], float(measured), float(low), float(high), change)


def verdict(
    model: tuple[str, int],
    figures: Sequence[Watched | None],
    faces: int,
    pictures: Path,
    out: Path,
    params: DriftParams,
) -> Drift:
    """What the figures of a model's version come to together; those that are None were not measured."""
    found = tuple(one for one in figures if one is not None)
    states, (name, version) = {one.state for one in found}, model
    state: State = "too few"
    if faces >= params.min_faces and found:
        state = "drifted" if "drifted" in states else "unclear" if "unclear" in states else "well"
    when = datetime.now(UTC).isoformat(timespec="seconds")
    reason = f"{name} version {version}: {_words(state, found, faces, params)}"
    return Drift(name, version, state, reason, faces, str(pictures), found, str(out), when)


def _words(state: State, figures: Sequence[Watched], faces: int, params: DriftParams) -> str:
    told = "; ".join(
        f"{one.figure} {one.now:.3f} (95%: {one.low:.3f} to {one.high:.3f}), was {one.then:.3f}, limit {one.limit:.3f}"
        for one in figures
        if state != "drifted" or one.state == "drifted"
    )
    return {
        "too few": f"only {faces} labelled faces, and {params.min_faces} are needed: nothing is decided.",
        "drifted": f"has drifted on {faces} new faces: {told}.",
        "unclear": f"may have drifted, and {faces} new faces are too few to tell: {told}.",
        "well": f"all is well on {faces} new faces: {told}.",
    }[state]
