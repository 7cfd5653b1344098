"""The command, in a process of its own and in this one. Here, and not beside the other commands, for its fixtures."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from flows.command_line import app, guarded
from flows.commands.live_commands import FOLDER, model_files
from pair.find import PairParams
from runs.record import digest

STUMP = Path(__file__).parents[1] / "tasks" / "stump_cascade.xml"


@pytest.fixture
def models(network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The options that name both models; the current folder is an empty one."""
    monkeypatch.chdir(tmp_path)
    return ["--cascade", str(STUMP), "--network", str(network)]


def run(*words: str) -> int:
    try:
        return guarded(lambda: app(["live", *words]))
    except SystemExit as end:
        return int(end.code or 0)


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    told = " ".join(capsys.readouterr().out.replace("│", " ").split())
    for words in (
        "q or Esc ends it",
        "--no-window",
        "--min-face",
        "--smoothing",
        "rtsp://",
        "Profiles",
        "registered model",
    ):
        assert words in told


def test_a_film_without_a_window(models, draw, write_film, tmp_path, capsys) -> None:
    film = write_film(draw((60 + 2 * n, 80, 60, "Sad"), size=(240, 320), seed=n) for n in range(25))
    outputs = ["--save", "out.mp4", "--json", "out.jsonl", "--report", "out.html"]
    assert run(str(film), "--no-window", *models, *outputs) == 0
    told = capsys.readouterr().out
    assert told.startswith("25 frames in ")
    assert "1 face, 1 frames without one" in told
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert len(lines) == 24
    assert {(line["track"], line["seen"]) for line in lines} == {(1, True)}
    assert cv2.VideoCapture(str(tmp_path / "out.mp4")).get(cv2.CAP_PROP_FRAME_COUNT) == 25
    assert "face 1" in (tmp_path / "out.html").read_text()


def test_a_picture_as_json_alone_on_standard_output(models, draw, tmp_path, capsys) -> None:
    cv2.imwrite("one.png", draw((60, 60, 60, "Sad"), size=(240, 320)))
    assert run("one.png", "--no-window", *models, "--json", "-", "--save", "painted.png") == 0
    told = capsys.readouterr()
    (line,) = told.out.splitlines()
    assert json.loads(line)["source"] == "one.png"
    assert "1 picture, 0 without a face" in told.err
    assert (tmp_path / "painted.png").is_file()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["none.avi", "--no-window"], "no such file"),
        (["96", "--no-window"], "Camera 96 is not there"),
        (["one.png", "--no-window", "--report", "out"], "pictures have no time"),
        (["one.png", "--no-window", "--save", "out.mp4"], "of pictures is a folder"),
        (["one.png", "--no-window", "--save", "one.png"], "`--save` must be another file than those that are read"),
        (["one.png", "--no-window", "--json", "./one.png"], "`--json` must be another file than those that are read"),
        (["one.png", "--no-window", "--json", "a", "--report", "a"], "`--report` must be another file"),
        (["one.png", "--no-window", "--min-face", "2"], "min"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(models, words, told, capsys) -> None:
    cv2.imwrite("one.png", np.full((90, 120, 3), 90, np.uint8))
    assert run(words[0], *models, *words[1:]) in (1, 2)  # 2: cyclopts itself, where pydantic is already imported
    said = capsys.readouterr().err
    assert told in said
    assert not Path("out").exists()
    assert cv2.imread("one.png") is not None


@pytest.mark.parametrize(
    ("option", "name", "told"), [(3, "none.onnx", "no such file"), (1, "nobody@champion", "store")]
)
def test_models_that_are_not_there_are_said(models, option, name, told, capsys) -> None:
    cv2.imwrite("one.png", np.full((90, 120, 3), 90, np.uint8))
    models[option] = name
    assert run("one.png", "--no-window", *models) == 1
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["none.png"], "none.png: no such file"),
        (["none.avi"], "none.avi: no such file"),
        (["one.png", "--save", "one.docx"], "pictures are written as .png"),
        (["one.avi", "--save", "one.gif"], "writes films as .mp4"),
        (["one.avi", "--json", "none/out.jsonl"], "`--json` none/out.jsonl cannot be written"),
        (["one.avi", "--report", "one.png/out.html"], "`--report` one.png/out.html cannot be written"),
    ],
)
def test_what_is_wrong_with_source_or_outputs_is_said_before_models_are_fetched(
    words, told, draw, write_film, tmp_path, monkeypatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    cv2.imwrite("one.png", np.full((90, 120, 3), 90, np.uint8))
    write_film([draw(size=(90, 120))] * 3, "one.avi")
    assert run(*words, "--no-window", "--cascade", "nobody", "--network", "nobody") == 1
    said = capsys.readouterr().err
    assert said.startswith("facefoundry: ")
    assert told in said


def test_models_that_are_not_there_leave_the_outputs_as_they_were(models, draw, write_film, tmp_path, capsys) -> None:
    film = write_film([draw(size=(90, 120))] * 3, "one.avi")
    for name in ("out.jsonl", "out.html", "out.mp4"):
        (tmp_path / name).write_text("old")
    models[3] = "none.onnx"
    words = ["--save", "out.mp4", "--json", "out.jsonl", "--report", "out.html"]
    assert run(str(film), "--no-window", *models, *words) == 1
    assert "none.onnx: no such file" in capsys.readouterr().err
    assert [path.read_text() for path in tmp_path.glob("out*")] == ["old"] * 3


def test_without_a_display_it_says_what_to_do(models, monkeypatch, capsys) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    assert run("0", *models) == 1
    assert "--no-window --save out.mp4" in capsys.readouterr().err


def test_a_film_cut_off_is_shown_and_said(models, draw, write_film, capsys) -> None:
    film = write_film(draw((60, 80, 60, "Sad"), size=(240, 320), seed=n) for n in range(40))
    film.write_bytes(film.read_bytes()[: film.stat().st_size // 2])
    assert run(str(film), "--no-window", *models) == 0
    assert "ends in the middle" in capsys.readouterr().out


def test_pictures_none_of_which_can_be_read_end_with_status_1(models, tmp_path, capsys) -> None:
    (tmp_path / "one.png").write_bytes(b"no")
    assert run("one.png", "--no-window", *models) == 1
    assert "passed over" in capsys.readouterr().out


@pytest.mark.slow
def test_sigterm_leaves_a_whole_film(models, draw, write_film, tmp_path) -> None:
    film = write_film(draw((60, 80, 60, "Sad"), seed=n) for n in range(400))
    command = [sys.executable, "-m", "flows.command_line", "live", str(film), "--no-window", *models]
    root = Path(__file__).parents[2]
    process = subprocess.Popen(
        [*command, "--save", "out.mp4", "--json", "-"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    assert process.stdout is not None
    for _ in range(20):
        process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    process.stdout.read()
    process.stdout.close()
    assert process.wait(timeout=60) == 128 + signal.SIGTERM
    assert 20 <= cv2.VideoCapture(str(tmp_path / "out.mp4")).get(cv2.CAP_PROP_FRAME_COUNT) <= 400


def write_training(folder: Path) -> tuple[Path, Path]:
    """What a training and an evaluation of the stump leave, as far as registration reads it."""
    run_folder, score = folder / "run", folder / "score"
    run_folder.mkdir()
    score.mkdir()
    record = {"step": "train", "parameters": {"num_stages": 1}, "inputs": {"vec": "12ab"}}
    (run_folder / "run.json").write_text(json.dumps(record))
    (run_folder / "training.json").write_text(
        '{"seconds": 3.5, "reason": "goal reached", "settings": {"num_stages": 1}}'
    )
    (run_folder / "history.csv").write_text("stage,hit_rate,false_alarm\n0,0.99,0.5\n")
    figures = {"recommended_min_neighbors": 7, "scale_factor": 1.2, "min_size": 24, "max_size": None}
    told = {"model_sha256": digest(STUMP), "recall": 0.75, "recommended_within_budget": True}
    (score / "metrics.json").write_text(json.dumps({**told, **figures}))
    (score / "curve.csv").write_text("a,b\n1,2\n")
    for name in ("curve", "montage"):
        cv2.imwrite(str(score / f"{name}.png"), np.zeros((4, 4), np.uint8))
    return run_folder, score


@pytest.mark.slow
@pytest.mark.mlflow
def test_a_registered_cascade_is_pulled_with_its_operating_point(network, tmp_path, monkeypatch) -> None:
    from tasks.publish_models import RegisterParams, register_cascade

    monkeypatch.chdir(tmp_path)
    register_cascade(STUMP, *write_training(tmp_path), RegisterParams())
    cascade, network_file, searching = model_files("face-cascade", str(network))
    assert cascade == FOLDER / "models" / "face-cascade" / "cascade.xml"
    assert cascade.read_bytes() == STUMP.read_bytes()
    assert network_file == network
    assert searching == PairParams(scale_factor=1.2, min_neighbors=7)


@pytest.mark.slow
def test_a_keras_network_is_exported_once(tmp_path, monkeypatch) -> None:
    pytest.importorskip("tf2onnx")
    keras = pytest.importorskip("keras")
    monkeypatch.chdir(tmp_path)
    face = keras.Input((48, 48, 1))
    x = keras.layers.Flatten()(keras.layers.MaxPooling2D(8)(keras.layers.Rescaling(1 / 255)(face)))
    keras.Model(face, keras.layers.Dense(5, activation="softmax")(x)).save("model.keras")
    _, first, searching = model_files(str(STUMP), "model.keras")
    assert (first.suffix, searching) == (".onnx", PairParams())
    written = first.stat().st_mtime_ns
    assert model_files(str(STUMP), "model.keras")[1].stat().st_mtime_ns == written
