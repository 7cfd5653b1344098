from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from math import log
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn.calibrate import HIGHEST, LOWEST, calibrate_cnn, fit_temperature, log_loss, save_calibrated
from cnn.errors import InputError
from cnn.predict import Expressions, load_model, probabilities, with_temperature

keras = pytest.importorskip("keras")


def constant(confidence: float, faces: int, accuracy: float) -> tuple[np.ndarray, np.ndarray]:
    """Answers that all give class 0 so much and the rest evenly, and labels of which so many are class 0."""
    answers = np.full((faces, 5), (1 - confidence) / 4)
    answers[:, 0] = confidence
    wrong = np.arange(faces) >= round(accuracy * faces)
    return answers, np.where(wrong, 1 + np.arange(faces) % 4, 0)


@pytest.mark.parametrize(("confidence", "accuracy"), [(0.9, 0.7), (0.6, 0.8), (0.7, 0.7)])
def test_the_temperature_in_closed_form(confidence: float, accuracy: float) -> None:
    # With one confidence for all, the best one is the accuracy: log(p / r) / T = log(a / b), by the odds of one other.
    answers, labels = constant(confidence, 1000, accuracy)
    wanted = log(4 * confidence / (1 - confidence)) / log(4 * accuracy / (1 - accuracy))
    found = fit_temperature(answers, labels)
    assert found == pytest.approx(wanted, rel=1e-6)
    np.testing.assert_allclose(with_temperature(answers, found)[:, 0], accuracy, rtol=1e-6)


@pytest.mark.parametrize("true", [0.5, 1.0, 2.5])
def test_the_temperature_that_labels_were_drawn_with_is_found(true: float) -> None:
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 3, (40_000, 5))
    exact = np.exp(logits / true)
    drawn = (rng.random((40_000, 1)) < np.cumsum(exact / exact.sum(axis=1, keepdims=True), axis=1)).argmax(axis=1)
    said = np.exp(logits - logits.max(axis=1, keepdims=True))
    assert fit_temperature(said / said.sum(axis=1, keepdims=True), drawn) == pytest.approx(true, rel=0.03)


def test_no_other_temperature_has_a_lower_log_loss() -> None:
    rng = np.random.default_rng(2)
    answers, labels = rng.dirichlet(np.ones(5), 300), rng.integers(0, 5, 300)
    best = log_loss(with_temperature(answers, fit_temperature(answers, labels)), labels)
    assert best <= min(log_loss(with_temperature(answers, each), labels) for each in np.geomspace(LOWEST, HIGHEST, 99))


def test_the_ends_are_held() -> None:
    answers, labels = constant(0.9, 100, 1.0)
    assert fit_temperature(answers, labels) == pytest.approx(LOWEST)
    assert fit_temperature(answers, np.full(100, 4)) == pytest.approx(HIGHEST)
    assert fit_temperature(np.zeros((0, 5)), np.zeros(0, int)) == 1


def test_an_answer_of_zero_is_not_infinitely_wrong() -> None:
    assert log_loss(np.array([[1.0, 0.0]]), np.array([1])) == pytest.approx(87.3, abs=0.1)
    assert np.isfinite(with_temperature(np.array([[1.0, 0.0]], np.float32), 0.2)).all()


@given(
    st.lists(st.lists(st.floats(0.001, 1), min_size=5, max_size=5), min_size=1, max_size=4),
    st.floats(LOWEST, HIGHEST),
)
def test_a_temperature_keeps_the_order_and_can_be_undone(rows: list[list[float]], temperature: float) -> None:
    answers = np.array(rows) / np.sum(rows, axis=1, keepdims=True)
    cooled = with_temperature(answers, temperature)
    np.testing.assert_allclose(cooled.sum(axis=1), 1)
    np.testing.assert_allclose(with_temperature(cooled, 1 / temperature), answers, rtol=1e-6)
    order = answers.argsort(axis=1)
    assert (np.diff(np.take_along_axis(cooled, order, axis=1)) >= -1e-12).all()


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    return np.random.default_rng(4).integers(0, 256, (100, 48, 48)).astype(np.uint8)


@pytest.fixture(scope="module")
def calibrated(small_model: Path, faces: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model with a temperature; nine labels of ten are what it says."""
    said = probabilities(load_model(small_model), faces, 100).argmax(axis=1)
    said[:10] = (said[:10] + 1) % 5
    return save_calibrated(small_model, tmp_path_factory.mktemp("out") / "model.keras", faces, said).model


def test_the_temperature_travels_in_the_file_and_everybody_gets_it(
    small_model: Path, calibrated: Path, faces: np.ndarray
) -> None:
    before, after = Expressions(small_model), Expressions(calibrated)
    assert before.temperature == 1
    assert after.temperature < 0.9
    wanted = with_temperature(before.predict(faces), after.temperature)
    np.testing.assert_allclose(after.predict(faces), wanted, atol=1e-5)
    np.testing.assert_allclose(after.predict(faces, calibrated=False), before.predict(faces), atol=1e-5)
    assert after.model.count_params() == before.model.count_params()
    assert after.model.input_shape == before.model.input_shape


@pytest.mark.slow
def test_plain_keras_loads_it_without_this_project(calibrated: Path, faces: np.ndarray, tmp_path: Path) -> None:
    np.save(tmp_path / "faces.npy", faces[..., np.newaxis].astype(np.float32))
    code = (
        "import sys, keras, numpy\n"
        "model = keras.saving.load_model(sys.argv[1], safe_mode=True)\n"
        "numpy.save(sys.argv[3], model.predict_on_batch(numpy.load(sys.argv[2])))\n"
        "assert not {'cnn', 'runs'} & {name.split('.')[0] for name in sys.modules}\n"
    )
    arguments = [str(calibrated), str(tmp_path / "faces.npy"), str(tmp_path / "answers.npy")]
    subprocess.run([sys.executable, "-I", "-c", code, *arguments], cwd=tmp_path, check=True, timeout=120)
    np.testing.assert_allclose(np.load(tmp_path / "answers.npy"), Expressions(calibrated).predict(faces), atol=1e-5)


def test_calibrated_again_it_has_the_temperature_of_its_logits(
    calibrated: Path, faces: np.ndarray, tmp_path: Path
) -> None:
    before = Expressions(calibrated)
    labels = before.predict(faces).argmax(axis=1)
    labels[:10] = (labels[:10] + 1) % 5
    again = save_calibrated(calibrated, tmp_path / "again.keras", faces, labels)
    assert again.temperature == pytest.approx(before.temperature, rel=1e-4)
    np.testing.assert_allclose(Expressions(again.model).predict(faces), before.predict(faces), atol=1e-4)


def test_with_few_faces_the_file_stays_as_it_is(small_model: Path, faces: np.ndarray, tmp_path: Path) -> None:
    found = save_calibrated(small_model, tmp_path / "same.keras", faces[:99], np.zeros(99, int))
    assert found.model.read_bytes() == small_model.read_bytes()
    assert (found.temperature, found.faces) == (1, 99)
    assert found.log_loss_after == found.log_loss_before


def test_a_store_calibrates_a_model_by_its_validation_faces(
    small_model: Path, write_store: Callable[..., Path], tmp_path: Path
) -> None:
    found = calibrate_cnn(small_model, write_store(validation=100), tmp_path / "new.keras")
    assert found.faces == 100
    assert found.log_loss_after < found.log_loss_before
    assert Expressions(found.model).temperature == pytest.approx(found.temperature)


def test_what_cannot_be_calibrated_is_named(
    small_model: Path, write_store: Callable[..., Path], tmp_path: Path
) -> None:
    few, enough = write_store(validation=10), write_store(validation=100, name="enough")
    with pytest.raises(InputError, match=r"100 validation faces are needed to calibrate\. Got 10"):
        calibrate_cnn(small_model, few, tmp_path / "new.keras")
    with pytest.raises(InputError, match=r"must be a file whose name ends in \.keras\. Got .*new\.h5"):
        calibrate_cnn(small_model, enough, tmp_path / "new.h5")
