from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import pytest
import yaml
from annotated_types import Ge, Gt, Le, Lt

from runs.parameters import ParameterError, Parameters


@dataclass(frozen=True, kw_only=True)
class Sample(Parameters):
    """An example with one field of every kind."""

    count: Annotated[int, Ge(1), Le(10)] = 5
    rate: Annotated[float, Gt(0), Lt(1)] = 0.5
    most: Annotated[int, Ge(1)] | None = None
    kind: Literal["HAAR", "LBP"] = "HAAR"
    depth: Literal[1, 2, 6] = 1
    loud: bool = False
    where: Path = Path("here")
    beside: Path | None = None
    name: str = "one"


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
        ({"depth": 3}, r"`depth` must be one of 1, 2, 6\. Got 3"),
        ({"depth": 6.0}, r"`depth` must be one of 1, 2, 6\. Got 6\.0"),
        ({"depth": True}, r"`depth` must be one of 1, 2, 6\. Got True"),
        ({"loud": 1}, "`loud` must be of type bool"),
        ({"rate": "high"}, "`rate` must be of type float"),
        ({"rate": 10**400}, "`rate` must be finite"),
        ({"where": "there"}, r"`where` must be of type Path\. Got 'there'"),
        ({"where": None}, r"`where` must be of type Path\. Got None"),
        ({"beside": 5}, r"`beside` must be of type Path\. Got 5"),
        ({"name": 5}, r"`name` must be of type str\. Got 5"),
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
        "depth": 1,
        "loud": False,
        "where": "there",
        "beside": None,
        "name": "one",
    }


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("where: .", Path()),
        ("beside: /a/b", Path("/a/b")),
        ("beside: null", None),
        ("count: 5.0", 5),
        ("count: '7'", 7),
        ("most: 1e3", 1000),
        ("most: 123456789012345678901", 123456789012345678901),
        ("most: '123456789012345678901'", 123456789012345678901),
        ("depth: 6.0", 6),
        ("depth: '2'", 2),
        ("rate: 1e-1", 0.1),
        ("loud: yes", True),
        ("name: '5'", "5"),
    ],
)
def test_values_as_yaml_gives_them(text: str, wanted: object) -> None:
    values = yaml.safe_load(text)
    got = getattr(Sample.from_plain(values), *values)
    assert (got, type(got)) == (wanted, type(wanted))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("count: 5.5", r"`count` must be of type int\. Got 5\.5"),
        ("count: .inf", "`count` must be of type int"),
        ("count: yes", "`count` must be of type int"),
        ("count: 11.0", "`count` must be at most 10"),
        ("depth: yes", r"`depth` must be one of 1, 2, 6\. Got True"),
        ("rate: nan", "`rate` must be finite"),
        ("rate: high", "`rate` must be of type float"),
        ("loud: 1", "`loud` must be of type bool"),
        ("where: 5", "`where` must be of type Path"),
        ("where: null", "`where` must be of type Path"),
        ("name: 5", "`name` must be of type str"),
        ("colour: red", "`colour` is not known. Known are beside, count, depth, kind"),
    ],
)
def test_plain_values_that_break_a_rule(text: str, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        Sample.from_plain(yaml.safe_load(text))


def test_plain_and_back() -> None:
    one = Sample(where=Path("there"), beside=Path("beside"), most=3, rate=0.25)
    assert Sample.from_plain(one.as_dict()) == one


def test_a_form_describes_inherited_fields_too() -> None:
    """Pydantic itself reads the docstrings of the class alone; Prefect's forms are made by it."""
    from pydantic import TypeAdapter

    @dataclass(frozen=True, kw_only=True)
    class Longer(Described):
        """One more."""

        more: int = 1
        """Said here."""

    shown = TypeAdapter(Longer).json_schema()["properties"]
    assert {name: one["description"] for name, one in shown.items()} == {"most": "Said above.", "more": "Said here."}


@dataclass(frozen=True, kw_only=True)
class Described(Parameters):
    """A step's."""

    most: int = 3
    """Said above."""
