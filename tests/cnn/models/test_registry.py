from __future__ import annotations

from pathlib import Path
from typing import get_args, get_type_hints

import numpy as np
import pytest

from cnn.train_params import CnnTrainParams
from runs.parameters import ParameterError

keras = pytest.importorskip("keras")
models = pytest.importorskip("cnn.models")


def faces(count: int, side: int = 48) -> np.ndarray:
    return np.random.default_rng(side).integers(0, 256, (count, side, side, 1)).astype(np.float32)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ParameterError, match=r"`model` must be one of .*'reference'.* Got 'vgg99'"):
        models.build("vgg99")


def test_a_name_is_given_once() -> None:
    with pytest.raises(ValueError, match="'reference' is registered already"):
        models.register("reference")(models.build)


def test_the_trainer_offers_what_is_registered() -> None:
    assert set(get_args(get_type_hints(CnnTrainParams)["model"])) == set(models.names())


def test_every_activation_offered_builds() -> None:
    for activation in get_args(get_type_hints(CnnTrainParams)["activation"]):
        assert models.build("reference", activation=activation).count_params() == 1_004_805


@pytest.mark.parametrize("name", models.names())
class TestContract:
    """What every registered architecture keeps."""

    def test_pixels_in_probabilities_out(self, name: str) -> None:
        model = models.build(name, num_classes=7, activation="relu", dropout=0.2, conv_dropout=0.1)
        answers = model.predict_on_batch(faces(3))
        assert answers.shape == (3, 7)
        np.testing.assert_allclose(answers.sum(axis=1), 1, rtol=1e-5)

    def test_any_size_goes_in_and_its_own_size_unchanged(self, name: str) -> None:
        model = models.build(name)
        whole = models.with_preprocessing(model)
        assert whole.input_shape == (None, None, None, 1)
        assert whole.count_params() == model.count_params()
        np.testing.assert_allclose(whole.predict_on_batch(faces(2)), model.predict_on_batch(faces(2)), rtol=1e-6)
        assert whole.predict_on_batch(faces(2, side=101)).shape == (2, 5)

    def test_saved_and_loaded_it_gives_the_same_numbers(self, name: str, tmp_path: Path) -> None:
        whole = models.with_preprocessing(models.build(name))
        whole.save(tmp_path / "model.keras")
        loaded = keras.saving.load_model(tmp_path / "model.keras", custom_objects=None, safe_mode=True)
        np.testing.assert_array_equal(loaded.predict_on_batch(faces(4)), whole.predict_on_batch(faces(4)))

    def test_a_batch_of_one_equals_a_batch_of_many(self, name: str) -> None:
        model = models.build(name)
        many = model.predict_on_batch(faces(5))
        single = np.concatenate([model.predict_on_batch(face[np.newaxis]) for face in faces(5)])
        np.testing.assert_allclose(single, many, rtol=1e-4, atol=1e-6)

    def test_the_same_seed_gives_the_same_weights(self, name: str) -> None:
        built = []
        for _ in range(2):
            keras.utils.set_random_seed(4)
            built.append(models.build(name).get_weights())
        for one, other in zip(*built, strict=True):
            np.testing.assert_array_equal(one, other)

    @pytest.mark.slow
    def test_it_learns_twenty_faces_by_heart(self, name: str) -> None:
        keras.utils.set_random_seed(5)
        model = models.build(name, dropout=0.0, conv_dropout=0.0)
        model.compile(keras.optimizers.Adam(2e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
        labels = np.arange(20) % 5
        model.fit(faces(20), labels, epochs=60, batch_size=20, verbose=0)
        assert (model.predict_on_batch(faces(20)).argmax(axis=1) == labels).all()
