from __future__ import annotations

from pathlib import Path

import pytest
from cyclopts import App

from cnn.errors import InputError
from flows.commands.export_commands import export

keras = pytest.importorskip("keras")


@pytest.fixture
def app() -> App:
    group = App(name="cnn", result_action="return_value")
    group.command(export)
    return group


@pytest.fixture
def model(tmp_path: Path) -> Path:
    keras.utils.set_random_seed(0)
    face = keras.Input((48, 48, 1))
    x = keras.layers.Flatten()(keras.layers.MaxPooling2D(8)(keras.layers.Rescaling(1 / 255)(face)))
    keras.Model(face, keras.layers.Dense(5, activation="softmax")(x)).save(tmp_path / "model.keras")
    return tmp_path / "model.keras"


def test_export_tells_how_far_each_file_agrees(
    app: App, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    app(["export", str(model), str(tmp_path / "out"), "--format", "tflite", "--format", "onnx"])
    lines = capsys.readouterr().out.splitlines()
    assert "compared on              random pictures" in lines
    assert lines[-3].split() == ["file", "KiB", "furthest", "mean", "same", "accuracy", "lost"]
    assert [(line.split()[0], line.split()[-1]) for line in lines[-2:]] == [
        ("model.tflite", "100.00%"),
        ("model.onnx", "100.00%"),
    ]
    assert (tmp_path / "out" / "export.json").is_file()


def test_the_options_reach_the_step(app: App, model: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="faces"):
        app(["export", str(model), str(tmp_path / "out"), "--faces", str(tmp_path / "faces"), "--split", "test"])
