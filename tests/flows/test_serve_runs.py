"""What a runner leaves as it was on a server that knows the deployments already."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cascade.errors import ToolMissingError
from flows import deployments
from flows.run_server import answers
from flows.serve_runs import _POLL, _drop_missed, _keep_schedules, serve_runs
from flows.watch_runs import HEARTBEAT
from tasks.publish_models import RegisterParams

pytestmark = [pytest.mark.prefect, pytest.mark.slow]


@pytest.fixture
def client(prefect_server: str) -> Iterator[Any]:
    from prefect.client.orchestration import get_client
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with temporary_settings({PREFECT_API_URL: prefect_server}), get_client(sync_client=True) as opened:
        yield opened


@pytest.fixture
def retraining() -> Any:
    """Prefect's deployment of the retraining, as the table has it."""
    table = deployments.make("params.yaml", {}, RegisterParams())
    return next(one for one in table if one.full_name == "retrain/here")


def test_what_fell_due_while_nobody_served_is_made_good_once(client: Any, retraining: Any) -> None:
    from prefect.client.schemas.actions import DeploymentScheduleCreate
    from prefect.client.schemas.schedules import IntervalSchedule

    often = IntervalSchedule(interval=timedelta(seconds=1))
    retraining.name = "often"
    retraining.schedules = [DeploymentScheduleCreate(schedule=often, active=True, slug="often")]
    retraining.apply()
    there = client.read_deployment_by_name("retrain/often")
    deadline = time.monotonic() + 180
    while len(due(client, there)) < 4:
        assert time.monotonic() < deadline, "the server schedules nothing"
        time.sleep(0.5)
    before = due(client, there)
    _drop_missed([there])
    left = {run.id for run in due(client, there)}
    assert len(left & {run.id for run in before}) <= 1
    assert left, "the latest is kept"
    client.delete_deployment(there.id)


def test_a_schedule_that_the_server_has_stays_as_somebody_left_it(client: Any, retraining: Any) -> None:
    assert _keep_schedules([retraining]) == []
    retraining.apply()
    schedule = client.read_deployment_by_name("retrain/here").schedules[0]
    assert schedule.active is False
    client.update_deployment_schedule(schedule.deployment_id, schedule.id, active=True)
    assert [found.name for found in _keep_schedules([retraining])] == ["here"]
    retraining.apply()
    again = client.read_deployment_by_name("retrain/here").schedules
    assert [(one.id, one.active) for one in again] == [(schedule.id, True)]


def test_a_server_that_is_not_named_or_away_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    from prefect.settings import PREFECT_API_URL, temporary_settings

    for name, value in {**HEARTBEAT, **_POLL}.items():  # it sets them itself, and nobody takes them back
        monkeypatch.setenv(name, value)
    with (
        temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api"}),
        pytest.raises(ToolMissingError, match=r"127\.0\.0\.1:9/api \(PREFECT_API_URL\) does not answer\. Is it up\?"),
    ):
        serve_runs(RegisterParams(), 1)
    with (
        temporary_settings(restore_defaults={PREFECT_API_URL}),
        pytest.raises(ToolMissingError, match="No Prefect server is named"),
    ):
        serve_runs(RegisterParams(), 1)


def test_an_address_answers_or_not(prefect_server: str) -> None:
    assert answers(f"{prefect_server}/health")
    assert not answers(f"{prefect_server}/no-such-thing")
    assert not answers("http://127.0.0.1:9/")
    assert not answers("no address")


def due(client: Any, deployment: Any) -> list[Any]:
    from prefect.client.schemas.filters import FlowRunFilter

    rule = {
        "deployment_id": {"any_": [deployment.id]},
        "state": {"type": {"any_": ["SCHEDULED"]}},
        "expected_start_time": {"before_": datetime.now(UTC).isoformat()},
    }
    return list(client.read_flow_runs(flow_run_filter=FlowRunFilter.model_validate(rule)))
