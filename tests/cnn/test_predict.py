from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from cnn.errors import InputError
from cnn.predict import Expressions, load_model

keras = pytest.importorskip("keras")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from cnn.models import build, with_preprocessing

    path = tmp_path_factory.mktemp("model") / "model.keras"
    with_preprocessing(build("reference")).save(path)
    return path


@pytest.fixture(scope="module")
def expressions(path: Path) -> Expressions:
    return Expressions(path, batch_size=3)


def face(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).integers(0, 256, shape).astype(np.uint8)


FACES = [face(48, 48), face(60, 70), face(60, 70, 3), face(48, 48), face(120, 90), face(48, 48), face(48, 48)]


def test_one_at_a_time_equals_all_together_whatever_their_sizes(expressions: Expressions) -> None:
    together = expressions.predict(FACES)
    assert together.shape == (7, 5)
    assert together.dtype == np.float32
    np.testing.assert_allclose(together.sum(axis=1), 1, rtol=1e-5)
    alone = np.concatenate([expressions.predict([one]) for one in FACES])
    np.testing.assert_allclose(alone, together, rtol=1e-4, atol=1e-6)


def test_colour_is_read_in_opencvs_order(expressions: Expressions) -> None:
    colour = face(48, 48, 3)
    grey = cv2.cvtColor(colour, cv2.COLOR_BGR2GRAY)
    np.testing.assert_array_equal(expressions.predict([colour]), expressions.predict([grey]))


def test_a_face_twice_as_large_is_answered_alike(expressions: Expressions) -> None:
    large = np.repeat(np.repeat(cv2.GaussianBlur(face(48, 48), (0, 0), 3), 2, axis=0), 2, axis=1)
    small = cv2.resize(large, (48, 48), interpolation=cv2.INTER_AREA)
    np.testing.assert_allclose(expressions.predict([large]), expressions.predict([small]), atol=0.02)


def test_no_faces_no_answers(expressions: Expressions) -> None:
    assert expressions.predict([]).shape == (0, 5)


@pytest.mark.parametrize("wrong", [face(48, 48, 1), face(48), face(0, 48), face(48, 48).astype(np.float32)])
def test_a_wrong_face_is_named(expressions: Expressions, wrong: Any) -> None:
    with pytest.raises(InputError, match=r"`faces\[1\]` must be uint8 of shape"):
        expressions.predict([face(48, 48), wrong])


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.keras: no such file"):
        load_model(tmp_path / "none.keras")


def test_a_damaged_file_is_named(path: Path, tmp_path: Path) -> None:
    (tmp_path / "half.keras").write_bytes(path.read_bytes()[:1000])
    with pytest.raises(InputError, match=r"half\.keras: not a model that Keras can load"):
        load_model(tmp_path / "half.keras")


def test_another_number_of_classes_is_refused(tmp_path: Path) -> None:
    keras.Sequential([keras.Input((48, 48, 1)), keras.layers.Flatten(), keras.layers.Dense(7)]).save(
        tmp_path / "seven.keras"
    )
    with pytest.raises(InputError, match=r"must have 5 outputs.*\(7,\)"):
        load_model(tmp_path / "seven.keras")


def test_another_kind_of_input_is_refused(tmp_path: Path) -> None:
    keras.Sequential([keras.Input((48, 48, 3)), keras.layers.Flatten(), keras.layers.Dense(5)]).save(
        tmp_path / "colour.keras"
    )
    with pytest.raises(InputError, match=r"must take grey faces.*Got the input shapes \(None, 48, 48, 3\)"):
        load_model(tmp_path / "colour.keras")
    left, right = keras.Input((4, 4, 1)), keras.Input((4, 4, 1))
    both = keras.layers.Dense(5)(keras.layers.Flatten()(keras.layers.Add()([left, right])))
    keras.Model([left, right], both).save(tmp_path / "two.keras")
    with pytest.raises(InputError, match=r"Got the input shapes \(None, 4, 4, 1\), \(None, 4, 4, 1\)"):
        load_model(tmp_path / "two.keras")
