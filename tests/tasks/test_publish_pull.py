"""Models listed, and pulled from a real store."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tasks.publish_models import PublishError, RegisterParams, list_registered, pull, register_cascade

pytestmark = pytest.mark.mlflow


def test_pull_writes_the_file_and_what_is_known_of_it(
    cascade: Path, run: Path, score: Path, params: RegisterParams, tmp_path: Path
) -> None:
    register_cascade(cascade, run, score, params)
    for model in ("face-cascade", "face-cascade@champion", "face-cascade/1"):
        pulled = pull(model, tmp_path / "pulled", params)
        assert pulled.file.read_bytes() == cascade.read_bytes()
    card = json.loads((tmp_path / "pulled" / "MODEL.json").read_text())
    assert card["files"] == {"cascade.xml": {"sha256": pulled.sha256}}
    assert card["operating_point"] == {"scale_factor": 1.2, "min_neighbors": 2, "min_size": 24, "max_size": 0}
    assert (card["name"], card["version"], card["aliases"]) == ("face-cascade", 1, ["champion"])


def test_pull_never_replaces_somebodys_files(params: RegisterParams, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years")
    with pytest.raises(PublishError, match="mine holds files that no pull wrote"):
        pull("face-cascade", tmp_path / "mine", params)


def test_pull_of_what_is_not_there_says_what_is(
    cascade: Path, run: Path, score: Path, params: RegisterParams, tmp_path: Path
) -> None:
    with pytest.raises(PublishError, match=r"'face-cascade'\. There are: no models at all"):
        pull("face-cascade", tmp_path / "pulled", params)
    register_cascade(cascade, run, score, params)
    for model in ("face-cascade@challenger", "face-cascade/2", "face-cascade/x", "other", "other/1"):
        with pytest.raises(PublishError, match=rf"No whole version is registered as '{model}'\. There.*face-cascade"):
            pull(model, tmp_path / "pulled", params)
    assert not (tmp_path / "pulled").exists()


def test_pull_of_a_damaged_or_lost_file_leaves_what_was_pulled(
    cascade: Path, run: Path, score: Path, params: RegisterParams, tmp_path: Path
) -> None:
    register_cascade(cascade, run, score, params)
    before = pull("face-cascade", tmp_path / "pulled", params).file.read_bytes()
    (stored,) = (tmp_path / "a store").rglob("artifacts/artifacts/cascade.xml")
    stored.write_bytes(before[:-1])
    with pytest.raises(PublishError, match=r"artifacts/cascade\.xml of face-cascade version 1 is damaged"):
        pull("face-cascade", tmp_path / "pulled", params)
    stored.unlink()
    with pytest.raises(PublishError, match=r"artifacts/cascade\.xml cannot be read from the store"):
        pull("face-cascade", tmp_path / "pulled", params)
    assert (tmp_path / "pulled" / "cascade.xml").read_bytes() == before


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        ("kind", "../../evil"),
        ("file", "../../../outside.xml"),
        ("file", "artifacts/../../../outside.xml"),
        ("file", "/etc/hostname"),
        ("file", "%2e%2e/%2e%2e/outside.xml"),
        ("file", ""),
    ],
)
def test_pull_reads_and_writes_only_where_this_program_says(
    cascade: Path, run: Path, score: Path, params: RegisterParams, client: Any, tmp_path: Path, tag: str, value: str
) -> None:
    register_cascade(cascade, run, score, params)
    client.set_model_version_tag("face-cascade", "1", f"facefoundry.{tag}", value)
    with pytest.raises(PublishError, match=r"The tags of face-cascade version 1 were not written by this program"):
        pull("face-cascade", tmp_path / "pulled", params)
    assert not (tmp_path / "pulled").exists()


def test_the_pulled_files_name_is_our_own_whatever_the_store_says(
    cascade: Path, run: Path, score: Path, params: RegisterParams, client: Any, tmp_path: Path
) -> None:
    register_cascade(cascade, run, score, params)
    client.set_model_version_tag("face-cascade", "1", "facefoundry.pulled_as", "../evil")
    assert pull("face-cascade", tmp_path / "pulled", params).file == tmp_path / "pulled" / "cascade.xml"
    assert sorted(path.name for path in (tmp_path / "pulled").iterdir()) == ["MODEL.json", "cascade.xml"]
    assert not (tmp_path / "evil").exists()


def test_listing_a_store_that_is_not_there_makes_none(tmp_path: Path) -> None:
    assert list_registered(f"sqlite:///{tmp_path}/none/mlflow.db") == []
    assert list(tmp_path.iterdir()) == []
