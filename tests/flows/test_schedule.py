"""Scheduled runs are really created: one wrong version of SQLAlchemy makes them silently never appear."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
DEPLOY = """
from datetime import timedelta
from pathlib import Path
from flows.train_cnn import train_cnn
deployment = train_cnn.from_source(source=str(Path.cwd()), entrypoint="flows/train_cnn.py:train_cnn").to_deployment(
    name="every-minute", interval=timedelta(minutes=1)
)
print(deployment.apply())
"""


@pytest.mark.prefect
@pytest.mark.slow
def test_an_interval_schedule_creates_runs(prefect_server: str) -> None:
    environment = {**os.environ, "PREFECT_API_URL": prefect_server}
    applied = subprocess.run(
        [sys.executable, "-c", DEPLOY], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert applied.returncode == 0, applied.stderr
    deadline = time.monotonic() + 120
    while not (runs := scheduled_runs(prefect_server)):
        assert time.monotonic() < deadline, "no scheduled run was created in two minutes"
        time.sleep(2)
    assert all(run["auto_scheduled"] for run in runs)


def scheduled_runs(api: str) -> list[dict[str, object]]:
    body = json.dumps({"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}}).encode()
    request = urllib.request.Request(f"{api}/flow_runs/filter", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        runs: list[dict[str, object]] = json.load(answer)
    return runs
