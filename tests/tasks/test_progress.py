"""A step's progress on a real Prefect server: the share done, and the table as it grows, but not at every report."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest
from prefect import flow
from prefect.settings import PREFECT_API_URL, temporary_settings

from runs.progress import Progress
from tasks.progress import run_report

ROWS = tuple({"epoch": number, "loss": 1 / number, "note": None} for number in range(1, 6))


@flow
def tell() -> None:
    report = run_report("some_step")
    report(Progress("begins", 0, 5, table=ROWS[:1]))
    for done in range(1, 5):
        report(Progress("works", done, 5, table=ROWS[:done]))
    report(Progress("ends", 5, 5, table=ROWS))


@pytest.mark.prefect
@pytest.mark.slow
def test_a_table_and_a_share(prefect_server: str) -> None:
    with temporary_settings({PREFECT_API_URL: prefect_server}):
        tell()
    (share,) = artifacts(prefect_server, "progress-some-step")
    assert (share["data"], share["description"]) == (100.0, "ends")
    tables = artifacts(prefect_server, "table-some-step")
    assert sorted(len(json.loads(table["data"])) for table in tables) == [1, 5]
    assert json.loads(max(tables, key=lambda table: table["created"])["data"]) == [
        {**row, "loss": round(1 / row["epoch"], 4)} for row in ROWS
    ]


def artifacts(api: str, key: str) -> list[dict[str, Any]]:
    body = json.dumps({"artifacts": {"key": {"any_": [key]}}}).encode()
    request = urllib.request.Request(f"{api}/artifacts/filter", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        found: list[dict[str, Any]] = json.load(answer)
    return found
