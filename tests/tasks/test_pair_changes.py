"""A new champion among the networks: a pair is built, is compared with the champion, wins, and is watched."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from cnn.labels import EXPRESSIONS
from cnn.models.registry import build
from pair.evaluate import EvaluatePairParams, evaluate_pair
from runs.record import digest
from tasks import publish_mlflow
from tasks.drift import watch_pair
from tasks.drift_verdict import DriftParams
from tasks.pair_changes import has_pair
from tasks.promotion import HeldOut, PromotionParams, decide, promote, rollback
from tasks.publish_models import PublishError, RegisterParams, register_cascade, register_cnn, register_pair

pytestmark = [pytest.mark.mlflow, pytest.mark.slow]

STUMP = Path(__file__).with_name("stump_cascade.xml")
POINT = EvaluatePairParams(min_neighbors=2, min_size=24)
CHOSEN = EvaluatePairParams(min_neighbors=9999)
FEW = DriftParams(min_faces=20)


def test_from_a_new_network_to_a_new_champion_among_the_pairs(
    new_database: Path, two_squares: Path, tmp_path: Path
) -> None:
    store = RegisterParams(tracking_uri=f"sqlite:///{shutil.copyfile(new_database, tmp_path / 'mlflow.db')}")
    happy, sad = label(two_squares, tmp_path / "happy", "happy"), label(two_squares, tmp_path / "sad", "sad")
    assert has_pair(replace(store, tracking_uri=f"sqlite:///{tmp_path}/none.db")) is None
    cascade = shutil.copyfile(STUMP, tmp_path / "cascade.xml")
    register_cascade(cascade, *told(tmp_path / "c", cascade), store)
    assert has_pair(store) is None
    for number, expression in enumerate(("Sad", "Happy"), start=1):
        network = always(expression, tmp_path / f"{expression}.keras")
        register_cnn(network, *told(tmp_path / expression, network), store)
        if number == 2:
            promote("expression-cnn", store)
        answer = has_pair(store)
        assert answer is not None
        assert answer.state == "changed"
        assert answer.reason == (
            f"face-expression: no version is made of the champions face-cascade/1 and expression-cnn/{number}."
        )
        evaluate_pair(cascade, network, happy, tmp_path / "score", POINT)
        assert register_pair(tmp_path / "score", store).version == number
    assert state(store) == ("tried", 2, True)
    with pytest.raises(PublishError, match="face-expression is measured on `labelled_scenes`, and none were given"):
        decide("face-expression", HeldOut(), PromotionParams(), store)
    decision = decide("face-expression", HeldOut(labelled_scenes=happy), PromotionParams(), store)
    assert (decision.promoted, decision.champion_value, decision.challenger_value) == (True, 0.0, 1.0)
    assert decision.figure == "faces found and rightly named"
    assert named(store) == {"champion": "2", "previous": "1"}
    assert state(store) == ("unchanged", 2, False)

    found = watch_pair(happy, tmp_path / "well", FEW, store, CHOSEN)
    assert (found.state, found.version, found.faces) == ("well", 2, 24)
    found = watch_pair(sad, tmp_path / "drifted", FEW, store, CHOSEN)
    assert (
        "has drifted on 24 new faces: right_share 0.000 (95%: 0.000 to 0.000), was 1.000, limit 0.950" in found.reason
    )

    assert rollback("face-expression", store).challenger == 1
    assert state(store) == ("tried", 2, False)
    with publish_mlflow.open_store(store.tracking_uri) as client:
        client.set_model_version_tag("face-expression", "2", "facefoundry.parts", "somebody's writing")
    assert state(store)[0] == "changed"


def state(store: RegisterParams) -> tuple[str, int | None, bool]:
    answer = has_pair(store)
    assert answer is not None
    return answer.state, answer.version, answer.is_challenger


def named(store: RegisterParams) -> dict[str, str]:
    with publish_mlflow.open_store(store.tracking_uri) as client:
        return {alias: str(number) for alias, number in client.get_registered_model("face-expression").aliases.items()}


def label(scenes: Path, folder: Path, expression: str) -> Path:
    """The same scenes, with all squares of one expression."""
    shutil.copytree(scenes, folder, ignore=shutil.ignore_patterns("*.lst"))
    rows = [f"{n}.png,{box},{expression}" for n in range(12) for box in ("10,10,20,20", "50,20,60,60")]
    (folder / "labels.csv").write_text("\n".join(["path,x,y,width,height,label", *rows]) + "\n")
    return folder


def always(expression: str, path: Path) -> Path:
    """A network that says the same of every face."""
    model = build("mini_xception")
    kernel, bias = model.get_layer("scores").get_weights()
    bias[EXPRESSIONS.index(expression)] = 10
    model.get_layer("scores").set_weights([np.zeros_like(kernel), bias])
    model.save(path)
    return path


def told(folder: Path, model: Path) -> tuple[Path, Path]:
    """What a trainer and an evaluation leave, as far as registration asks for it."""
    folder.mkdir()
    (folder / "run.json").write_text('{"step": "train", "parameters": {}, "inputs": {}}')
    (folder / "training.json").write_text("{}")
    (folder / "history.csv").write_text("stage,hit_rate\n0,0.99\n")
    figures = {"model_sha256": digest(model), "recommended_min_neighbors": 2, "min_size": 24, "balanced_accuracy": 0.2}
    (folder / "metrics.json").write_text(json.dumps(figures))
    for name in ("curve", "confusion"):
        (folder / f"{name}.csv").write_text("a,b\n1,2\n")
    for name in ("curve", "montage", "confusion"):
        cv2.imwrite(str(folder / f"{name}.png"), np.zeros((4, 4), np.uint8))
    return folder, folder
