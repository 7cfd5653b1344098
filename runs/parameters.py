"""Parameter objects that check themselves: one frozen dataclass a step.

The field's annotation is the single source of its rule: the same ``Annotated[int, Ge(1)]`` becomes the
check here, the help of the command line (Cyclopts) and the bounds of Prefect's form (Pydantic).
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import itertools
import sys
import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, ClassVar, Literal, Self, Union, get_args, get_origin, get_type_hints

from annotated_types import Ge, Gt, Le, Lt

_RULES = {
    Ge: ("at least", "ge", lambda value, bound: value >= bound),
    Gt: ("greater than", "gt", lambda value, bound: value > bound),
    Le: ("at most", "le", lambda value, bound: value <= bound),
    Lt: ("less than", "lt", lambda value, bound: value < bound),
}


class ParameterError(ValueError):
    """A parameter breaks its rule; the message names the parameter, the rule and the value."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Parameters:
    """The parent of every step's parameters.

    Subclasses are frozen, keyword-only dataclasses whose fields carry ``Annotated`` bounds or ``Literal``
    choices, and a docstring below each field, which the command line and Prefect's form show.

    Raises
    ------
    ParameterError
        When made with a value outside a bound or a choice.
    """

    __pydantic_config__: ClassVar[dict[str, bool]] = {"use_attribute_docstrings": True}

    def __post_init__(self) -> None:
        for name, hint in self._hints().items():
            _check(name, getattr(self, name), hint)

    @classmethod
    def from_plain(cls, values: Mapping[str, Any]) -> Self:
        """Make the parameters from values as YAML or JSON give them; absent ones take their defaults.

        A path is given as text; a whole number may be written ``50.0`` and any number as text, which is what YAML
        makes of ``1e-1``. As on the command line, but that ``50.5`` is never rounded to a whole number.

        Raises
        ------
        ParameterError
            A name is not known, or a value breaks its rule.
        """
        cls.check_names(values)
        hints = cls._hints()
        return cls(**{name: _from_plain(value, hints[name]) for name, value in values.items()})

    @classmethod
    def check_names(cls, names: Iterable[str]) -> None:
        """Refuse a name that is none of the parameters'.

        Raises
        ------
        ParameterError
            The message names it and those that are known.
        """
        known = sorted(field.name for field in dataclasses.fields(cls))
        for name in names:
            if name not in known:
                raise ParameterError(f"`{name}` is not known. Known are {', '.join(known) or 'none'}.")

    def as_dict(self) -> dict[str, Any]:
        """The parameters as plain values, ready for JSON."""
        return {name: _plain(value) for name, value in dataclasses.asdict(self).items()}

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> Any:
        """Describe inherited fields too in Prefect's form: Pydantic reads the docstrings of the class itself only."""
        form = handler(schema)
        shown = handler.resolve_ref_schema(form).get("properties", {})
        for parent in cls.__mro__[1:-1]:
            for name, text in _docstrings(parent).items():
                if name in shown:
                    shown[name].setdefault("description", text)
        return form

    @classmethod
    def _hints(cls) -> dict[str, Any]:
        hints = get_type_hints(cls, include_extras=True)
        return {field.name: hints[field.name] for field in dataclasses.fields(cls)}


def _docstrings(kind: type) -> dict[str, str]:
    """The docstrings below the fields of a class, by field; none where its source cannot be read."""
    try:
        (written,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    except OSError:
        return {}
    body = getattr(written, "body", [])
    found = {}
    for field, below in itertools.pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(below, ast.Expr):
            text = getattr(below.value, "value", None)
            if isinstance(text, str):
                found[field.target.id] = inspect.cleandoc(text)
    return found


def _check(name: str, value: Any, hint: Any) -> None:
    origin = get_origin(hint)
    if origin is Annotated:
        inner, *rules = get_args(hint)
        _check(name, value, inner)
        if value is not None:
            _check_bounds(name, value, rules)
    elif origin in (Union, UnionType):
        _check_union(name, value, get_args(hint))
    elif origin is Literal and (type(value), value) not in [(type(one), one) for one in get_args(hint)]:
        raise ParameterError(f"`{name}` must be one of {', '.join(map(repr, get_args(hint)))}. Got {value!r}.")
    elif hint in (int, float, bool):
        _check_number(name, value, hint)
    elif hint in (str, Path) and not isinstance(value, hint):
        raise ParameterError(f"`{name}` must be of type {hint.__name__}. Got {value!r}.")


def _check_union(name: str, value: Any, hints: tuple[Any, ...]) -> None:
    if value is None and type(None) in hints:
        return
    others = [hint for hint in hints if hint is not type(None)]
    if len(others) == 1:
        _check(name, value, others[0])


def _check_number(name: str, value: Any, kind: type) -> None:
    if kind is bool:
        right = isinstance(value, bool)
    else:
        right = isinstance(value, (int, float) if kind is float else int) and not isinstance(value, bool)
    if not right:
        raise ParameterError(f"`{name}` must be of type {kind.__name__}. Got {value!r}.")
    if not abs(value) <= sys.float_info.max:  # so written, it holds for NaN and for integers that no float can hold
        raise ParameterError(f"`{name}` must be finite. Got {value!r}.")


def _check_bounds(name: str, value: Any, rules: list[Any]) -> None:
    for rule in rules:
        if type(rule) in _RULES:
            words, attribute, holds = _RULES[type(rule)]
            bound = getattr(rule, attribute)
            if not holds(value, bound):
                raise ParameterError(f"`{name}` must be {words} {bound}. Got {value!r}.")


def _from_plain(value: Any, hint: Any) -> Any:
    """`value` as `hint` wants it where it means the same, and as it is otherwise: the check then refuses it."""
    origin = get_origin(hint)
    if origin is Annotated:
        return _from_plain(value, get_args(hint)[0])
    if origin in (Union, UnionType):
        others = [inner for inner in get_args(hint) if inner is not type(None)]
        return _from_plain(value, others[0]) if value is not None and len(others) == 1 else value
    if hint is Path and isinstance(value, str):
        return Path(value)
    if origin is Literal and {type(one) for one in get_args(hint)} == {int}:
        return _from_plain(value, int)
    return _number_from_plain(value, hint) if hint in (int, float) and not isinstance(value, bool) else value


def _number_from_plain(value: Any, kind: type) -> Any:
    if isinstance(value, str) and kind is int:
        try:
            return int(value)
        except ValueError:
            pass
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return value
    if kind is float:
        return number
    return int(number) if number.is_integer() and not isinstance(value, int) else value


def _plain(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)
