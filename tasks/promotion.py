"""Champion and challenger: decide between them on the same held-out data, promote by hand, roll back, and tell.

A promotion moves aliases and nothing else: `champion` goes to the version that won, `previous` to the one that was
champion, and `challenger` is taken away. Every decision, a refusal too, is an MLflow run with its figures. Aliases move
under a claim on the store (`promotion_claim`), after they were read again; models are measured outside of it, as that
takes minutes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from runs.progress import Progress, Report, silent
from tasks import publish_mlflow
from tasks.promotion_claim import claim
from tasks.promotion_compare import Verdict, compare, damage
from tasks.promotion_params import COMPARISON, HAND, ROLLBACK, Decision, HeldOut, PromotionParams
from tasks.promotion_picture import draw_decision
from tasks.promotion_record import champions_before, read_decisions, settle, write_decision
from tasks.publish_params import RegisterParams, database
from tasks.publish_record import PublishError
from tasks.publish_versions import (
    CHALLENGER,
    CHAMPION,
    PREVIOUS,
    ROLLED_BACK,
    aliases,
    find,
    whole_versions,
)

__all__ = ["Decision", "HeldOut", "PromotionParams", "decide", "history", "promote", "rollback"]

_NO_REASON = "By hand, without a reason given."

_Client = Any  # mlflow.MlflowClient


def decide(
    model: str,
    held_out: HeldOut,
    params: PromotionParams = PromotionParams(),
    store: RegisterParams = RegisterParams(),
    *,
    report: Report = silent,
) -> Decision:
    """Compare a model's challenger with its champion on the same held-out data; the better one is champion then.

    The challenger is better when its figure is higher by at least `params.margin`, and the interval of the difference
    is above 0. A champion that is not there, is damaged or cannot be loaded is taken for a model that knows nothing;
    a challenger that cannot be loaded is refused. Where there is no challenger nothing is decided, and nothing
    recorded: the answer's `challenger` is None.

    Parameters
    ----------
    model
        The registered name.
    held_out
        What its kind needs, see `HeldOut`.

    Raises
    ------
    PublishError
        There is no such model, its data were not given, the registry refused, or another promotion came between.
    CascadeError, CnnError
        The held-out data cannot be read.
    """
    with _open(store) as client:
        before = _standing(client, model)
        there = {int(version.version): version for version in whole_versions(client, model)}
        challenger, champion = there.get(before.challenger or 0), there.get(before.champion or 0)
    if challenger is None or challenger is champion:
        return _nothing(model, before, store)
    with TemporaryDirectory() as scratch:
        verdict = compare(challenger, champion, before.champion, held_out, params, store, Path(scratch), report)
    decision = _decision(model, int(challenger.version), before.champion, COMPARISON, verdict)
    return _carry_out(decision, before, store, verdict, before.champion, params=params, report=report)


def promote(
    model: str, store: RegisterParams = RegisterParams(), *, reason: str = "", report: Report = silent
) -> Decision:
    """Make a version champion by hand, without a comparison.

    Parameters
    ----------
    model
        ``NAME`` (its challenger), ``NAME@ALIAS`` or ``NAME/VERSION``.
    reason
        Why, for the record.

    Raises
    ------
    PublishError
        There is no such version, it is champion already, or its file is damaged.
    """
    with _open(store) as client:
        version = find(client, model if "@" in model or "/" in model else f"{model}@{CHALLENGER}")
        before = _standing(client, version.name)
    number = int(version.version)
    if number == before.champion:
        raise PublishError(f"{version.name} version {number} is champion already. `facefoundry history` tells why.")
    if wrong := _damage(version.name, number, store):
        raise PublishError(f"{version.name} version {number} is not made champion: {wrong}")
    verdict = Verdict(True, reason or _NO_REASON)
    decision = _decision(version.name, number, before.champion, HAND, verdict)
    return _carry_out(decision, before, store, verdict, before.champion, report=report)


def rollback(
    name: str, store: RegisterParams = RegisterParams(), *, reason: str = "", report: Report = silent
) -> Decision:
    """Make the champion before the present one champion again; once more goes back one more.

    The version that is left does not become challenger again by being registered again. Champions of old that were
    deleted or are damaged are passed over, and the reason says so.

    Raises
    ------
    PublishError
        There is no such model, or no earlier champion that is whole.
    """
    with _open(store) as client:
        before = _standing(client, name)
        earlier = champions_before(read_decisions(client, name), before.champion)
    if not earlier and before.previous not in (None, before.champion):
        earlier = [before.previous]  # its history was deleted
    passed: list[str] = []
    for place, number in enumerate(earlier):
        wrong = _damage(name, number, store)
        if not wrong:
            verdict = Verdict(True, " ".join([reason or _NO_REASON, *passed]))
            decision = _decision(name, number, before.champion, ROLLBACK, verdict)
            following = next(iter(earlier[place + 1 :]), None)
            return _carry_out(decision, before, store, verdict, following, report=report)
        passed.append(f"Version {number} was passed over: {wrong}")
    told = " ".join(passed) or "Its history names none."
    raise PublishError(f"{name} has no earlier champion to go back to. {told}")


def history(name: str, store: RegisterParams = RegisterParams()) -> list[Decision]:
    """All decisions on a model that took effect, refusals too; the newest first.

    A store in a file that does not exist yet holds none, and is not made.
    """
    path = database(store.tracking_uri)
    if path is not None and not path.exists():
        return []
    with publish_mlflow.open_store(store.tracking_uri) as client:
        return read_decisions(client, name)


@dataclass(frozen=True)
class _Standing:
    """Who is what, by the versions' numbers; None where an alias is not given."""

    champion: int | None
    challenger: int | None
    previous: int | None


def _standing(client: _Client, name: str) -> _Standing:
    if not whole_versions(client, name):
        find(client, name)  # says what there is
    given = aliases(client, name)
    return _Standing(given.get(CHAMPION), given.get(CHALLENGER), given.get(PREVIOUS))


@contextmanager
def _open(store: RegisterParams) -> Iterator[_Client]:
    path = database(store.tracking_uri)
    if path is not None and not path.exists():
        raise PublishError(f"{path} does not exist: no model is registered there. Name the store that holds them.")
    with publish_mlflow.open_store(store.tracking_uri) as client:
        yield client


def _nothing(model: str, before: _Standing, store: RegisterParams) -> Decision:
    """The answer where no version wants to be champion; the alias that a killed promotion left is taken away."""
    with claim(store.tracking_uri), _open(store) as client:
        _tidy(client, model)
    return Decision(model, None, before.champion, False, "There is no challenger: nothing was decided.", when=_now())


def _decision(model: str, challenger: int, champion: int | None, by: str, verdict: Verdict) -> Decision:
    told = verdict.figures
    return Decision(model, challenger, champion, verdict.promoted, verdict.reason, when=_now(), by=by, **told)


def _carry_out(
    decision: Decision,
    before: _Standing,
    store: RegisterParams,
    verdict: Verdict,
    previous: int | None,
    *,
    params: PromotionParams | None = None,
    report: Report,
) -> Decision:
    """Record a decision and move the aliases, when the champion still is who it was before."""
    name = decision.model
    report(Progress(f"recording the decision on {name} version {decision.challenger}", 0, 1))
    with claim(store.tracking_uri), _open(store) as client:
        _tidy(client, name)
        now = _standing(client, name).champion
        if now != before.champion:
            raise PublishError(
                f"The champion of {name} changed meanwhile, from version {before.champion} to {now}. Nothing was "
                "moved; decide again."
            )
        compared, move = verdict.compared, partial(_move, client, decision, previous)
        draw = None if compared is None else partial(draw_decision, decision=decision, compared=compared)
        recorded = write_decision(client, store, decision, params, draw, move)
    report(Progress(f"{name}: {recorded.reason}", 1, 1))
    return recorded


def _tidy(client: _Client, name: str) -> None:
    """End what a killed promotion left; under the claim alone."""
    settle(client, name)
    given = aliases(client, name)
    if CHALLENGER in given and given[CHALLENGER] == given.get(CHAMPION):
        client.delete_registered_model_alias(name, CHALLENGER)


def _move(client: _Client, decision: Decision, previous: int | None) -> None:
    """Move the aliases of a promotion; a kill between any two calls leaves one champion and every version."""
    if not decision.promoted:
        return
    name, version = decision.model, str(decision.challenger)
    there = {int(each.version): each.tags for each in whole_versions(client, name)}
    if ROLLED_BACK in there.get(int(version), {}):
        client.delete_model_version_tag(name, version, ROLLED_BACK)
    if decision.by == ROLLBACK and decision.champion in there:
        client.set_model_version_tag(name, str(decision.champion), ROLLED_BACK, decision.when)
    if previous in there:
        client.set_registered_model_alias(name, PREVIOUS, str(previous))
    elif PREVIOUS in aliases(client, name):
        client.delete_registered_model_alias(name, PREVIOUS)
    client.set_registered_model_alias(name, CHAMPION, version)
    if aliases(client, name).get(CHALLENGER) == decision.challenger:
        client.delete_registered_model_alias(name, CHALLENGER)


def _damage(name: str, number: int, store: RegisterParams) -> str:
    with TemporaryDirectory() as scratch:
        return damage(name, number, store, Path(scratch) / "model")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
