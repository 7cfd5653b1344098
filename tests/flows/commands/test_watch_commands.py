"""What `facefoundry watch-drift` and `notify` refuse before they do anything."""

from __future__ import annotations

from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.commands.watch_commands import notify, watch_drift
from flows.watch_drift import watch_drift as watch_drift_flow
from runs.parameters import ParameterError
from tasks.notify import ADDRESS


def test_pictures_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="`pictures` must be there"):
        watch_drift("cascade", tmp_path / "none")


def test_notify_needs_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    with temporary_settings(restore_defaults={PREFECT_API_URL}), pytest.raises(ParameterError, match="Set PREFECT_API"):
        notify()


def test_notify_needs_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ADDRESS, raising=False)
    with (
        temporary_settings({PREFECT_API_URL: "http://127.0.0.1:1/api"}),
        pytest.raises(ParameterError, match=f"{ADDRESS} must hold the webhook's address"),
    ):
        notify()


@pytest.mark.prefect
@pytest.mark.slow
def test_a_night_without_new_pictures_decides_nothing(prefect_server: str, tmp_path: Path) -> None:
    with temporary_settings({PREFECT_API_URL: prefect_server}):
        state = watch_drift_flow("cascade", tmp_path / "none", out=tmp_path / "out", return_state=True)
    assert state.is_completed()
    assert "There are no new pictures at" in (state.message or "")
    assert not (tmp_path / "out").exists()
