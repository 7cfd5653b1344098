"""The `cnn` commands by their words: which datasets they take, and parameters that mean the same at both doors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cnn.store import load_faces
from cnn.synthetic import write_affectnet, write_fer2013
from cnn.train import CnnTrainParams
from flows.command_line import app
from flows.read_params import PARAMS_FILE, read_params
from runs.parameters import ParameterError
from tasks.publish_models import RegisterParams


@pytest.fixture(scope="module")
def datasets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`data` with both datasets, and `mine` with another FER2013 and its votes."""
    place = tmp_path_factory.mktemp("datasets")
    (place / "data").mkdir()
    (place / "mine").mkdir()
    write_fer2013(place / "data" / "fer2013", train=40, test=10, seed=1)
    write_affectnet(place / "data" / "affectnet", train=12, validation=8, seed=1)
    write_fer2013(place / "mine" / "fer2013", train=30, test=10, seed=2)
    return place


def merged(place: Path, out: Path, *words: str | Path) -> set[str]:
    """The sources of the faces that `cnn merge` took with these options."""
    command = ["cnn", "merge", out, "--data", place / "data", *words]
    app([str(word) for word in command], exit_on_error=False, result_action="return_value")
    return set(load_faces(out).table["source"])


@pytest.mark.parametrize("named", ["nothing", "fer2013", "votes", "affectnet"])
def test_each_dataset_that_is_not_named_is_looked_for(
    datasets: Path, named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    data, mine = datasets / "data", datasets / "mine" / "fer2013"
    words: dict[str, tuple[str | Path, ...]] = {
        "nothing": (),
        "fer2013": ("--fer2013", mine / "fer2013.csv"),
        "votes": ("--ferplus", data / "fer2013" / "fer2013new.csv"),
        "affectnet": ("--affectnet", data / "affectnet"),
    }
    assert merged(datasets, tmp_path / "out", *words[named]) == {"ferplus", "affectnet"}
    taken = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()[:3])
    fer2013 = mine if named == "fer2013" else data / "fer2013"
    expected = {"fer2013": fer2013 / "fer2013.csv", "ferplus": fer2013 / "fer2013new.csv"}
    assert taken == {name: str(path) for name, path in (expected | {"affectnet": data / "affectnet"}).items()}


def test_votes_of_other_pictures_are_not_taken_for_a_named_table(
    datasets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    alone = tmp_path / "fer2013.csv"
    alone.write_bytes((datasets / "mine" / "fer2013" / "fer2013.csv").read_bytes())
    assert merged(datasets, tmp_path / "out", "--fer2013", alone) == {"fer2013", "affectnet"}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("train_cnn: {learning_rate: 1e-1, epochs: 50.0}", CnnTrainParams(learning_rate=0.1, epochs=50)),
        ("train_cnn: {learning_rate: 1, epochs: '7'}", CnnTrainParams(learning_rate=1.0, epochs=7)),
    ],
)
def test_numbers_mean_the_same_at_both_doors(
    text: str, wanted: CnnTrainParams, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    PARAMS_FILE.write_text(text)
    assert read_params(PARAMS_FILE, {"train_cnn": CnnTrainParams}) == {"train_cnn": wanted}
    assert parsed("cnn", "train", "faces", "out")["params"] == wanted


def test_a_path_in_the_file_is_a_path_at_both_doors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    PARAMS_FILE.write_text("registration: {artifact_location: here/below}")
    wanted = RegisterParams(artifact_location=Path("here/below"))
    assert read_params(PARAMS_FILE, {"registration": RegisterParams}) == {"registration": wanted}
    assert parsed("cnn", "register", "run", "score")["params"] == wanted


def test_a_whole_number_is_not_rounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    PARAMS_FILE.write_text("train_cnn: {epochs: 50.5}")
    with pytest.raises(ParameterError, match="`epochs` must be of type int"):
        read_params(PARAMS_FILE, {"train_cnn": CnnTrainParams})


def parsed(*words: str) -> dict[str, Any]:
    _, bound, _ = app.parse_args(list(words), exit_on_error=False)
    return dict(bound.arguments)
