"""Addresses of stores: which are taken, where their files go, what of them is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from runs.parameters import ParameterError
from tasks.publish_params import RegisterParams, absolute, artifact_root, hide_password


@pytest.mark.parametrize(
    "uri",
    [
        "sqlite:///a/b.db",
        "sqlite:////a/b.db",
        "http://127.0.0.1:5000",
        "https://host",
        "postgresql+psycopg2://u:p@h/db",
    ],
)
def test_stores_that_are_taken(uri: str) -> None:
    assert RegisterParams(tracking_uri=uri).tracking_uri == uri


@pytest.mark.parametrize(
    "uri", ["", "./mlruns", "file:///mlruns", "sqlite://", "sqlite:///", "sqlite:///:memory:", "http://"]
)
def test_folders_and_stores_in_memory_are_refused(uri: str) -> None:
    with pytest.raises(ParameterError, match=r"`tracking_uri` must be sqlite:///FILE\.db, http\(s\)://SERVER"):
        RegisterParams(tracking_uri=uri)


@pytest.mark.parametrize("name", ["", "it's", "a/b", "a@champion", "a:b"])
def test_names_that_the_registry_could_not_find_again_are_refused(name: str) -> None:
    with pytest.raises(ParameterError, match=r"`model_name` must be letters, digits, spaces"):
        RegisterParams(model_name=name)


def test_files_go_beside_a_store_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    params = RegisterParams(tracking_uri="sqlite:///work/a.db")
    assert absolute(params.tracking_uri) == f"sqlite:///{tmp_path}/work/a.db"
    assert artifact_root(params) == (tmp_path / "work" / "artifacts").as_uri()
    chosen = RegisterParams(tracking_uri="sqlite:///work/a.db", artifact_location=Path("else where"))
    assert artifact_root(chosen) == (tmp_path / "else where").as_uri()


def test_a_server_chooses_where_files_go() -> None:
    params = RegisterParams(tracking_uri="http://localhost:5000")
    assert artifact_root(params) is None
    assert absolute(params.tracking_uri) == params.tracking_uri


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("mysql+pymysql://me:a:b@host:3306/db", "mysql+pymysql://me:***@host:3306/db"),
        ("http://host:5000", "http://host:5000"),
        ("sqlite:////a/b.db", "sqlite:////a/b.db"),
    ],
)
def test_passwords_are_hidden(address: str, shown: str) -> None:
    assert hide_password(address) == shown
