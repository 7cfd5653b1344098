"""The formats: one function each, from a Keras network to a file. All take what the network takes.

That is float32 pixels of 0 to 255, (batch, 48, 48, 1) with any batch, to probabilities (batch, 5).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from cnn.errors import InputError

if TYPE_CHECKING:
    import keras

OPSET = 17
"""The ONNX operator set of 2022: all runtimes of today know it."""

INPUT, OUTPUT = "face", "probabilities"
"""The names of what goes in and comes out: in a TFLite file those of its signature."""

_PACKAGES = ("onnx", "tf2onnx", "onnxruntime", "ai_edge_litert")


@dataclass(frozen=True)
class Format:
    """A format of `FORMATS`: its `file`, the `runtimes` that it is checked in, and whether it `needs_faces`."""

    file: str
    runtimes: tuple[str, ...]
    needs_faces: bool = False


FORMATS: dict[str, Format] = {
    "onnx": Format("model.onnx", ("onnxruntime", "opencv")),
    "tflite": Format("model.tflite", ("litert",)),
    "tflite-int8": Format("model-int8.tflite", ("litert",), needs_faces=True),
}


def need_packages() -> None:
    """Check that what converts and runs the exports is there.

    Raises
    ------
    InputError
        A package is missing, or Keras runs on another backend than TensorFlow, whose converters these are.
    """
    import importlib.util

    import keras

    missing = [name for name in _PACKAGES if not importlib.util.find_spec(name)]
    if missing:
        raise InputError(f"`export` needs the package {missing[0]}. Run `make setup`, or install the extra `export`.")
    if keras.backend.backend() != "tensorflow":
        raise InputError(
            f"`export` needs Keras on TensorFlow. Got {keras.backend.backend()!r}. "
            "Set KERAS_BACKEND=tensorflow for this command: a saved model knows no backend."
        )


def write_onnx(network: keras.Model, path: Path, notes: Mapping[str, str]) -> None:
    """Write `network` as ONNX, checked, with `notes` as its metadata."""
    import onnx

    network(np.zeros((1, *network.input_shape[1:]), np.float32))  # Keras exports no model that was never called
    with _without_warnings():
        network.export(path, format="onnx", verbose=False, opset_version=OPSET)
    model = onnx.load(path)
    _rename(model.graph, model.graph.input[0], INPUT)
    _rename(model.graph, model.graph.output[0], OUTPUT)
    onnx.helper.set_model_props(model, dict(notes))
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)


def write_tflite(network: keras.Model, path: Path, faces: np.ndarray | None = None) -> None:
    """Write `network` as TFLite: in float32, or with `faces` in full-integer arithmetic.

    Parameters
    ----------
    faces
        (n, 48, 48) uint8, like those the network will meet: they give the ranges of the integers. Weights get a scale
        for each channel; what goes in and comes out stays float32, so that one file replaces the other.
    """
    import tensorflow as tf

    with TemporaryDirectory() as folder, _without_warnings():
        _save_for_tensorflow(network, folder)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        if faces is not None:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.representative_dataset = lambda: _one_by_one(faces)
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        path.write_bytes(converter.convert())


def _save_for_tensorflow(network: keras.Model, folder: str) -> None:
    import keras

    def answer(face: Any) -> dict[str, Any]:
        return {OUTPUT: network(face, training=False)}

    archive = keras.export.ExportArchive()
    archive.track(network)
    archive.add_endpoint("serve", answer, [keras.InputSpec(shape=network.input_shape, dtype="float32", name=INPUT)])
    archive.write_out(folder, verbose=False)


def _one_by_one(faces: np.ndarray) -> Iterator[list[np.ndarray]]:
    for face in faces:
        yield [face[None, ..., None].astype(np.float32)]


def _rename(graph: Any, value: Any, name: str) -> None:
    """Give an input or output its name, and its first dimension the name of the batch."""
    old, value.name = value.name, name
    value.type.tensor_type.shape.dim[0].dim_param = "batch"
    for node in graph.node:
        for names in (node.input, node.output):
            for place, one in enumerate(names):
                if one == old:
                    names[place] = name


@contextmanager
def _without_warnings() -> Iterator[None]:
    """What the converters warn of is theirs: NumPy's old names, quantised inputs without statistics."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
