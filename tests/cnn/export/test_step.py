from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cnn.calibrate import save_calibrated
from cnn.errors import CnnError, InputError
from cnn.export import step
from cnn.export.runtimes import RUNTIMES
from cnn.export.step import TOLERANCE, ExportCnnParams, export_cnn
from cnn.labels import EXPRESSIONS
from cnn.predict import Expressions, load_model, probabilities
from cnn.store import load_faces
from runs.errors import RunMismatchError
from runs.parameters import ParameterError
from runs.progress import Progress
from runs.record import digest

keras = pytest.importorskip("keras")

ALL = ("onnx", "tflite", "tflite-int8")
_NOTHING = (np.zeros((0, 48, 48), np.uint8), np.zeros(0, int))


@pytest.fixture
def faces(write_store: Callable[..., Path]) -> Path:
    return write_store(train=30, validation=20, test=10)


@pytest.mark.parametrize(("split", "views"), [("validation", 1), ("test", 6)])
def test_every_file_is_measured_against_keras(
    small_model: Path, faces: Path, tmp_path: Path, split: Any, views: Any
) -> None:
    small_model = save_calibrated(small_model, tmp_path / "model.keras", *_NOTHING, views).model
    params = ExportCnnParams(split=split, representative_faces=8)
    result = export_cnn(small_model, tmp_path / "out", ALL, params, faces=faces)
    images, labels, _ = load_faces(faces).split(split)
    expected = probabilities(load_model(small_model), images, 64)
    assert json.loads((tmp_path / "out" / "export.json").read_text())["views"] == views
    assert (result.faces, result.accuracy) == (len(images), (expected.argmax(axis=1) == labels).mean())
    assert [one.format for one in result.exports] == list(ALL)
    for one in result.exports:
        for runtime, difference in one.largest_difference.items():
            answers = RUNTIMES[runtime](tmp_path / "out" / one.file, 1)(images)
            assert difference == pytest.approx(np.abs(answers - expected).max(), abs=1e-6)
        assert one.accuracy == (answers.argmax(axis=1) == labels).mean()
        assert one.accuracy_lost == pytest.approx(result.accuracy - one.accuracy)
        assert one.same_answers == (answers.argmax(axis=1) == expected.argmax(axis=1)).mean()
        assert max(one.largest_difference.values()) <= TOLERANCE or one.format == "tflite-int8"


def test_the_record_tells_it_all(small_model: Path, faces: Path, tmp_path: Path) -> None:
    result = export_cnn(small_model, tmp_path / "out", ("onnx", "tflite-int8"), faces=faces)
    record = json.loads((tmp_path / "out" / "export.json").read_text())
    assert record["model_sha256"] == digest(small_model)
    assert record["classes"] == list(EXPRESSIONS)
    assert record["temperature"] == pytest.approx(1.7)
    assert record["exports"] == json.loads(json.dumps([asdict(one) for one in result.exports]))
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"model.onnx", "model-int8.tflite", "export.json"}
    for one in record["exports"]:
        file = tmp_path / "out" / one["file"]
        assert (one["sha256"], one["bytes"]) == (digest(file), file.stat().st_size)
        assert one["input"] == {"name": "face", "shape": ["batch", 48, 48, 1], "type": "float32"}


def test_the_temperature_is_inside(small_model: Path, faces: Path, tmp_path: Path) -> None:
    export_cnn(small_model, tmp_path / "out", ["onnx"])
    images = np.asarray(load_faces(faces).images)
    answers = RUNTIMES["onnxruntime"](tmp_path / "out" / "model.onnx", 1)(images)
    expressions = Expressions(small_model)
    np.testing.assert_allclose(answers, expressions.predict(list(images)), atol=1e-5)
    assert np.abs(answers - expressions.predict(list(images), calibrated=False)).max() > 0.01


def test_without_faces_random_pictures_are_compared(small_model: Path, tmp_path: Path) -> None:
    seen: list[Progress] = []
    result = export_cnn(small_model, tmp_path / "out", report=seen.append)
    assert (result.compared_on, result.faces, result.accuracy) == ("random pictures", 64, None)
    assert [(one.file, one.accuracy) for one in result.exports] == [("model.onnx", None), ("model.tflite", None)]
    assert [one.done for one in seen] == [0, 1, 2]


def test_an_older_export_is_replaced_whole(small_model: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "model-int8.tflite").write_bytes(b"old")
    export_cnn(small_model, tmp_path / "out", ["tflite"])
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"model.tflite", "export.json"}


def test_other_files_are_not_touched(small_model: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(RunMismatchError, match=r"holds files that no step wrote \(mine\.txt\)"):
        export_cnn(small_model, tmp_path, ["tflite"])
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_other_answers_than_kerass_are_not_written(
    small_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step, "TOLERANCE", -1.0)
    with pytest.raises(CnnError, match=r"model\.tflite: must give Keras's probabilities to within -1\. Got"):
        export_cnn(small_model, tmp_path / "out", ["tflite"])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("runtime", ["onnxruntime", "opencv"])
def test_no_numbers_are_not_kerass_answers(
    small_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runtime: str
) -> None:
    monkeypatch.setitem(RUNTIMES, runtime, lambda *_: lambda faces: np.full((len(faces), 5), np.nan))
    with pytest.raises(CnnError, match=rf"model\.onnx: must give Keras's probabilities .*'{runtime}': nan"):
        export_cnn(small_model, tmp_path / "out", ["onnx"])
    assert list(tmp_path.iterdir()) == []


def test_int8_needs_faces(small_model: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="`tflite-int8` needs faces"):
        export_cnn(small_model, tmp_path / "out", ALL)


@pytest.mark.parametrize(("formats", "got"), [([], "none"), (["onnx", "coreml"], "'coreml'")])
def test_the_formats_are_named(small_model: Path, tmp_path: Path, formats: Any, got: str) -> None:
    with pytest.raises(ParameterError, match=f"`format` must be one of 'onnx', 'tflite', 'tflite-int8'. Got {got}"):
        export_cnn(small_model, tmp_path / "out", formats)


def test_code_in_a_model_is_not_run(tmp_path: Path) -> None:
    face = keras.Input((48, 48, 1))
    x = keras.layers.Lambda(lambda pixels: pixels / 255)(face)
    x = keras.layers.Dense(5, activation="softmax")(keras.layers.Flatten()(x))
    keras.Model(face, x).save(tmp_path / "evil.keras")
    with pytest.raises(InputError, match=r"evil\.keras: not a model that Keras can load"):
        export_cnn(tmp_path / "evil.keras", tmp_path / "out", ["tflite"])


def test_a_network_for_other_faces_is_refused(tmp_path: Path) -> None:
    face = keras.Input((64, 64, 1))
    output = keras.layers.Dense(5, activation="softmax")(keras.layers.Flatten()(face))
    keras.Model(face, output).save(tmp_path / "large.keras")
    with pytest.raises(
        InputError, match=r"large\.keras: the network must take faces of \(48, 48, 1\)\. Got \(64, 64, 1\)"
    ):
        export_cnn(tmp_path / "large.keras", tmp_path / "out", ["tflite"])
