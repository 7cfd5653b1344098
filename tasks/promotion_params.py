"""What a promotion is decided by, and what is said of it afterwards. No MLflow here."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self

from annotated_types import Ge, Gt, Le, Lt

from runs.parameters import Parameters

COMPARISON, HAND, ROLLBACK = "comparison", "hand", "rollback"
"""What a decision was made `by`."""


@dataclass(frozen=True, kw_only=True)
class PromotionParams(Parameters):
    """When a challenger is better than the champion, and how both are measured."""

    margin: Annotated[float, Ge(0), Le(1)] = 0.01
    """The challenger's figure must be higher by at least this; 0.01 is one object, or face, in a hundred."""
    confidence: Annotated[float, Gt(0), Lt(1)] = 0.95
    """And the interval of the difference that this share of the draws lies in must be above 0."""
    draws: Annotated[int, Ge(100), Le(100_000)] = 2000
    """How many times the held-out data are drawn anew for that interval."""
    fewest: Annotated[int, Ge(2)] = 10
    """The held-out data must have so many scenes, or faces (people, where they are known); fewer tell too little."""
    false_alarm_budget: Annotated[float, Ge(0)] = 0.5
    """A cascade's recall is that with at most so many false alarms an image."""
    scale_factor: Annotated[float, Ge(1.01), Le(4)] = 1.1
    """Both cascades search windows that are each so many times larger than the one before."""
    min_size: Annotated[int, Ge(1)] = 1
    """Neither searches windows of less width or height (pixels)."""
    iou: Annotated[float, Gt(0), Le(1)] = 0.3
    """A detection is a hit when its intersection over union with a true box is at least this."""
    label: str | None = None
    """Only objects of this label count, or of these with commas between; empty: all, where they have one label."""


@dataclass(frozen=True)
class HeldOut:
    """Data that neither model was trained on; a model needs only its own kind of them.

    `scenes` are pictures with boxes, in any annotation format, for a cascade; `faces` is a merged store, whose test
    split counts, for a network; `labelled_scenes` are pictures whose boxes are labelled with an expression, for the
    pair of both.
    """

    scenes: Path | None = None
    faces: Path | None = None
    labelled_scenes: Path | None = None


@dataclass(frozen=True)
class Decision:
    """Who is champion from now on, and why.

    `challenger` and `champion` are the versions as they were before: the one that wanted to be champion (in a rollback:
    the one gone back to), and the one that was; None where there was none. `promoted` says whether the challenger is
    champion now. `figure` names what was compared; the values are from 0 to 1, `difference` is the challenger's less
    the champion's, `low` and `high` its interval, all None where they were not measured. `held_out` describes the data,
    `held_out_sha256` identifies what of them was measured, `warning` says what may be wrong with them. `when` is ISO
    8601, UTC; `by` is "comparison", "hand" or "rollback". `run_id` is the MLflow run that holds the record, empty where
    there was nothing to decide.
    """

    model: str
    challenger: int | None
    champion: int | None
    promoted: bool
    reason: str
    figure: str = ""
    champion_value: float | None = None
    challenger_value: float | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    margin: float | None = None
    held_out: str = ""
    held_out_sha256: str = ""
    warning: str = ""
    when: str = ""
    by: str = COMPARISON
    run_id: str = ""

    def as_json(self) -> str:
        """One line of JSON; `from_json` reads it."""
        return json.dumps(dataclasses.asdict(self), allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """A decision as it was written; fields that a later version of this program added are left out.

        Raises
        ------
        ValueError
            It is no decision.
        """
        told: Any = json.loads(text)
        known = {field.name for field in dataclasses.fields(cls)}
        if not isinstance(told, Mapping) or not {"model", "challenger", "champion", "promoted", "reason"} <= set(told):
            raise ValueError(f"{text[:80]!r} is no decision")
        return cls(**{name: value for name, value in told.items() if name in known})
