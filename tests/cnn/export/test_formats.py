from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cnn.batches import as_input
from cnn.errors import InputError
from cnn.export.folding import fold
from cnn.export.formats import FORMATS, OPSET, need_packages, write_onnx, write_tflite
from cnn.export.runtimes import RUNTIMES, Port, ports_of

keras = pytest.importorskip("keras")
models = pytest.importorskip("cnn.models")
onnx = pytest.importorskip("onnx")

FACE, PROBABILITIES = Port("face", ("batch", 48, 48, 1), "float32"), Port("probabilities", ("batch", 5), "float32")
FLOATS = [(name, runtime) for name, about in FORMATS.items() if not about.needs_faces for runtime in about.runtimes]


@pytest.fixture(scope="module")
def written(small_network: Any, some_faces: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("written")
    write_all(small_network, folder, some_faces)
    return folder


def write_all(network: Any, folder: Path, faces: np.ndarray) -> None:
    write_onnx(network, folder / "model.onnx", {"classes": "Happy,Sad"})
    write_tflite(network, folder / "model.tflite")
    write_tflite(network, folder / "model-int8.tflite", faces)


@pytest.mark.parametrize(("name", "runtime"), FLOATS)
def test_any_batch_gets_kerass_answers(
    written: Path, small_network: Any, some_faces: np.ndarray, name: str, runtime: str
) -> None:
    expected = small_network.predict_on_batch(as_input(some_faces))
    network = RUNTIMES[runtime](written / FORMATS[name].file, 1)
    for batch in (1, 32, 7, 1):
        answers = network(some_faces[:batch])
        assert answers.dtype == np.float32
        np.testing.assert_allclose(answers, expected[:batch], atol=1e-6)


def test_integers_give_nearly_kerass_answers(written: Path, small_network: Any, some_faces: np.ndarray) -> None:
    expected = small_network.predict_on_batch(as_input(some_faces))
    network = RUNTIMES["litert"](written / "model-int8.tflite", 1)
    together = network(some_faces)
    np.testing.assert_allclose(together, expected, atol=0.15)
    np.testing.assert_array_equal(np.concatenate([network(some_faces[n : n + 1]) for n in range(40)]), together)
    assert np.abs(together - expected).max() > 1e-4  # or it was not quantised at all


def test_folding_is_what_int8_needs(written: Path, small_network: Any, some_faces: np.ndarray, tmp_path: Path) -> None:
    expected = small_network.predict_on_batch(as_input(some_faces))
    write_tflite(fold(small_network), tmp_path / "folded.tflite", some_faces)
    plain, folded = (
        np.abs(RUNTIMES["litert"](path, 1)(some_faces) - expected).mean()
        for path in (written / "model-int8.tflite", tmp_path / "folded.tflite")
    )
    assert folded < 0.8 * plain


@pytest.mark.parametrize("name", FORMATS)
def test_the_ports_are_the_same_in_every_format(written: Path, name: str) -> None:
    assert ports_of(written / FORMATS[name].file) == (FACE, PROBABILITIES)


def test_an_onnx_file_tells_of_itself(written: Path) -> None:
    model = onnx.load(written / "model.onnx")
    assert {one.key: one.value for one in model.metadata_props} == {"classes": "Happy,Sad"}
    assert next((one.domain, one.version) for one in model.opset_import) == ("", OPSET)


def test_a_quarter_of_the_bytes(written: Path, small_network: Any) -> None:
    weights = 4 * small_network.count_params()
    assert (written / "model.tflite").stat().st_size > weights
    assert (written / "model-int8.tflite").stat().st_size < (written / "model.tflite").stat().st_size


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "tf2onnx" else find(name))
    with pytest.raises(InputError, match=r"needs the package tf2onnx\. Run `make setup`"):
        need_packages()


def test_another_backend_is_told_of_the_right_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(InputError, match=r"Got 'jax'\. Set KERAS_BACKEND=tensorflow"):
        need_packages()


@pytest.mark.slow
@pytest.mark.parametrize("name", models.names())
def test_every_architecture_can_be_exported(
    name: str, unlike: Callable[[Any], Any], some_faces: np.ndarray, tmp_path: Path
) -> None:
    keras.utils.set_random_seed(1)
    network = unlike(models.build(name))
    expected = network.predict_on_batch(as_input(some_faces))
    write_all(fold(network), tmp_path, some_faces)
    for file, runtime in FLOATS:
        open_network = RUNTIMES[runtime](tmp_path / FORMATS[file].file, 1)
        answers = np.concatenate([open_network(some_faces[:1]), open_network(some_faces[1:])])
        np.testing.assert_allclose(answers, expected, atol=1e-5)
    integers = RUNTIMES["litert"](tmp_path / "model-int8.tflite", 1)(some_faces)
    assert np.abs(integers - expected).mean() < 0.05
    np.testing.assert_allclose(integers.sum(axis=1), 1, atol=0.02)
