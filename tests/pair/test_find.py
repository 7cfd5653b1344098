"""A cascade and a network together."""

from __future__ import annotations

import subprocess
import sys

import cv2
import numpy as np
import pytest

from cascade.detect import Detector, DetectParams
from cascade.errors import InputError as CascadeInputError
from cnn.labels import EXPRESSIONS
from pair.errors import InputError
from pair.find import FaceExpressions, PairParams

PARAMS = PairParams(min_neighbors=2)


@pytest.fixture(scope="module")
def asked(cascade, network):
    return FaceExpressions(cascade, network, PARAMS)


def test_both_faces_are_found_and_named(asked, scene):
    found = {face.expression: face for face in asked.find(scene)}
    assert set(found) == {"Happy", "Neutral"}
    assert abs(found["Happy"].box[0] - 30) < 8
    assert abs(found["Neutral"].box[0] - 130) < 8
    for face in found.values():
        assert sum(face.probabilities) == pytest.approx(1)
        assert EXPRESSIONS[int(np.argmax(face.probabilities))] == face.expression


def test_the_boxes_are_the_cascades_in_its_order(asked, cascade, scene):
    boxes, scores = Detector(cascade, DetectParams(min_neighbors=2)).detect(scene)
    found = asked.find(scene)
    assert [face.box for face in found] == [tuple(box) for box in boxes.tolist()]
    assert [face.score for face in found] == scores.tolist()


def test_colour_is_looked_at_in_grey(asked, scene):
    assert asked.find(cv2.cvtColor(scene, cv2.COLOR_GRAY2BGR)) == asked.find(scene)


def test_one_batch_answers_as_one_by_one(asked, scene):
    boxes = [(30.5, 40.0, 40.0, 40.0), (130, 40, 40, 40), (-5, -5, 60, 60)]
    together = asked.classify(scene, boxes)
    assert together.shape == (3, 5)
    assert np.allclose(together, np.concatenate([asked.classify(scene, [box]) for box in boxes]), atol=1e-6)


def test_more_faces_than_a_batch_are_all_answered(asked, scene):
    boxes = [(x, 40, 40, 40) for x in range(160)] * 2
    answers = asked.classify(scene, boxes)
    assert answers.shape == (320, 5)
    assert np.allclose(answers[:160], answers[160:], atol=1e-6)


def test_nothing_gives_nothing(asked):
    assert asked.find(np.zeros((60, 60), np.uint8)) == []
    assert asked.classify(np.zeros((60, 60), np.uint8), []).shape == (0, 5)


def test_a_picture_of_another_type_is_refused(asked):
    with pytest.raises(CascadeInputError, match="`image` must be an array of type uint8"):
        asked.find(np.zeros((60, 60), np.float32))
    with pytest.raises(InputError, match="`image` must be a uint8 image"):
        asked.classify(np.zeros((60, 60), np.float32), [(0, 0, 20, 20)])


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("model.h5", b"x", "must be a .keras or an .onnx file"),
        ("absent.onnx", None, "no such file"),
        ("broken.onnx", b"no network at all", "no network for faces that OpenCV runs"),
    ],
)
def test_a_wrong_network_is_refused(cascade, tmp_path, name, content, words):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=words):
        FaceExpressions(cascade, tmp_path / name)


def test_an_onnx_network_needs_no_tensorflow(cascade, network):
    code = f"""
import sys
from pathlib import Path
from pair.find import FaceExpressions
FaceExpressions(Path({str(cascade)!r}), Path({str(network)!r}))
assert not {{"tensorflow", "keras", "mlflow", "prefect"}} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.slow
def test_keras_and_onnx_answer_alike(cascade, scene, tmp_path):
    from cnn.export.step import export_cnn
    from cnn.models.registry import build

    model = build("mini_xception")
    model.save(tmp_path / "model.keras")
    export_cnn(tmp_path / "model.keras", tmp_path / "exported", ("onnx",))
    boxes = [(30, 40, 40, 40), (130, 40, 40, 40)]
    by_keras = FaceExpressions(cascade, tmp_path / "model.keras").classify(scene, boxes)
    by_onnx = FaceExpressions(cascade, tmp_path / "exported" / "model.onnx").classify(scene, boxes)
    assert np.allclose(by_keras, by_onnx, atol=1e-4)
