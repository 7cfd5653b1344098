"""`facefoundry cnn models`: the networks that can be trained, and what is known of them."""

from __future__ import annotations

import json
from dataclasses import asdict
from textwrap import fill
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

if TYPE_CHECKING:
    from cnn.models import Architecture

_NAME = 16


def models(*, as_json: Annotated[bool, Parameter(name="--json", negative="")] = False) -> None:
    """List the networks that `cnn train --model` knows: size, arithmetic, accuracy measured here, and source.

    Parameters and floating-point operations (two for a multiply-add, for one face) are those at 48x48 pixels and
    five classes. The learning rate is what `cnn train` takes unless it is told another.

    Parameters
    ----------
    as_json
        Print the same as JSON, with the dropout, and with the command and the date of what was measured.
    """
    from cnn.models import architecture, names

    known = [architecture(name) for name in names()]
    if as_json:
        print(json.dumps([_described(one) for one in known], indent=2, ensure_ascii=False))
        return
    print(f"{'model':<{_NAME}}{'parameters':>10}{'MFLOP':>8}{'rate':>8}  measured here")
    for one in known:
        print(_row(one))
    for one in known:
        print(f"\n{_source(one)}")


def _described(one: Architecture) -> dict[str, Any]:
    facts = {name: getattr(one, name) for name in ("name", "summary", "paper", "published", "parameters", "flops")}
    return facts | one.suggestions() | {"measured": asdict(one.measured) if one.measured else None}


def _row(one: Architecture) -> str:
    found = one.measured
    measured = f"{found.accuracy:.3f} on {found.data}, {found.epochs} epochs" if found else "not yet"
    return f"{one.name:<{_NAME}}{one.parameters:>10,}{one.flops / 1e6:>8.1f}{one.learning_rate:>8g}  {measured}"


def _source(one: Architecture) -> str:
    published = f" Published: {one.published}." if one.published else ""
    text = f"{one.name:<{_NAME}}{one.summary}. {one.paper}.{published}"
    return fill(text, 79, subsequent_indent=" " * _NAME, break_on_hyphens=False)
