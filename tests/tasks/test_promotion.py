"""Champion and challenger in a real store, with cascades that see and cascades that do not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tasks import publish_mlflow
from tasks.promotion import Decision, HeldOut, PromotionParams, decide, history, promote, rollback
from tasks.promotion_params import COMPARISON
from tasks.publish_models import PublishError, RegisterParams

pytestmark = [pytest.mark.mlflow, pytest.mark.slow]

BLIND, HALF, SEES, SEES_TOO = 1, 2, 3, 4
"""The versions that every test begins with: the first is champion, the last challenger."""

NAME = "face-cascade"


@pytest.fixture
def client(registered: RegisterParams) -> Any:
    with publish_mlflow.open_store(registered.tracking_uri) as opened:
        return opened


@pytest.fixture
def held_out(two_squares: Path) -> HeldOut:
    return HeldOut(scenes=two_squares)


@pytest.fixture
def standing(client: Any) -> Callable[..., None]:
    """Gives aliases: ``standing(champion=1, challenger=3)``."""

    def give(**wanted: int) -> None:
        for alias in aliases(client):
            client.delete_registered_model_alias(NAME, alias)
        for alias, version in wanted.items():
            client.set_registered_model_alias(NAME, alias, str(version))

    return give


@pytest.fixture
def damaged(client: Any) -> Iterator[Callable[[int], None]]:
    """Damages the file of a version, until the test ends."""
    kept: dict[Path, bytes] = {}

    def damage(version: int) -> None:
        files = client.get_model_version_download_uri(NAME, str(version))
        path = Path(files.removeprefix("file://")) / "artifacts" / "cascade.xml"
        kept[path] = path.read_bytes()
        path.write_bytes(kept[path][:-1])

    yield damage
    for path, content in kept.items():
        path.write_bytes(content)


def aliases(client: Any) -> dict[str, int]:
    return {name: int(version) for name, version in client.get_registered_model(NAME).aliases.items()}


def versions(client: Any) -> set[int]:
    return {int(version.version) for version in client.search_model_versions(f"name='{NAME}'")}


def test_a_better_challenger_is_promoted_and_all_is_told(
    registered: RegisterParams, client: Any, held_out: HeldOut, standing: Callable[..., None], tmp_path: Path
) -> None:
    standing(champion=BLIND, challenger=SEES)
    decision = decide(NAME, held_out, PromotionParams(), registered)
    assert aliases(client) == {"champion": SEES, "previous": BLIND}
    assert (decision.challenger, decision.champion, decision.promoted, decision.by) == (SEES, BLIND, True, COMPARISON)
    assert (decision.figure, decision.champion_value, decision.challenger_value) == ("recall", 0.0, 1.0)
    assert (decision.difference, decision.low, decision.margin) == (1.0, 1.0, 0.01)
    assert decision.held_out == f"24 objects in 12 scenes of {held_out.scenes}"
    assert history(NAME, registered) == [decision]
    run = client.get_run(decision.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.metrics["difference"] == 1.0
    assert run.data.params["draws"] == "2000"
    assert run.data.tags["mlflow.note.content"] == decision.reason
    for name in ("decision.json", "decision.png"):
        publish_mlflow.fetch(f"{run.info.artifact_uri}/decision", name, tmp_path / name)
    kept = json.loads((tmp_path / "decision.json").read_text())
    assert kept == {**json.loads(decision.as_json()), "run_id": ""}
    assert (tmp_path / "decision.png").read_bytes().startswith(b"\x89PNG")


def test_one_that_is_no_better_is_refused_and_that_is_told_too(
    registered: RegisterParams, client: Any, held_out: HeldOut, standing: Callable[..., None]
) -> None:
    standing(champion=SEES, challenger=SEES_TOO)
    decision = decide(NAME, held_out, PromotionParams(), registered)
    assert not decision.promoted
    assert decision.difference == 0.0
    assert "Refused: it is less than the margin of 0.01." in decision.reason
    assert aliases(client) == {"champion": SEES, "challenger": SEES_TOO}
    assert history(NAME, registered) == [decision]


def test_without_a_challenger_nothing_is_decided(
    registered: RegisterParams, client: Any, held_out: HeldOut, standing: Callable[..., None]
) -> None:
    for given in ({"champion": SEES}, {"champion": SEES, "challenger": SEES}):
        standing(**given)
        decision = decide(NAME, held_out, PromotionParams(), registered)
        assert (decision.challenger, decision.champion, decision.promoted) == (None, SEES, False)
        assert aliases(client) == {"champion": SEES}
    assert history(NAME, registered) == []


@pytest.mark.parametrize("challenger", [HALF, BLIND])
def test_a_damaged_champion_counts_as_one_that_knows_nothing(
    registered: RegisterParams,
    client: Any,
    held_out: HeldOut,
    standing: Callable[..., None],
    damaged: Callable[[int], None],
    challenger: int,
) -> None:
    standing(champion=SEES, challenger=challenger)
    damaged(SEES)
    decision = decide(NAME, held_out, PromotionParams(), registered)
    assert decision.promoted is (challenger == HALF)
    assert aliases(client)["champion"] == (HALF if decision.promoted else SEES)
    assert decision.reason.startswith(
        "The champion cannot be measured: artifacts/cascade.xml of face-cascade version 3"
    )
    assert "a model that knows nothing 0.0000" in decision.reason
    assert decision.champion_value is decision.difference is decision.low is None
    assert decision.challenger_value == (0.5 if challenger == HALF else 0.0)


def test_a_champion_that_was_deleted_counts_so_too(
    registered: RegisterParams, client: Any, held_out: HeldOut, standing: Callable[..., None]
) -> None:
    standing(champion=HALF, challenger=SEES)
    client.delete_model_version(NAME, str(HALF))
    decision = decide(NAME, held_out, PromotionParams(), registered)
    assert decision.promoted
    assert decision.reason.startswith("The champion cannot be measured: there is none.")
    assert aliases(client) == {"champion": SEES}


def test_a_damaged_challenger_is_refused(
    registered: RegisterParams,
    client: Any,
    held_out: HeldOut,
    standing: Callable[..., None],
    damaged: Callable[[int], None],
) -> None:
    standing(champion=BLIND, challenger=SEES)
    damaged(SEES)
    decision = decide(NAME, held_out, PromotionParams(), registered)
    assert not decision.promoted
    assert decision.reason.startswith("The challenger cannot be used: artifacts/cascade.xml of face-cascade version 3")
    assert aliases(client) == {"champion": BLIND, "challenger": SEES}
    assert history(NAME, registered) == [decision]


def test_by_hand_rollback_and_what_is_told_of_them(
    registered: RegisterParams, client: Any, standing: Callable[..., None]
) -> None:
    standing(champion=BLIND, challenger=SEES_TOO)
    by_hand = [promote(f"{NAME}/{version}", registered, reason=f"try {version}") for version in (HALF, SEES)]
    assert [(one.challenger, one.champion, one.reason) for one in by_hand] == [(2, 1, "try 2"), (3, 2, "try 3")]
    by_hand.append(promote(NAME, registered))
    assert aliases(client) == {"champion": SEES_TOO, "previous": SEES}
    back = rollback(NAME, registered, reason="it sees ghosts")
    assert (back.challenger, back.champion, back.by, back.reason) == (SEES, SEES_TOO, "rollback", "it sees ghosts")
    assert aliases(client) == {"champion": SEES, "previous": HALF}
    further = [rollback(NAME, registered), rollback(NAME, registered)]
    assert aliases(client) == {"champion": BLIND}
    with pytest.raises(PublishError, match=r"no earlier champion to go back to\. Its history names none"):
        rollback(NAME, registered)
    assert history(NAME, registered) == [*reversed(further), back, *reversed(by_hand)]
    with pytest.raises(PublishError, match="version 1 is champion already"):
        promote(f"{NAME}/1", registered)
    assert versions(client) == {1, 2, 3, 4}


def test_rollback_passes_over_what_is_deleted_or_damaged(
    registered: RegisterParams, client: Any, standing: Callable[..., None], damaged: Callable[[int], None]
) -> None:
    standing(champion=BLIND)
    for version in (HALF, SEES, SEES_TOO):
        promote(f"{NAME}/{version}", registered)
    client.delete_model_version(NAME, str(SEES))
    damaged(HALF)
    back = rollback(NAME, registered)
    assert back.challenger == BLIND
    assert "Version 3 was passed over: No whole version is registered" in back.reason
    assert "Version 2 was passed over: artifacts/cascade.xml of face-cascade version 2 is damaged" in back.reason
    assert aliases(client) == {"champion": BLIND}


def test_a_damaged_version_is_not_promoted_by_hand(
    registered: RegisterParams, client: Any, standing: Callable[..., None], damaged: Callable[[int], None]
) -> None:
    standing(champion=BLIND)
    damaged(SEES)
    with pytest.raises(PublishError, match=r"version 3 is not made champion: .* is damaged"):
        promote(f"{NAME}/3", registered)
    assert aliases(client) == {"champion": BLIND}


def test_what_was_rolled_back_is_not_nominated_by_being_registered_again(
    registered: RegisterParams, client: Any, standing: Callable[..., None], register_again: Callable[[int], Any]
) -> None:
    standing(champion=SEES)
    promote(f"{NAME}/{SEES_TOO}", registered)
    rollback(NAME, registered)
    assert register_again(SEES_TOO).alias == ""
    assert aliases(client) == {"champion": SEES}
    promote(f"{NAME}/{SEES_TOO}", registered)
    standing(champion=SEES)
    assert register_again(SEES_TOO).alias == "challenger"


def test_a_change_while_models_are_measured_stops_the_decision(
    registered: RegisterParams, client: Any, held_out: HeldOut, standing: Callable[..., None]
) -> None:
    standing(champion=BLIND, challenger=SEES)

    def meanwhile(progress: Any) -> None:
        if progress.message.startswith("recording") and "champion" in aliases(client):
            client.set_registered_model_alias(NAME, "champion", str(HALF))

    with pytest.raises(
        PublishError, match=r"champion of face-cascade changed meanwhile, from version 1 to 2\. Nothing"
    ):
        decide(NAME, held_out, PromotionParams(), registered, report=meanwhile)
    assert aliases(client) == {"champion": HALF, "challenger": SEES}
    assert history(NAME, registered) == []


def test_data_that_are_not_there_are_the_callers_fault_not_the_champions(
    registered: RegisterParams, client: Any, standing: Callable[..., None], tmp_path: Path
) -> None:
    standing(champion=BLIND, challenger=SEES)
    with pytest.raises(PublishError, match="face-cascade is measured on `scenes`, and none were given"):
        decide(NAME, HeldOut(), PromotionParams(), registered)
    with pytest.raises(Exception, match="absent"):
        decide(NAME, HeldOut(scenes=tmp_path / "absent"), PromotionParams(), registered)
    assert aliases(client) == {"champion": BLIND, "challenger": SEES}


def test_a_model_or_store_that_is_not_there(registered: RegisterParams, held_out: HeldOut, tmp_path: Path) -> None:
    with pytest.raises(PublishError, match="No whole version is registered as 'other'"):
        decide("other", held_out, PromotionParams(), registered)
    absent = RegisterParams(tracking_uri=f"sqlite:///{tmp_path}/absent.db")
    with pytest.raises(PublishError, match=r"absent\.db does not exist: no model is registered there"):
        decide(NAME, held_out, PromotionParams(), absent)
    assert history(NAME, absent) == history("other", registered) == []
    assert not (tmp_path / "absent.db").exists()


def test_runs_that_somebody_else_tagged_are_no_decisions(registered: RegisterParams, client: Any) -> None:
    experiment = client.get_experiment_by_name("facefoundry").experiment_id
    for text in ("no json", "[]", '{"model": "face-cascade"}', Decision(NAME, 2, 1, True, "mine").as_json()):
        tags = {"facefoundry.decision_on": NAME, "facefoundry.decision": text}
        client.set_terminated(client.create_run(experiment, tags=tags).info.run_id)
    assert [one.reason for one in history(NAME, registered)] == ["mine"]
