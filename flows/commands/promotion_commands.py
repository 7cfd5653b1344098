"""`facefoundry promote`, `rollback` and `history`: who is champion, and why."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from textwrap import fill
from typing import Annotated

from cyclopts import Parameter

from flows.commands.step_app import FLATTEN, step_command
from flows.commands.store_commands import store_params
from flows.commands.terminal import progress_bar
from flows.held_out import held_out
from runs.parameters import ParameterError
from tasks import promotion
from tasks.promotion_params import Decision, PromotionParams
from tasks.publish_params import RegisterParams

_LINE = "{:<18}{:<12}{:>10}{:>10}{:>10}"


def promote(
    model: str,
    *,
    data: Path = Path("data"),
    work: Path = Path("work"),
    by_hand: Annotated[bool, Parameter(negative="")] = False,
    reason: str = "",
    params: Annotated[PromotionParams, FLATTEN] = PromotionParams(),
    store: Annotated[RegisterParams | None, FLATTEN] = None,
) -> None:
    """Make a model's challenger its champion, when it is better on the same held-out data.

    Parameters
    ----------
    model
        The registered name, such as `face-cascade`. By hand also NAME/VERSION or NAME@ALIAS.
    data
        The data folder: `scenes/` in it for a cascade, `expression_scenes/` for the pair.
    work
        The work folder: `faces/` in it, as the merge writes it, for a network; its test split counts.
    by_hand
        Without a comparison: make it champion now.
    reason
        Why, for the record; by hand only.
    """
    chosen = store or store_params()
    if by_hand:
        with progress_bar("promote") as report:
            _tell(promotion.promote(model, chosen, reason=reason, report=report))
        return
    if reason:
        raise ParameterError(
            "`reason` goes with `by_hand`: a comparison gives its own. Add --by-hand, or leave it out."
        )
    if "/" in model or "@" in model:
        raise ParameterError(f"`model` must be a name: its challenger is compared. Got {model!r}. Or add --by-hand.")
    with progress_bar("promote") as report:
        _tell(promotion.decide(model, held_out(data, work), params, chosen, report=report))


promote_app = step_command(promote, "promotion", "promote")


def rollback(model: str, *, reason: str = "", store: Annotated[RegisterParams | None, FLATTEN] = None) -> None:
    """Make the champion before the present one champion again; once more goes back one more.

    Parameters
    ----------
    model
        The registered name, such as `face-cascade`.
    reason
        Why, for the record.
    """
    with progress_bar("rollback") as report:
        _tell(promotion.rollback(model, store or store_params(), reason=reason, report=report))


def history(
    model: str,
    *,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
    store: Annotated[RegisterParams | None, FLATTEN] = None,
) -> None:
    """List the decisions on a model, the newest first: promotions, refusals and rollbacks, with their figures.

    Parameters
    ----------
    model
        The registered name, such as `face-cascade`.
    as_json
        All fields, for programs.
    """
    decisions = promotion.history(model, store or store_params())
    if as_json:
        print(json.dumps([asdict(one) for one in decisions], indent=2))
    elif not decisions:
        print(f"Nothing was decided on {model} yet. `facefoundry promote {model}` does.")
    else:
        print(_LINE.format("when (UTC)", "by", "challenger", "champion", "promoted"))
        for one in decisions:
            print(_decision(one))


def _decision(one: Decision) -> str:
    """A line, and the reason indented below it: no wider than 80 characters, in a terminal and in a file."""
    who = ["-" if number is None else str(number) for number in (one.challenger, one.champion)]
    line = _LINE.format(one.when[:16].replace("T", " "), one.by, *who, "yes" if one.promoted else "no")
    indent = " " * 4
    return f"{line}\n{fill(one.reason, 80, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)}"


def _tell(decision: Decision) -> None:
    if decision.challenger is None:
        print(decision.reason)
        return
    print(f"{decision.model}: champion is version {decision.challenger if decision.promoted else decision.champion}.")
    print(decision.reason)
    if decision.warning:
        print(f"Mind: {decision.warning}")
