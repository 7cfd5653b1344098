"""OpenCV's XML storage, read with care: size, entities, wholeness and every number are checked.

The functions raise `BrokenError` with the rule and the value; the caller, who knows the file and what it should be,
makes an `InputError` of it.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TypeVar
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from cascade.errors import InputError

MAX_BYTES = 16 * 1024 * 1024
"""A larger file is refused unread; the largest cascade that OpenCV ships has 3 MB."""


Choice = TypeVar("Choice", bound=str)


class BrokenError(Exception):
    """The rule that a file breaks and the value that breaks it, without the file's name."""


def parse(path: Path) -> Element:
    """The root of the file's XML.

    Raises
    ------
    InputError
        There is no such file, or it cannot be read.
    BrokenError
        It is empty, larger than `MAX_BYTES`, not whole XML, or declares a document type (and so could hold entities).
    """
    parser = ElementTree.XMLParser(target=_Builder())
    try:
        parser.feed(_bytes(path))
        return parser.close()
    except ElementTree.ParseError as error:
        raise BrokenError(f"its XML ends or breaks at line {error.position[0]} ({error})") from None
    except (ValueError, LookupError) as error:
        raise BrokenError(f"its XML does not parse ({error})") from None


def child(element: Element, name: str) -> Element:
    """The first child of that name.

    Raises
    ------
    BrokenError
        There is none.
    """
    found = element.find(name)
    if found is None:
        raise BrokenError(f"<{name}> is missing in <{element.tag}>")
    return found


def items(element: Element, place: str) -> list[Element]:
    """The entries of a list, which OpenCV calls ``_``.

    Raises
    ------
    BrokenError
        There are none; the message begins with `place`.
    """
    entries = element.findall("_")
    if not entries:
        raise BrokenError(f"{place}: the list <{element.tag}> is empty")
    return entries


def text(element: Element, name: str) -> str:
    """The text of the child of that name, without the space around it.

    Raises
    ------
    BrokenError
        There is no such child.
    """
    return (child(element, name).text or "").strip()


def integer(element: Element, name: str, low: int, high: int) -> int:
    """The whole number in the child of that name, from `low` to `high`.

    Raises
    ------
    BrokenError
        There is no such child, or it holds something else.
    """
    value = integers([text(element, name)], f"<{name}>")[0]
    if not low <= value <= high:
        raise BrokenError(f"<{name}> must be from {low} to {high}. Got {value}")
    return value


def number(element: Element, name: str, place: str) -> float:
    """The finite number in the child of that name.

    Raises
    ------
    BrokenError
        There is no such child, or it holds something else; the message begins with `place`.
    """
    return numbers(text(element, name), place, 1)[0]


def optional_number(element: Element | None, name: str) -> float | None:
    """The finite number in the child of that name; None where there is no element or no such child."""
    return None if element is None or element.find(name) is None else number(element, name, f"<{name}>")


def optional_integer(element: Element | None, name: str) -> int | None:
    """As `optional_number`, for a whole number that is not negative."""
    return None if element is None or element.find(name) is None else integer(element, name, 0, 2**31 - 1)


def optional_choice(element: Element | None, name: str, choices: tuple[Choice, ...]) -> Choice | None:
    """The one of the choices that the child of that name names; None where there is none.

    Raises
    ------
    BrokenError
        It names another.
    """
    if element is None or element.find(name) is None:
        return None
    word = text(element, name)
    if word not in choices:
        raise BrokenError(f"<{name}> must be one of {', '.join(choices)}. Got {word!r}")
    return choices[choices.index(word)]


def integers(values: list[str], place: str) -> tuple[int, ...]:
    """The words as whole numbers.

    Raises
    ------
    BrokenError
        A word is something else; the message begins with `place`.
    """
    try:
        return tuple(int(value) for value in values)
    except ValueError:
        raise BrokenError(f"{place}: whole numbers are wanted. Got {' '.join(values)[:60]!r}") from None


def numbers(words: str, place: str, count: int) -> tuple[float, ...]:
    """The `count` finite numbers of a text.

    Raises
    ------
    BrokenError
        There are more or fewer, or other words; the message begins with `place`.

    Examples
    --------
    >>> numbers("1. -2.5e-01", "leaf", 2)
    (1.0, -0.25)
    """
    try:
        values = tuple(float(value) for value in words.split())
    except ValueError:
        raise BrokenError(f"{place}: numbers are wanted. Got {words[:60]!r}") from None
    if len(values) != count or not all(math.isfinite(value) for value in values):
        raise BrokenError(f"{place}: {count} finite numbers are wanted. Got {words[:60]!r}")
    return values


class _Builder(ElementTree.TreeBuilder):
    """Refuses a document type before any entity of it could be expanded."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:  # noqa: ARG002 (called by position)
        raise BrokenError(f"it declares the document type `{name}`, which no cascade needs")


def _bytes(path: Path) -> bytes:
    if not path.is_file():
        raise InputError(f"No cascade at {path}: there is no such file. Give the `cascade.xml` of a finished training.")
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"The cascade {path} cannot be read: {error.strerror}. Check its permissions.") from None
    if len(data) > MAX_BYTES:
        raise BrokenError(f"it is larger than {MAX_BYTES // 2**20} MiB")
    if not data.strip():
        raise BrokenError("it is empty")
    return data
