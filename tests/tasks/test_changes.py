"""What has changed since the champion was trained, asked of a real store."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cascade.collect import CollectParams
from cascade.train import CascadeTrainParams
from tasks import publish_mlflow
from tasks.changes import MADE_FROM, MadeFrom, has_changed, made_from, record
from tasks.publish_models import Registered, RegisterParams
from tasks.publish_record import CASCADE, Line

pytestmark = pytest.mark.mlflow
NOW = MadeFrom({"positives": "p1", "negatives": "n1"}, {"train_cascade": "t1"}, {"cascade": "c1"}, dvc="d1.dir")


def version(number: int) -> Registered:
    return Registered("face-cascade", number, "", True, "", "", "", "")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name in ("positives", "negatives"):
        (tmp_path / "data" / name).mkdir(parents=True)
        (tmp_path / "data" / name / "picture.txt").write_text(name)
    return tmp_path / "data"


def of(data: Path, line: Line = CASCADE, **steps: Any) -> MadeFrom:
    inputs = {name: data / name for name in ("positives", "negatives", "scenes")} | {"votes": None}
    params = {"collect": CollectParams(), "train_cascade": CascadeTrainParams(**steps)}
    return made_from(line, data, inputs, params, remembered=data.parent / "remembered")


def test_what_a_model_is_made_from(data: Path) -> None:
    before = of(data)
    assert (set(before.data), set(before.code)) == ({"positives", "negatives"}, {"cascade", "runs"})
    assert before.dvc == "unknown"
    assert before.fingerprint == of(data).fingerprint
    assert of(data, num_threads=2).fingerprint == of(data, num_threads=7).fingerprint
    assert of(data, num_stages=3).parameters["train_cascade"] != before.parameters["train_cascade"]
    assert of(data, num_stages=3).parameters["collect"] == before.parameters["collect"]
    assert of(data, replace(CASCADE, rooms=("cnn",))).fingerprint != before.fingerprint
    (data / "positives" / "picture.txt").write_text("another")
    after = of(data)
    assert after.data["positives"] != before.data["positives"]
    assert after.data["negatives"] == before.data["negatives"]


def test_the_hash_of_dvc_is_told_and_not_compared(data: Path) -> None:
    before = of(data)
    data.with_name("data.dvc").write_text("outs:\n- md5: 0123456789abcdef0123456789abcdef.dir\n  path: data\n")
    after = of(data)
    assert after.dvc == "0123456789abcdef0123456789abcdef.dir"
    assert after.fingerprint == before.fingerprint


def test_a_store_that_is_not_there_has_no_champion_and_is_not_made(tmp_path: Path) -> None:
    answer = has_changed("face-cascade", NOW, RegisterParams(tracking_uri=f"sqlite:///{tmp_path}/none/mlflow.db"))
    assert (answer.state, answer.champion, answer.version) == ("changed", None, None)
    assert answer.reason == "face-cascade: no version is the champion."
    assert not (tmp_path / "none").exists()


def test_a_champion_that_does_not_tell_counts_as_changed(registered: RegisterParams) -> None:
    answer = has_changed("face-cascade", NOW, registered)
    assert answer.state == "changed"
    assert answer.reason == "face-cascade: the champion, version 1, does not say what it was made from."
    assert {one.champion for one in answer.compared} == {"unknown"}


@pytest.mark.parametrize(
    ("then", "changed"),
    [
        (replace(NOW, dvc="d2.dir"), None),
        (replace(NOW, data={"positives": "p0", "negatives": "n1"}), "data (positives)"),
        (replace(NOW, parameters={"train_cascade": "t1", "collect": "c"}), "parameters (collect)"),
        (replace(NOW, code={"cascade": "c0"}, data={}), "data (negatives), data (positives), code (cascade)"),
    ],
)
def test_the_champion_is_compared_part_by_part(registered: RegisterParams, then: MadeFrom, changed: str | None) -> None:
    assert record(version(1), then, registered) == version(1)
    answer = has_changed("face-cascade", NOW, registered)
    if changed is None:
        assert (answer.state, answer.version) == ("unchanged", 1)
        assert answer.reason == "face-cascade: nothing has changed since the champion, version 1, was trained."
    else:
        assert answer.state == "changed"
        assert answer.reason == f"face-cascade: changed since the champion, version 1: {changed}."
    told = [row for row in answer.rows() if row["changed"] and row["name"] != "data"]
    assert ", ".join(f"{row['part']} ({row['name']})" for row in told) == (changed or "")


def test_what_was_tried_before_is_found_at_any_version(registered: RegisterParams) -> None:
    record(version(1), replace(NOW, code={"cascade": "c0"}), registered)
    record(version(2), NOW, registered)
    answer = has_changed("face-cascade", NOW, registered)
    assert (answer.state, answer.champion, answer.version, answer.is_challenger) == ("tried", 1, 2, False)
    record(version(4), NOW, registered)
    answer = has_changed("face-cascade", NOW, registered)
    assert (answer.version, answer.is_challenger) == (4, True)
    record(version(1), NOW, registered)  # training after a change gave the champion once more
    assert has_changed("face-cascade", NOW, registered).state == "unchanged"
    assert has_changed("face-cascade", replace(NOW, code={"cascade": "c0"}), registered).state == "unchanged"


def test_a_tag_of_somebody_else_is_passed_over(registered: RegisterParams) -> None:
    tags = ("", "[]", "{}", "null", '{"data": 3, "parameters": {}, "code": {}}')
    with publish_mlflow.open_store(registered.tracking_uri) as client:
        for number, tag in enumerate(tags):
            client.set_model_version_tag("face-cascade", "1", f"{MADE_FROM}{number}", tag)
    answer = has_changed("face-cascade", NOW, registered)
    assert answer.reason == "face-cascade: the champion, version 1, does not say what it was made from."


def test_nothing_known_is_nothing_written(registered: RegisterParams) -> None:
    assert record(version(1), None, registered) == version(1)
    with publish_mlflow.open_store(registered.tracking_uri) as client:
        assert not [tag for tag in client.get_model_version("face-cascade", "1").tags if tag.startswith(MADE_FROM)]
