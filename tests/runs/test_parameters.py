from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import pytest
from annotated_types import Ge, Gt, Le, Lt

from runs.parameters import ParameterError, Parameters


@dataclass(frozen=True, kw_only=True)
class Sample(Parameters):
    """An example with one field of every kind."""

    count: Annotated[int, Ge(1), Le(10)] = 5
    rate: Annotated[float, Gt(0), Lt(1)] = 0.5
    most: Annotated[int, Ge(1)] | None = None
    kind: Literal["HAAR", "LBP"] = "HAAR"
    loud: bool = False
    where: Path = Path("here")


@pytest.mark.parametrize("values", [{}, {"count": 1}, {"count": 10}, {"most": 3}, {"kind": "LBP"}, {"rate": 0.999}])
def test_values_inside_the_rules_are_taken(values: dict[str, object]) -> None:
    made = Sample(**values)  # type: ignore[arg-type]
    assert {name: getattr(made, name) for name in values} == values


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"count": 0}, r"`count` must be at least 1\. Got 0"),
        ({"count": 11}, r"`count` must be at most 10\. Got 11"),
        ({"count": 1.5}, r"`count` must be of type int\. Got 1\.5"),
        ({"count": True}, "`count` must be of type int"),
        ({"rate": 0.0}, r"`rate` must be greater than 0\. Got 0\.0"),
        ({"rate": 1}, "`rate` must be less than 1"),
        ({"rate": float("nan")}, "`rate` must be finite"),
        ({"rate": float("inf")}, "`rate` must be finite"),
        ({"most": 0}, "`most` must be at least 1"),
        ({"kind": "HOG"}, r"`kind` must be one of 'HAAR', 'LBP'\. Got 'HOG'"),
        ({"loud": 1}, "`loud` must be of type bool"),
        ({"rate": "high"}, "`rate` must be of type float"),
    ],
)
def test_values_outside_a_rule_are_refused_by_name(values: dict[str, object], words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        Sample(**values)  # type: ignore[arg-type]


def test_as_dict_is_plain() -> None:
    assert Sample(where=Path("there")).as_dict() == {
        "count": 5,
        "rate": 0.5,
        "most": None,
        "kind": "HAAR",
        "loud": False,
        "where": "there",
    }
