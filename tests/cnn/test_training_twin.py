from __future__ import annotations

from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from cnn.models import build, names  # noqa: E402
from cnn.training_twin import training_twin  # noqa: E402


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    return np.random.default_rng(1).uniform(0, 255, (16, 48, 48, 1)).astype(np.float32)


def small(**options: Any) -> Any:
    pixels = keras.Input((8, 8, 1))
    x = keras.layers.Conv2D(3, 3)(keras.layers.Rescaling(1 / 255)(pixels))
    x = keras.layers.MaxPooling2D(2)(keras.layers.BatchNormalization(**options)(x))
    x = keras.layers.BatchNormalization()(keras.layers.Flatten()(x))
    return keras.Model(pixels, keras.layers.Dense(2, activation="softmax")(x))


def answer(model: Any, faces: np.ndarray, **options: Any) -> np.ndarray:
    return keras.ops.convert_to_numpy(model(faces, **options))


def learnt(model: Any, faces: np.ndarray, steps: int = 3) -> list[np.ndarray]:
    model.compile(keras.optimizers.SGD(0.1), "categorical_crossentropy")
    targets = np.eye(model.output_shape[-1], dtype=np.float32)[np.arange(len(faces)) % model.output_shape[-1]]
    for _ in range(steps):
        model.train_on_batch(faces, targets)
    return model.get_weights()


@pytest.mark.parametrize("options", [{}, {"epsilon": 0.1, "momentum": 0.5}, {"scale": False}, {"axis": 2}])
def test_the_twin_learns_the_same_weights_and_statistics(faces: np.ndarray, options: dict[str, Any]) -> None:
    keras.utils.set_random_seed(3)
    model = small(**options)
    twin = training_twin(model)
    for own, other in zip(learnt(model, faces[:, :8, :8]), learnt(twin, faces[:, :8, :8]), strict=True):
        np.testing.assert_allclose(own, other, rtol=1e-4, atol=1e-6)


def test_the_fused_operation_is_used_where_it_can_be() -> None:
    for scale, wanted in ((True, keras.backend.backend() == "tensorflow"), (False, False)):
        twin = training_twin(small(scale=scale))
        plain = [type(layer) is keras.layers.BatchNormalization for layer in (twin.layers[3], twin.layers[6])]
        assert plain == [not wanted, True]


@pytest.mark.slow
@pytest.mark.parametrize("name", names())
def test_every_architecture_has_a_twin_whose_weights_fit(name: str, faces: np.ndarray) -> None:
    model = build(name)
    model.set_weights([weight + 0.01 for weight in model.get_weights()])
    twin = training_twin(model)
    np.testing.assert_allclose(answer(twin, faces[:4]), answer(model, faces[:4]), atol=1e-6)
    twin.set_weights([weight + 0.01 for weight in twin.get_weights()])
    model.set_weights(twin.get_weights())
    np.testing.assert_allclose(answer(twin, faces[:4]), answer(model, faces[:4]), atol=1e-6)


def test_dropout_is_seeded_on_every_backend() -> None:
    twin = training_twin(build("reference"))
    assert [layer.get_config()["seed"] for layer in twin.layers if "drop" in layer.name] == [0, 0]


def test_bfloat16_computes_in_it_and_keeps_the_rest_in_float32(faces: np.ndarray) -> None:
    keras.utils.set_random_seed(4)
    model = build("reference")
    twin = training_twin(model, "bfloat16")
    assert {weight.dtype for weight in twin.weights} == {"float32"}
    computed = {layer.name: layer.compute_dtype for layer in twin.layers}
    assert [name for name, dtype in computed.items() if dtype != "bfloat16"] == ["face", "rescale", "expression"]
    answers, wanted = answer(twin, faces), answer(model, faces)
    assert answers.dtype == np.float32
    np.testing.assert_allclose(answers, wanted, atol=0.02)
    assert np.abs(answers - wanted).max() > 1e-5
    assert keras.config.dtype_policy().name == "float32"


@pytest.mark.skipif(keras.backend.backend() == "torch", reason="dropout heeds no seed there in the model itself")
def test_dropout_is_drawn_alike_from_equal_seeds(faces: np.ndarray) -> None:
    model = build("reference", dropout=0.5, conv_dropout=0.5)
    answers = []
    for one in (model, training_twin(model)):
        for number, layer in enumerate(one.layers):
            if hasattr(layer, "seed_generator"):
                layer.seed_generator.state.assign([number, 1])
        answers.append(answer(one, faces, training=True))
    np.testing.assert_allclose(*answers, atol=2e-3)
