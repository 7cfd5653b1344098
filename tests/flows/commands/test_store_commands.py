"""`facefoundry models`, for people and for programs, on a real store."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flows.commands.store_commands import models
from tasks import publish_mlflow
from tasks.publish_params import RegisterParams

FIGURES = {"recall": 0.5, "false_alarms_per_image": 0.25}
LONG = "a-very-long-name-of-a-model"

pytestmark = [pytest.mark.mlflow, pytest.mark.slow]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> RegisterParams:
    """A store with a champion and a challenger of one model, a champion of another, and a long name."""
    uri = f"sqlite:///{tmp_path_factory.mktemp('store')}/mlflow.db"
    tags = {"facefoundry.sha256": "ab", "facefoundry.kind": "cascade", "facefoundry.figures": json.dumps(FIGURES)}
    versions = (("a-cascade", 1, "champion"), ("a-cascade", 2, "challenger"), ("b", 1, "champion"))
    with publish_mlflow.open_store(uri) as client:
        for name, number, alias in (*versions, (LONG, 1, "challenger")):
            if number == 1:
                client.create_registered_model(name)
            client.create_model_version(name, "somewhere", tags={**tags, "git.commit": "[red]12ab"})
            client.set_registered_model_alias(name, alias, str(number))
    return RegisterParams(tracking_uri=uri)


def test_the_table_shows_who_is_champion(store: RegisterParams, capsys: pytest.CaptureFixture[str]) -> None:
    models(params=store)
    lines = capsys.readouterr().out.splitlines()
    for name, alias in (("a-cascade/1", "champion"), ("a-cascade/2", "challenger"), ("b/1", "champion")):
        (line,) = [line for line in lines if name in line]
        assert alias in line
        assert "recall 0.5" in line


def test_the_table_fits_80_characters_and_cuts_nothing(
    store: RegisterParams, capsys: pytest.CaptureFixture[str]
) -> None:
    models(params=store)
    table = capsys.readouterr().out
    assert max(len(line.rstrip()) for line in table.splitlines()) <= 80
    assert "\u2026" not in table
    assert "false alarms per image 0.25" in table
    assert f"{LONG}/1" in "".join(line.split("  ")[0].strip() for line in table.splitlines())


def test_programs_get_json(store: RegisterParams, capsys: pytest.CaptureFixture[str]) -> None:
    models(json=True, params=store)
    found = {f"{one['name']}/{one['version']}": one for one in json.loads(capsys.readouterr().out)}
    assert found["a-cascade/2"]["aliases"] == ["challenger"]
    assert found["a-cascade/2"]["figures"] == FIGURES
    assert found["b/1"]["made_from"] == {"git.commit": "[red]12ab"}


def test_no_store_is_no_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    none = RegisterParams(tracking_uri=f"sqlite:///{tmp_path}/none.db")
    models(params=none)
    assert capsys.readouterr().out.startswith(f"No model is registered in {none.tracking_uri} yet.")
    models(json=True, params=none)
    assert capsys.readouterr().out == "[]\n"
    assert list(tmp_path.iterdir()) == []
