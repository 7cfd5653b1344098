"""Registration in real MLflow stores, and the models used in a new process that does not know the factory."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runs.progress import Progress
from tasks import publish_mlflow
from tasks.data_version import git_commit
from tasks.publish_models import PublishError, RegisterParams, list_models, register_cascade, register_cnn
from tasks.publish_record import PROJECT

pytestmark = pytest.mark.mlflow


def runs_of(client: Any) -> list[Any]:
    return list(client.search_runs([client.get_experiment_by_name("facefoundry").experiment_id]))


def test_a_run_tells_all(cascade: Path, run: Path, score: Path, params: RegisterParams, client: Any) -> None:
    import mlflow

    outs = "outs:\n- md5: 0123456789abcdef0123456789abcdef.dir\n  nfiles: 5\n  path: my data\n"
    (cascade.parent / "my data.dvc").write_text(outs)
    registered = register_cascade(cascade, run, score, params, data=cascade.parent / "my data")
    assert mlflow.active_run() is None
    found = client.get_run(registered.run_id)
    assert found.info.status == "FINISHED"
    assert found.data.params["num_stages"] == "2"
    assert found.data.metrics["recommended_recall"] == 0.5
    history = client.get_metric_history(registered.run_id, "stage.hit_rate")
    assert [(each.step, each.value) for each in history] == [(0, 0.99), (1, 0.98)]
    assert found.data.tags["dvc.md5"] == "0123456789abcdef0123456789abcdef.dir"
    assert len(found.data.tags["facefoundry.source_sha256"]) == 64
    assert found.inputs.dataset_inputs[0].dataset.digest == "0123456789abcdef0123456789abcdef.dir"
    files = {
        file.path
        for folder in ("", "training", "evaluation")
        for file in client.list_artifacts(found.info.run_id, folder)
    }
    assert {"environment.json", "requirements.lock", "operating_point.json", "training/history.csv"} <= files
    assert {"evaluation/curve.png", "evaluation/montage.png", "evaluation/metrics.json"} <= files


def test_the_same_again_makes_no_version_and_no_run(
    cascade: Path, run: Path, score: Path, params: RegisterParams, client: Any
) -> None:
    said: list[Progress] = []
    first = register_cascade(cascade, run, score, params)
    second = register_cascade(cascade, run, score, params, report=said.append)
    assert first.created
    assert not second.created
    assert (first.version, first.run_id, first.sha256) == (second.version, second.run_id, second.sha256)
    assert said[-1].message == "face-cascade version 1 was there before, with the same content"
    assert len(runs_of(client)) == len(client.search_model_versions("name='face-cascade'")) == 1


@pytest.mark.slow
def test_aliases_champion_first_then_challenger(
    cascade: Path, run: Path, score: Path, params: RegisterParams, client: Any, measured: Callable[[Path], None]
) -> None:
    def registered_with(text: str) -> tuple[int, str]:
        cascade.write_text(text)
        measured(cascade)
        answer = register_cascade(cascade, run, score, params)
        return answer.version, answer.alias

    first, second, third = (cascade.read_text() + end for end in ("", "\n", "\n\n"))
    assert registered_with(first) == (1, "champion")
    assert registered_with(second) == (2, "challenger")
    assert registered_with(third) == (3, "challenger")
    assert registered_with(second) == (2, "")
    assert client.get_model_version_by_alias("face-cascade", "challenger").version == 3
    client.set_registered_model_alias("face-cascade", "champion", "3")
    assert registered_with(third) == (3, "challenger, champion")
    assert registered_with(first) == (1, "")
    versions = list_models(params.tracking_uri)
    assert [one["version"] for one in versions] == [3, 2, 1]
    assert [one["aliases"] for one in versions] == [["challenger", "champion"], [], []]
    assert versions[0]["figures"] == {"recall": 0.5, "accuracy": 0.9}


def test_another_operating_point_is_another_model(one_cascade: Path, score: Path, copied: RegisterParams) -> None:
    cascade, run = one_cascade / "cascade.xml", one_cascade / "run"
    figures = json.loads((score / "metrics.json").read_text())
    (score / "metrics.json").write_text(json.dumps(figures | {"recall": 0.1}))
    assert not register_cascade(cascade, run, score, copied).created
    (score / "metrics.json").write_text(json.dumps(figures | {"recommended_min_neighbors": 5}))
    assert register_cascade(cascade, run, score, copied).version == 2


@pytest.mark.slow
@pytest.mark.parametrize("when", ["fetch", "create_version"])
def test_a_call_that_dies_midway_leaves_no_version(
    cascade: Path,
    run: Path,
    score: Path,
    params: RegisterParams,
    client: Any,
    monkeypatch: pytest.MonkeyPatch,
    when: str,
) -> None:
    def full(*arguments: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(publish_mlflow, when, full)
        with pytest.raises(PublishError, match=r"store sqlite:.*failed: .*No space left on device.*room on the disk"):
            register_cascade(cascade, run, score, params)
    assert list_models(params.tracking_uri) == []
    registered = register_cascade(cascade, run, score, params)
    assert (registered.version, registered.alias, registered.created) == (1, "champion", True)
    states = sorted(each.info.status for each in runs_of(client))
    assert states == (["FINISHED", "FINISHED"] if when == "create_version" else ["FAILED", "FINISHED"])


def test_an_alias_that_a_killed_call_did_not_give_is_given_later(one_cascade: Path, copied: RegisterParams) -> None:
    with publish_mlflow.open_store(copied.tracking_uri) as client:
        client.delete_registered_model_alias("face-cascade", "champion")
    cascade, run, score = (one_cascade / name for name in ("cascade.xml", "run", "score"))
    assert register_cascade(cascade, run, score, copied).alias == "champion"


def test_a_version_that_is_not_ready_or_not_ours_does_not_count(
    cascade: Path, run: Path, score: Path, params: RegisterParams, client: Any
) -> None:
    client.create_registered_model("face-cascade")
    client.create_model_version("face-cascade", "somewhere", tags={"by": "hand"})
    assert list_models(params.tracking_uri) == []
    registered = register_cascade(cascade, run, score, params)
    assert (registered.version, registered.alias) == (2, "champion")


def test_figures_of_another_model_are_not_registered_as_this_ones(
    cascade: Path, run: Path, score: Path, params: RegisterParams
) -> None:
    cascade.write_text(cascade.read_text() + "\n")
    words = r"The figures in .*score/metrics\.json are of another model .*Run the step `evaluate_cascade` again on"
    with pytest.raises(PublishError, match=words):
        register_cascade(cascade, run, score, params)
    assert list_models(params.tracking_uri) == []


def test_the_version_is_that_of_the_data_that_was_given_and_of_the_factory_not_of_the_current_folder(
    cascade: Path,
    run: Path,
    score: Path,
    params: RegisterParams,
    client: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    elsewhere = tmp_path / "somebody's checkout"
    elsewhere.mkdir()
    subprocess.run(["git", "init", "--quiet", str(elsewhere)], check=True)
    (elsewhere / "data.dvc").write_text("outs:\n- md5: 0123456789abcdef0123456789abcdef.dir\n  path: data\n")
    monkeypatch.chdir(elsewhere)
    registered = register_cascade(cascade, run, score, params, data=tmp_path / "other")
    tags = client.get_run(registered.run_id).data.tags
    assert tags["dvc.md5"] == "unknown"
    assert tags["dvc.reason"] == "other.dvc does not exist beside the data; `dvc add other` makes it"
    assert tags["git.commit"] == git_commit(PROJECT).commit


def test_files_that_are_no_cascades_are_refused_before_a_run_begins(
    cascade: Path, run: Path, score: Path, params: RegisterParams, tmp_path: Path, measured: Callable[[Path], None]
) -> None:
    cascade.write_text("<no")
    measured(cascade)
    with pytest.raises(PublishError, match=r"trained\.xml"):
        register_cascade(cascade, run, score, params)
    with pytest.raises(PublishError, match=r"missing\.xml does not exist\. The step `train_cascade` makes it"):
        register_cascade(tmp_path / "missing.xml", run, score, params)
    assert list_models(params.tracking_uri) == []


@pytest.mark.slow
def test_a_file_that_is_no_network_is_refused(
    run: Path, score: Path, params: RegisterParams, tmp_path: Path, measured: Callable[[Path], None]
) -> None:
    (tmp_path / "model.keras").write_bytes(b"no zip")
    measured(tmp_path / "model.keras")
    with pytest.raises(PublishError, match=r"model\.keras is no network that Keras"):
        register_cnn(tmp_path / "model.keras", run, score, params)


@pytest.mark.slow
def test_a_network_with_other_outputs_is_refused(
    run: Path, score: Path, params: RegisterParams, tmp_path: Path, measured: Callable[[Path], None]
) -> None:
    import keras

    other = keras.Sequential([keras.Input((48, 48, 1)), keras.layers.Flatten(), keras.layers.Dense(7)])
    other.save(tmp_path / "seven.keras")
    measured(tmp_path / "seven.keras")
    with pytest.raises(PublishError, match=r"must take .* and give \(N, 5\).* Got \(None, 48, 48, 1\) and \(None, 7\)"):
        register_cnn(tmp_path / "seven.keras", run, score, params)


def test_stores_that_cannot_be_used_say_so(
    cascade: Path, run: Path, score: Path, tmp_path: Path, params: RegisterParams, client: Any
) -> None:
    (tmp_path / "no.db").write_text("this is no database, and it is long enough for SQLite to notice" * 9)
    broken = RegisterParams(tracking_uri=f"sqlite:///{tmp_path}/no.db")
    with pytest.raises(PublishError, match=r"no\.db failed: .*not a database"):
        register_cascade(cascade, run, score, broken)
    client.delete_experiment(client.create_experiment("facefoundry"))
    with pytest.raises(PublishError, match=r"'facefoundry' was deleted\. Restore it"):
        register_cascade(cascade, run, score, params)


def test_the_tracking_address_is_put_back(
    one_cascade: Path, copied: RegisterParams, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow

    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/other.db")
    before = mlflow.get_tracking_uri()
    cascade, run, score = (one_cascade / name for name in ("cascade.xml", "run", "score"))
    assert not register_cascade(cascade, run, score, copied).created
    assert mlflow.get_tracking_uri() == before
    assert not (tmp_path / "other.db").exists()
