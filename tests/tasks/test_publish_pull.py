"""Models listed, and pulled from a real store: whole, checked, and nothing outside the folder."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from runs.record import digest
from tasks import publish_mlflow
from tasks.publish_models import PublishError, RegisterParams, register_cascade
from tasks.publish_pull import list_models, pull

pytestmark = pytest.mark.mlflow


@pytest.fixture
def client(copied: RegisterParams) -> Any:
    with publish_mlflow.open_store(copied.tracking_uri) as opened:
        return opened


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_pull_writes_the_file_the_card_and_checksums(copied: RegisterParams, cascade: Path, tmp_path: Path) -> None:
    for model in ("face-cascade", "face-cascade@champion", "face-cascade/1"):
        pulled = pull(model, tmp_path / "pulled", copied)
        assert pulled.file.read_bytes() == cascade.read_bytes()
    assert names(pulled.folder) == ["MODEL.json", "README.md", "SHA256SUMS", "cascade.xml"]
    told = json.loads((pulled.folder / "MODEL.json").read_text())
    assert told["files"] == {"cascade.xml": {"sha256": pulled.sha256}}
    assert told["operating_point"] == {"scale_factor": 1.2, "min_neighbors": 2, "min_size": 24, "max_size": 0}
    assert (told["name"], told["version"], told["aliases"]) == ("face-cascade", 1, ["champion"])
    card = (pulled.folder / "README.md").read_text()
    assert card.startswith("# face-cascade, version 1\n")
    assert f"| `cascade.xml` | {digest(cascade)} |" in card
    assert "| recall | 0.500 |" in card  # of the operating point that is registered
    assert "It is champion." in card


def test_the_checksums_are_what_sha256sum_takes(copied: RegisterParams, tmp_path: Path) -> None:
    folder = pull("face-cascade", tmp_path / "pulled", copied).folder
    command = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.stdout == "MODEL.json: OK\nREADME.md: OK\ncascade.xml: OK\n"
    assert done.returncode == 0
    (folder / "cascade.xml").write_text("another")
    assert subprocess.run(command, cwd=folder, capture_output=True).returncode == 1


@pytest.mark.parametrize("name", ["thesis.txt", "cascade.xml"])
def test_pull_never_replaces_somebodys_files(params: RegisterParams, tmp_path: Path, name: str) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / name).write_text("years")
    with pytest.raises(PublishError, match="mine holds files that no pull wrote"):
        pull("face-cascade", tmp_path / "mine", params)


def test_pull_never_removes_what_was_put_beside_its_files(copied: RegisterParams, tmp_path: Path) -> None:
    folder = pull("face-cascade", tmp_path / "pulled", copied).folder
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(PublishError, match="pulled holds files that no pull wrote"):
        pull("face-cascade", folder, copied)
    assert (folder / "notes.txt").read_text() == "mine"


def test_pull_of_what_is_not_there_says_what_is(params: RegisterParams, copied: RegisterParams, tmp_path: Path) -> None:
    with pytest.raises(PublishError, match=r"'face-cascade'\. There are: no models at all"):
        pull("face-cascade", tmp_path / "pulled", params)
    for model in ("face-cascade@challenger", "face-cascade/2", "face-cascade/x", "face-cascade@champion/1", "it's", ""):
        with pytest.raises(
            PublishError, match=rf"No whole version is registered as ['\"]{model}['\"]\. There.*face-casc"
        ):
            pull(model, tmp_path / "pulled", copied)
    assert not (tmp_path / "pulled").exists()


def test_pull_from_a_store_that_is_not_there_makes_none(tmp_path: Path) -> None:
    store = RegisterParams(tracking_uri=f"sqlite:///{tmp_path}/none/mlflow.db")
    with pytest.raises(PublishError, match=r"There is no store sqlite:.*none/mlflow\.db here\. Start in the project's"):
        pull("face-cascade", tmp_path / "pulled", store)
    assert list_models(store.tracking_uri) == []
    assert list(tmp_path.iterdir()) == []


def test_an_older_pull_is_replaced_whole_by_another_kind_too(copied: RegisterParams, tmp_path: Path) -> None:
    (tmp_path / "pulled").mkdir()
    for name in ("MODEL.json", "README.md", "SHA256SUMS", "model.keras", "model.onnx"):
        (tmp_path / "pulled" / name).write_text("of a network")
    pull("face-cascade/1", tmp_path / "pulled", copied)
    assert names(tmp_path / "pulled") == ["MODEL.json", "README.md", "SHA256SUMS", "cascade.xml"]
    assert (tmp_path / "pulled" / "README.md").read_text().startswith("# face-cascade, version 1")


def test_a_folder_that_cannot_be_written_is_not_the_stores_fault(copied: RegisterParams, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OSError, match="file"):
        pull("face-cascade", tmp_path / "file" / "pulled", copied)


def test_a_foreign_store_with_strange_tags_and_many_models_is_listed(
    copied: RegisterParams, client: Any, tmp_path: Path
) -> None:
    ours = {"facefoundry.sha256": "ab", "facefoundry.figures": '{"recall": NaN}', "facefoundry.classes": "no JSON"}
    others = [(name, 0, 0) for name in ("it's", *(f"b{number}" for number in range(101)))]
    with sqlite3.connect(tmp_path / "mlflow.db") as database:
        columns = "name, creation_time, last_updated_time"
        database.executemany(f"insert into registered_models ({columns}) values (?, ?, ?)", others)
    client.create_model_version("b100", "somewhere", tags=ours)
    found = {one["name"]: one for one in list_models(copied.tracking_uri)}
    assert (found["b100"]["kind"], found["b100"]["figures"], found["b100"]["classes"]) == ("", {}, None)
    assert found["face-cascade"]["figures"] == {"recall": 0.5, "accuracy": 0.9}


def test_pull_of_a_damaged_or_lost_file_leaves_what_was_pulled(
    params: RegisterParams, cascade: Path, run: Path, score: Path, tmp_path: Path
) -> None:
    register_cascade(cascade, run, score, params)
    before = pull("face-cascade", tmp_path / "pulled", params).file.read_bytes()
    (stored,) = (tmp_path / "a store").rglob("artifacts/artifacts/cascade.xml")
    stored.write_bytes(before[:-1])
    words = r"artifacts/cascade\.xml of face-cascade version 1 is damaged: .* Pull another.*facefoundry rollback face-c"
    with pytest.raises(PublishError, match=words):
        pull("face-cascade", tmp_path / "pulled", params)
    stored.unlink()
    with pytest.raises(PublishError, match=r"of face-cascade version 1 cannot be had: .*cannot be read from the store"):
        pull("face-cascade", tmp_path / "pulled", params)
    assert (tmp_path / "pulled" / "cascade.xml").read_bytes() == before
    assert names(tmp_path / "pulled") == ["MODEL.json", "README.md", "SHA256SUMS", "cascade.xml"]
    assert not [name for name in names(tmp_path) if name.startswith(".")]


@pytest.mark.skipif(find_spec("botocore") is not None, reason="the package is here")
def test_files_in_a_cloud_whose_package_is_not_here_are_told_so(copied: RegisterParams, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "mlflow.db") as database:
        database.execute("update model_versions set storage_location = 's3://bucket/models'")
    words = r"needs a package that is not here: No module named 'boto.*Install it beside MLflow"
    with pytest.raises(PublishError, match=words):
        pull("face-cascade", tmp_path / "pulled", copied)
    assert names(tmp_path) == ["mlflow.db"]


HOSTILE = [
    ("kind", "../../evil"),
    ("file", "../../../outside.xml"),
    ("file", "artifacts/../../../outside.xml"),
    ("file", "/etc/hostname"),
    ("file", "%2e%2e/%2e%2e/outside.xml"),
    ("file", ""),
    ("file_sha256", ""),
    ("files", "no JSON"),
]


def test_pull_reads_and_writes_only_where_this_program_says(
    copied: RegisterParams, client: Any, tmp_path: Path
) -> None:
    tags = client.get_model_version("face-cascade", "1").tags
    for tag, value in HOSTILE:
        client.set_model_version_tag("face-cascade", "1", f"facefoundry.{tag}", value)
        with pytest.raises(PublishError, match=r"The tags of face-cascade version 1 were not written by this program"):
            pull("face-cascade", tmp_path / "pulled", copied)
        client.set_model_version_tag("face-cascade", "1", f"facefoundry.{tag}", tags.get(f"facefoundry.{tag}", "{}"))
    assert not (tmp_path / "pulled").exists()
    assert pull("face-cascade", tmp_path / "pulled", copied).version == 1


def test_the_pulled_files_names_are_our_own_whatever_the_store_says(
    copied: RegisterParams, client: Any, tmp_path: Path
) -> None:
    evil = {"../evil": {"stored": "artifacts/cascade.xml", "sha256": "0" * 64}}
    client.set_model_version_tag("face-cascade", "1", "facefoundry.files", json.dumps(evil))
    client.set_model_version_tag("face-cascade", "1", "facefoundry.pulled_as", "../evil")
    assert pull("face-cascade", tmp_path / "pulled", copied).file == tmp_path / "pulled" / "cascade.xml"
    assert names(tmp_path / "pulled") == ["MODEL.json", "README.md", "SHA256SUMS", "cascade.xml"]
    assert not (tmp_path / "evil").exists()


def test_a_run_that_was_deleted_for_good_takes_the_figures_with_it_and_not_the_model(
    copied: RegisterParams, client: Any, cascade: Path, tmp_path: Path
) -> None:
    run_id = client.get_model_version("face-cascade", "1").run_id
    client.delete_run(run_id)
    with publish_mlflow.open_store(copied.tracking_uri) as opened:
        opened._tracking_client.store._hard_delete_run(run_id)
    pulled = pull("face-cascade", tmp_path / "pulled", copied)
    assert pulled.file.read_bytes() == cascade.read_bytes()
    assert "Unknown: the record of this run has no figures." in (pulled.folder / "README.md").read_text()


def test_listed_models_tell_what_a_program_wants_to_know(copied: RegisterParams) -> None:
    (one,) = list_models(copied.tracking_uri)
    assert (one["name"], one["version"], one["aliases"]) == ("face-cascade", 1, ["champion"])
    assert one["figures"] == {"recall": 0.5, "accuracy": 0.9}
    assert len(one["made_from"]["git.commit"]) == 40
