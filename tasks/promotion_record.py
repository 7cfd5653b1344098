"""Decisions in the registry: each is an MLflow run that holds its figures, and is read back from there.

The run is begun before an alias moves and ended after it. A run that was never ended is a decision whose process was
killed: it counts when it is the newest and its version is the champion, as then the alias was moved, and not otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from runs.files import write_text
from runs.parameters import Parameters
from tasks import publish_mlflow
from tasks.promotion_params import ROLLBACK, Decision
from tasks.publish_params import RegisterParams
from tasks.publish_record import Record
from tasks.publish_versions import CHAMPION, TAG, aliases

DECISION, ON = TAG + "decision", TAG + "decision_on"
"""The run's tags that hold the decision as JSON and the model's name."""

PICTURE, _FOLDER = "decision.png", "decision"

_FIGURES = ("champion_value", "challenger_value", "difference", "low", "high", "margin")
_LONGEST_REASON = 2000

_Client = Any  # mlflow.MlflowClient


def write_decision(
    client: _Client,
    store: RegisterParams,
    decision: Decision,
    params: Parameters | None,
    draw: Callable[[Path], None] | None,
    act: Callable[[], None],
) -> Decision:
    """Record a decision and carry it out: what `act` does, it does when all is written; returns it with its run.

    `params` are what it was decided by; `draw` writes its picture. Either may be None.
    """
    decision = replace(decision, reason=decision.reason[:_LONGEST_REASON])
    word = "promoted" if decision.promoted else "refused"
    tags = {DECISION: decision.as_json(), ON: decision.model, "mlflow.note.content": decision.reason}
    name = f"{decision.model} {decision.challenger} {word} by {decision.by}"
    with publish_mlflow.open_run(client, store, name, tags) as run_id, TemporaryDirectory() as scratch:
        files = [Path(scratch) / "decision.json"]
        write_text(files[0], decision.as_json() + "\n")
        if draw is not None:
            files.append(Path(scratch) / PICTURE)
            draw(files[-1])
        told = {name: str(value) for name, value in (params.as_dict() if params else {}).items()}
        figures = {name: value for name, value in asdict(decision).items() if name in _FIGURES and value is not None}
        publish_mlflow.log_record(client, run_id, Record(told, figures, [], {}, {_FOLDER: files}))
        act()
    return replace(decision, run_id=run_id)


def read_decisions(client: _Client, name: str) -> list[Decision]:
    """What was decided on a model, and took effect; the newest first."""
    champion = aliases(client, name).get(CHAMPION)
    found = [(run, decision) for run in _runs(client, name) if (decision := _decision(run)) is not None]
    return [
        decision
        for number, (run, decision) in enumerate(found)
        if run.info.status == "FINISHED" or (number == 0 and _moved(decision, champion))
    ]


def settle(client: _Client, name: str) -> None:
    """End the runs of decisions whose processes were killed, as what they came to; under the claim alone."""
    champion = aliases(client, name).get(CHAMPION)
    for number, run in enumerate(_runs(client, name)):
        if run.info.status != "FINISHED":
            decision = _decision(run)
            moved = number == 0 and decision is not None and _moved(decision, champion)
            if moved or run.info.status == "RUNNING":
                client.set_terminated(run.info.run_id, "FINISHED" if moved else "KILLED")


def fetch_picture(decision: Decision, store: RegisterParams, folder: Path) -> Path:
    """Fetch the picture of a decision that was measured.

    Raises
    ------
    PublishError
        The store does not have it.
    """
    with publish_mlflow.open_store(store.tracking_uri):
        publish_mlflow.fetch(f"runs:/{decision.run_id}/{_FOLDER}", PICTURE, folder / PICTURE)
    return folder / PICTURE


def champions_before(decisions: Sequence[Decision], champion: int | None) -> list[int]:
    """The versions that were champion before the present one, the latest first; `decisions` as `read_decisions` gives.

    A rollback takes the version that it left out of the line, so that the next one goes further back.

    >>> first = Decision("m", challenger=2, champion=1, promoted=True, reason="")
    >>> second = Decision("m", challenger=3, champion=2, promoted=True, reason="")
    >>> back = Decision("m", challenger=2, champion=3, promoted=True, reason="", by="rollback")
    >>> champions_before([second, first], 3), champions_before([back, second, first], 2)
    ([2, 1], [1])
    """
    line: list[int] = []
    for one in reversed([each for each in decisions if each.promoted and each.challenger is not None]):
        assert one.challenger is not None
        if one.champion is not None and line[-1:] != [one.champion]:
            line.append(one.champion)
        if one.by == ROLLBACK and one.challenger in line:
            line = line[: len(line) - line[::-1].index(one.challenger)]
        else:
            line.append(one.challenger)
    return list(dict.fromkeys(number for number in reversed(line) if number != champion))


def _moved(decision: Decision, champion: int | None) -> bool:
    return decision.promoted and decision.challenger == champion


def _decision(run: Any) -> Decision | None:
    """The decision in a run's tags; None where somebody else wrote them."""
    try:
        return replace(Decision.from_json(run.data.tags[DECISION]), run_id=run.info.run_id)
    except (KeyError, ValueError, TypeError):
        return None


def _runs(client: _Client, name: str) -> Iterator[Any]:
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    wanted, order, token = f"tags.`{ON}` = '{name}'", ["attributes.start_time DESC"], None
    while experiments:
        page = client.search_runs(experiments, wanted, order_by=order, page_token=token)
        yield from page
        token = page.token
        if not token:
            return
