"""What is refused before any work begins: a folder in use, and a password where everybody could read it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from flows.train_cascade import train_cascade
from flows.train_cnn import train_cnn
from runs.lock import RunLock
from runs.parameters import ParameterError
from runs.record import RunMismatchError
from tasks.publish_params import RegisterParams, refuse_password


@pytest.mark.parametrize(("flow", "line"), [(train_cascade, "cascade_line"), (train_cnn, "cnn_line")])
def test_a_folder_that_a_run_of_the_line_uses_is_refused_by_the_name_of_its_process(
    flow: Any, line: str, tmp_path: Path
) -> None:
    held = tmp_path / "out" / f".{line}"
    held.mkdir(parents=True)
    with RunLock(held), pytest.raises(RunMismatchError, match=rf"process {os.getpid()} is running in it"):
        flow.fn(data=tmp_path / "data", out=tmp_path / "out")
    assert os.listdir(tmp_path / "out") == [held.name]


ADDRESSES = [
    ("postgresql://me:hush@db/mlflow", True),
    ("mysql+pymysql://me:a:b@host:3306/db", True),
    ("https://me:hush@host:5000", True),
    ("https://host:5000", False),
    ("postgresql://me@db:5432/mlflow", False),
    ("sqlite:////a/b:c@d.db", False),
]


@pytest.mark.parametrize(("address", "has_password"), ADDRESSES)
def test_prefects_form_takes_no_password(address: str, has_password: bool) -> None:
    pattern = TypeAdapter(RegisterParams).json_schema()["properties"]["tracking_uri"]["pattern"]
    assert (re.search(pattern, address) is None) == has_password


@pytest.mark.parametrize("address", [address for address, has_password in ADDRESSES if has_password])
def test_a_flow_takes_no_password_and_does_not_repeat_it(address: str) -> None:
    with pytest.raises(ParameterError, match=r"must not hold a password.*PGPASSWORD") as refused:
        refuse_password(RegisterParams(tracking_uri=address))
    assert not {"hush", "a:b"} & set(re.split(r"[/@]|//me:", str(refused.value)))


@pytest.mark.parametrize("address", [address for address, has_password in ADDRESSES if not has_password])
def test_a_flow_takes_other_addresses(address: str) -> None:
    refuse_password(RegisterParams(tracking_uri=address))
