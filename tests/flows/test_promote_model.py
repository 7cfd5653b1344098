"""`promote`, `rollback` and `history` by their words, and the flow on a real Prefect server's page."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from flows.command_line import app
from runs.parameters import ParameterError
from runs.record import digest
from tasks.promotion import history
from tasks.publish_models import RegisterParams, register_cascade

pytestmark = [pytest.mark.mlflow, pytest.mark.slow]

STUMP = Path(__file__).parents[1] / "tasks" / "stump_cascade.xml"
NAME = "face-cascade"


@pytest.fixture(scope="module")
def first_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with a champion that finds nothing and a challenger that finds all, and `data` beside it."""
    place = tmp_path_factory.mktemp("store")
    write_scenes(place / "data" / "scenes")
    sees = STUMP.read_text()
    for text in (sees.replace("5.0e-01", "9.0e+01"), sees):
        (place / "cascade.xml").write_text(text)
        write_told(place / "cascade.xml", place / "run", place / "score")
        params = RegisterParams(tracking_uri=f"sqlite:///{place}/mlflow.db")
        register_cascade(place / "cascade.xml", place / "run", place / "score", params)
    return place / "mlflow.db"


@pytest.fixture
def place(first_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stranger's folder: the store where it is looked for, and the data."""
    (tmp_path / "work" / "mlflow").mkdir(parents=True)
    shutil.copyfile(first_store, tmp_path / "work" / "mlflow" / "mlflow.db")
    shutil.copytree(first_store.parent / "data", tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


def write_scenes(folder: Path) -> None:
    folder.mkdir(parents=True)
    for number in range(10):
        image = np.random.default_rng(number).integers(0, 20, (60, 80), dtype=np.uint8)
        image[15:35, 25:45] = 200
        cv2.imwrite(str(folder / f"{number}.png"), image)
    (folder / "info.lst").write_text("".join(f"{number}.png 1 15 5 40 40\n" for number in range(10)))


def write_told(cascade: Path, run: Path, score: Path) -> None:
    """What a training and an evaluation leave."""
    run.mkdir(exist_ok=True)
    score.mkdir(exist_ok=True)
    (run / "run.json").write_text('{"step": "train", "parameters": {}, "inputs": {}}')
    (run / "training.json").write_text('{"seconds": 1.0}')
    (run / "history.csv").write_text("stage,hit_rate\n0,0.99\n")
    told = {"model_sha256": digest(cascade), "recall": 0.5, "recommended_min_neighbors": 1}
    (score / "metrics.json").write_text(json.dumps(told))
    for name in ("curve.csv", "curve.png", "montage.png"):
        (score / name).write_text("a\n1\n")


def facefoundry(*words: str) -> None:
    app(list(words), exit_on_error=False, result_action="return_value")


def test_the_commands_tell_what_was_decided(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    facefoundry("history", NAME)
    assert "Nothing was decided on face-cascade yet" in capsys.readouterr().out
    (place / "params.yaml").write_text("promotion: {margin: 1, fewest: 11}")
    facefoundry("promote", NAME)
    said = capsys.readouterr().out
    assert said.startswith("face-cascade: champion is version 1.\n")
    assert said.endswith("from 10 scenes). Refused: that is fewer than the 11 scenes that `fewest` asks for.\n")
    facefoundry("promote", NAME, "--fewest", "10")
    said = capsys.readouterr().out
    assert "Promoted: it is at least the margin of 1" in said
    assert said.startswith(
        "face-cascade: champion is version 2.\nWith at most 0.5 false alarms an image, the challenger's recall is "
        "1.0000, the champion's 0.0000"
    )
    facefoundry("promote", NAME)
    assert capsys.readouterr().out == "There is no challenger: nothing was decided.\n"
    facefoundry("rollback", NAME, "--reason", "ghosts")
    assert capsys.readouterr().out == "face-cascade: champion is version 1.\nghosts\n"
    facefoundry("promote", f"{NAME}/2", "--by-hand", "--reason", "no ghosts")
    assert capsys.readouterr().out == "face-cascade: champion is version 2.\nno ghosts\n"
    facefoundry("history", NAME, "--json")
    told = json.loads(capsys.readouterr().out)
    assert [(one["by"], one["challenger"], one["champion"]) for one in told] == [
        ("hand", 2, 1),
        ("rollback", 1, 2),
        ("comparison", 2, 1),
        ("comparison", 2, 1),
    ]
    assert (told[2]["low"], told[3]["promoted"]) == (1.0, False)
    facefoundry("history", NAME)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].split() == ["when", "(UTC)", "by", "challenger", "champion", "promoted"]
    assert lines[1].split()[2:] == ["hand", "2", "1", "yes"]
    assert lines[2] == "    no ghosts"
    told = " ".join(" ".join(lines).split())
    assert told.index("rollback") < told.index("a difference of +1.0000 (95% interval +1.0000 to +1.0000")


def test_what_excludes_each_other_is_said(place: Path) -> None:
    with pytest.raises(ParameterError, match="`reason` goes with `by_hand`"):
        facefoundry("promote", NAME, "--reason", "why")
    with pytest.raises(
        ParameterError, match=r"`model` must be a name: its challenger is compared\. Got 'face-cascade/2'"
    ):
        facefoundry("promote", f"{NAME}/2")
    assert history(NAME, RegisterParams()) == []


@pytest.mark.prefect
def test_the_flow_shows_the_decision(place: Path, prefect_server: str) -> None:
    from prefect.settings import PREFECT_API_URL, temporary_settings

    from flows.promote_model import promote_model

    with temporary_settings({PREFECT_API_URL: prefect_server}):
        decision = promote_model(model=NAME, data=place / "data", work=place / "work")
        shown = artifacts()
    assert decision.promoted
    assert decision.reason in shown["decision-face-cascade"]
    rows = {row["what"]: row["value"] for row in json.loads(shown["decision-figures-face-cascade"])}
    assert (rows["challenger value"], rows["low"], rows["promoted"]) == (1.0, 1.0, True)
    assert shown["decision-picture-face-cascade"].startswith("data:image/png;base64,")


def artifacts() -> dict[str, Any]:
    """The newest of each key on the server."""
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        return {one.key: one.data for one in client.read_latest_artifacts()}
